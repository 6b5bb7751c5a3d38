// When the iterations of a run with maxSeconds are decided, and how many they are.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { FinalIterations } from "../../train/final_iterations.ts";
import { filledSeconds, type TimePlan } from "../../train/time_plan.ts";

/** A run of 100 s, and how long its steps take. */
interface Simulated {
  /** Planned iterations. */
  planned: number;
  /** Maximum. Default none. */
  most?: number;
  /** Its last densification event. */
  after: number;
  /** Seconds of the step of an iteration. */
  step: (iteration: number) => number;
  /** Steps of a batch. Default 50. */
  batch?: number;
}

const SECONDS = 100;

/** Runs until the decision; returns it, where it was made, and the seconds of the whole run. */
function decided({ planned, most = 1_000_000, after, step, batch = 50 }: Simulated) {
  const final = new FinalIterations(SECONDS, [1, after]);
  const plan: TimePlan = {
    ...{ maxSeconds: SECONDS, iterations: planned, decided: false, most },
    ...{ rehearsalSeconds: 0, expectedSeconds: SECONDS },
  };
  let [iteration, seconds] = [0, 0];
  for (;;) {
    const iterations = final.decide({ iteration, seconds }, plan);
    if (iterations !== undefined) {
      const at = { iteration, seconds };
      for (; iteration < iterations; iteration++) seconds += step(iteration + 1);
      return { iterations, at, seconds };
    }
    const wanted = iteration < after ? Math.min(iteration + batch, after) : iteration + batch;
    const last = FinalIterations.batchEnd(iteration + 1, wanted, planned);
    for (; iteration < last; iteration++) seconds += step(iteration + 1);
  }
}

Deno.test("FinalIterations fills the time, whatever the pace of the plan was", () => {
  for (const pace of [0.006, 0.009, 0.01, 0.011, 0.014]) {
    const { at, seconds, iterations } = decided({ planned: 10_000, after: 5000, step: () => pace });
    assert(Math.abs(seconds - filledSeconds(SECONDS)) < 2 * pace, `${seconds} s`);
    assertLessOrEqual(at.iteration, 0.9 * Math.min(iterations, 10_000));
  }
});

Deno.test("FinalIterations ends within 2 % where steps become slower after densification, and faster again", () => {
  const step = (iteration: number) => iteration <= 5000 ? 0.008 : 0.014 - 0.000_000_5 * (iteration - 5000);
  const { at, seconds } = decided({ planned: 10_000, after: 5000, step });
  assert(Math.abs(seconds / filledSeconds(SECONDS) - 1) < 0.02, `${seconds} s`);
  assert(at.seconds >= 0.8 * SECONDS, "late, so that little is left to go wrong");
});

Deno.test("FinalIterations decides before the rates decay, and leaves as many steps as the decay takes", () => {
  assertEquals(decided({ planned: 1000, after: 500, step: () => 0.001 }).at.iteration, 880);
  const late = decided({ planned: 10_000, after: 5000, step: () => 0.0195 });
  assertEquals(late.iterations, Math.ceil(late.at.iteration / 0.9));
});

Deno.test("FinalIterations goes by a short last phase, such as that of mcmc in a run that is faster than planned", () => {
  const { at, seconds } = decided({ planned: 10_000, after: 8333, step: () => 0.003 });
  assertEquals(at.iteration, 8800);
  assert(Math.abs(seconds - filledSeconds(SECONDS)) < 0.01, `${seconds} s`);
});

Deno.test("FinalIterations keeps the plan without a pace to go by, and stays within the maximum", () => {
  const step = () => 0.01;
  assertEquals(decided({ planned: 10_000, after: 9000, step }).iterations, 10_000);
  assertEquals(decided({ planned: 10_000, after: 8799, step: (t) => t <= 8799 ? 0.012 : 1e-9 }).iterations, 10_000);
  assertEquals(decided({ planned: 10_000, most: 12_000, after: 5000, step: () => 0.005 }).iterations, 12_000);
});
