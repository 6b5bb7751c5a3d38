// Strategies: the events of the built-in ones, and runs with the caller's strategy.
import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { GROUP, STEP } from "../../ffi/trainer.ts";
import { eventTarget } from "../../train/budget.ts";
import { resolveTrainOptions, type StrategyContext, type TrainOptions } from "../../train/options.ts";
import { resetsOpacity } from "../../train/strategies/opacity.ts";
import { grow } from "../../train/strategies/grow.ts";
import { densificationEvents } from "../../train/strategies/periodic.ts";
import type { EventPlace, Strategy } from "../../train/strategies/strategy.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { strategyFor } from "../support/strategy.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const defaults = resolveTrainOptions();

function iterationsOf(iterations: number, when: (t: number) => boolean): number[] {
  return Array.from({ length: iterations }, (_, i) => i + 1).filter(when);
}

Deno.test("resetsOpacity() is true at multiples of 3000 before 15000, and at 500 with a white background", () => {
  assertEquals(iterationsOf(30000, (t) => resetsOpacity(t, defaults)), [3000, 6000, 9000, 12000]);
  const white = resolveTrainOptions({ whiteBackground: true });
  assertEquals(iterationsOf(30000, (t) => resetsOpacity(t, white)), [500, 3000, 6000, 9000, 12000]);
  const short = resolveTrainOptions({ iterations: 3000, opacityResetInterval: 3000 });
  assertEquals(iterationsOf(3000, (t) => resetsOpacity(t, short)), []);
});

Deno.test("densificationEvents() lists the events that occur", () => {
  const events = densificationEvents(resolveTrainOptions({ densificationInterval: 500 }));
  assertEquals([events.length, events[0], events.at(-1)], [28, 1000, 14500]);
  assertEquals(densificationEvents(defaults).length, 144);
  assertEquals(densificationEvents(resolveTrainOptions({ densificationInterval: 3000, iterations: 500 })), []);
  assertEquals(densificationEvents(resolveTrainOptions({ iterations: 650, densificationInterval: 100 })), [600]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyFromIter: 600, iterations: 700 })), [700]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyUntilIter: 700 })), [600]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyFromIter: 5000, densifyUntilIter: 4000 })), []);
});

Deno.test("strategyOf() returns the strategy that is named, or the reference's with parity part selection", () => {
  const name = (options: TrainOptions) => strategyFor(options).name;
  assertEquals([name({}), name({ parity: ["curve"] })], ["taming", "taming"]);
  assertEquals([name({ parity: "reference" }), name({ parity: ["selection"] })], ["reference", "reference"]);
  for (const strategy of ["taming", "absgrad", "mcmc", "adc"] as const) {
    assertEquals(name({ strategy }), strategy);
    assertEquals(name({ strategy, parity: ["rates", "gradient"] }), strategy);
  }
});

Deno.test("mcmc and adc need no photos at their events, and mcmc resets no opacities", () => {
  const options = { iterations: 4000, densifyUntilIter: 3500, densificationInterval: 700 };
  const densification = [700, 1400, 2100, 2800];
  for (const [strategy, events] of [["mcmc", densification], ["adc", [...densification, 3000]]] as const) {
    const { isEvent, views, ...rest } = strategyFor({ ...options, strategy });
    assertEquals([...rest.densification], densification);
    assertEquals(iterationsOf(4000, isEvent), [...events]);
    assertEquals(iterationsOf(4000, (t) => views(t).length > 0), []);
  }
});

Deno.test("isEvent() is true at densification, opacity resets and the switch; only the first has views()", () => {
  const options = { iterations: 4000, highOpacity: true, densifyUntilIter: 3500, hoIteration: 3600, cams: 2 };
  const strategy = strategyFor({ ...options, densificationInterval: 700 });
  const events = [700, 1400, 2100, 2800];
  assertEquals([...strategy.densification], events);
  assertEquals(iterationsOf(4000, (t) => strategy.isEvent(t)), [...events, 3000, 3600]);
  assertEquals(iterationsOf(4000, (t) => strategy.views(t).length === 2), events);
  assertEquals(iterationsOf(4000, (t) => strategy.views(t).length > 0), events);
});

const SHORT: TrainOptions = { iterations: 20, testIterations: [-1], budget: 1 };

/** Events at 10, 20 and 30. */
const EVENTFUL: TrainOptions = {
  iterations: 40,
  testIterations: [-1],
  densifyFromIter: 5,
  densifyUntilIter: 35,
  densificationInterval: 10,
};

for (const strategy of ["taming", "absgrad", "mcmc", "adc"] as const) {
  deviceTest(`train() ends with exactly the budget with the strategy ${strategy}`, async (device) => {
    const scene = await syntheticScene(device);
    for (const budget of [1, 17, 59, 61, 100, 700]) {
      const { result, events } = await trained(device, scene, {
        ...EVENTFUL,
        strategy,
        mode: "final_count",
        budget,
      });
      assertEquals(result.count, budget, `a budget of ${budget}`);
      let before = 60;
      for (const event of events) {
        if (event.type !== "densify") continue;
        const { pruned, cloned, split, count } = event;
        assertEquals(before - pruned + cloned + split, count);
        before = count;
      }
    }
  });

  deviceTest(`train() gives the same bits again with the strategy ${strategy} and 1 or 3 threads`, async () => {
    const results = [];
    for (const [threads, seed] of [[1, 0], [1, 0], [3, 0], [1, 1]]) {
      using device = await testDevice({ threads, seed });
      const scene = await syntheticScene(device);
      results.push((await trained(device, scene, { ...EVENTFUL, strategy, budget: 3, minOpacity: 0.05 })).rows);
    }
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
    assertNotEquals(results[3], results[0]);
  });

  deviceTest(`train() learns with the strategy ${strategy}`, async (device) => {
    const scene = await syntheticScene(device);
    const { losses } = await trained(device, scene, { ...EVENTFUL, iterations: 150, strategy, budget: 2 });
    assertLess(losses.slice(-6).reduce((sum, loss) => sum + loss), 0.7 * losses.slice(0, 6).reduce((a, b) => a + b));
  });
}

deviceTest("train() begins with the opacity and the scale of its strategy", async (device) => {
  const scene = await syntheticScene(device);
  const initial: Record<string, SplatArrays> = {};
  for (const strategy of ["taming", "mcmc", "adc"] as const) {
    await trained(device, scene, { ...SHORT, strategy }, ({ type, gaussians }) => {
      if (type === "plan") initial[strategy] = gaussians.toArrays();
    });
  }
  const { taming, mcmc, adc } = initial;
  assertEquals(adc, taming);
  assertEquals(mcmc.opacities, new Float32Array(60));
  mcmc.logScales.forEach((value, i) => assertAlmostEquals(value, taming.logScales[i] + Math.log(0.1), 1e-6));
  assertEquals([mcmc.means, mcmc.sh], [taming.means, taming.sh]);
});

/** A strategy without events, with overrides. */
function idle(changes: Partial<Strategy> = {}): Strategy {
  return {
    name: "idle",
    densification: [],
    isEvent: () => false,
    views: () => [],
    stepTerms: () => ({ flags: 0, frozen: 0 }),
    apply: () => Promise.resolve(undefined),
    ...changes,
  };
}

deviceTest("train() accepts a strategy that never densifies, and passes it the run", async (device) => {
  const scene = await syntheticScene(device);
  const contexts: StrategyContext[] = [];
  const strategy = (context: StrategyContext) => {
    contexts.push(context);
    return idle();
  };
  const options = { ...SHORT, densifyFromIter: 5, densificationInterval: 5 };
  const own = await trained(device, scene, { ...options, strategy });
  const none = await trained(device, scene, { ...options, densifyUntilIter: 0 });
  assertEquals(own.rows, none.rows);
  assertNotEquals(own.rows, (await trained(device, scene, options)).rows);
  const [{ seed, extent, views, start, target }] = contexts;
  assertEquals(contexts.length, 1);
  assertEquals({ seed, extent, views, start, target }, {
    seed: device.seed,
    extent: scene.extent,
    views: scene.train.length,
    start: 60,
    target: 60,
  });
});

deviceTest(
  "train() applies a strategy's events at its iterations, with the budget's curve over them",
  async (device) => {
    const scene = await syntheticScene(device);
    const densification = [4, 9, 11];
    const places: EventPlace[] = [];
    const strategy = ({ start, target: budget }: StrategyContext): Strategy =>
      idle({
        densification,
        isEvent: (t) => densification.includes(t) || t === 10,
        stepTerms: () => ({ flags: STEP.statistics, frozen: 0 }),
        async apply(trainer, place) {
          places.push(place);
          const { iteration, event, events } = place;
          if (event === 0) return undefined;
          const target = eventTarget(event, events, start, budget);
          const sizes = { gradientThreshold: 0, sizeThreshold: 1 };
          const { cloned, split, filled, count } = await grow(trainer, {
            iteration,
            round: 0,
            target,
            ...sizes,
            fill: true,
          });
          return { target, pruned: 0, cloned, split, filled, count };
        },
      });
    const { events, result } = await trained(device, scene, { ...SHORT, budget: 2, strategy });
    assertEquals(places.map(({ iteration, event, events }) => [iteration, event, events]), [
      [4, 1, 3],
      [9, 2, 3],
      [10, 0, 3],
      [11, 3, 3],
    ]);
    const told = events.flatMap((event) =>
      event.type === "densifying" || event.type === "densify" ? [`${event.type} ${event.iteration}`] : []
    );
    assertEquals(told, densification.flatMap((t) => [`densifying ${t}`, `densify ${t}`]));
    const counts = events.flatMap((event) => event.type === "densify" ? [event.count] : []);
    assertEquals(counts, [1, 2, 3].map((event) => eventTarget(event, 3, 60, 120)));
    assertEquals(result.count, 120);
  },
);

deviceTest("train() does not step the parameters that a strategy freezes", async (device) => {
  const scene = await syntheticScene(device);
  const strategy = () => idle({ stepTerms: () => ({ flags: 0, frozen: 1 << GROUP.opacities }) });
  const opacities: Float32Array[] = [];
  const means: Float32Array[] = [];
  await trained(device, scene, { ...SHORT, strategy }, ({ type, gaussians }) => {
    if (type !== "plan" && type !== "done") return;
    opacities.push(gaussians.download("opacities"));
    means.push(gaussians.download("means"));
  });
  assertEquals(opacities[1], opacities[0]);
  assertNotEquals(means[1], means[0]);
});

deviceTest("train() loads the photos of the views that a strategy needs, also from disk", async (device) => {
  const scene = await syntheticScene(device, { views: 12 });
  const scored: number[] = [];
  const strategy = () =>
    idle({
      densification: [6],
      isEvent: (t) => t === 6,
      views: (t) => t === 6 ? [0, 3, 7, 8] : [],
      async apply(trainer, place) {
        await trainer.score([0, 3, 7, 8], new Array(12).fill(1), place);
        scored.push(...trainer.scores());
        return undefined;
      },
    });
  const photo = 50 * 37 * 3;
  const options: TrainOptions = { ...SHORT, strategy, dataDevice: "disk" };
  await trained(device, scene, { ...options, photoCache: Math.ceil(4 * photo / 0.75) });
  assertGreater(Math.max(...scored), 0);
  const tight = { ...options, photoCache: 4 * photo };
  await assertRejects(() => trained(device, scene, tight), RangeError, "4 photos at once");
});

deviceTest(
  "train() rejects a strategy whose densification is not a list of ascending iterations of the run",
  async (device) => {
    const scene = await syntheticScene(device);
    for (const densification of [[0], [1.5], [5, 5], [6, 5], [21]]) {
      const strategy = () => idle({ name: "odd", densification });
      await assertRejects(() => trained(device, scene, { ...SHORT, strategy }), RangeError, 'the strategy "odd"');
    }
  },
);
