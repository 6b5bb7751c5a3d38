// A caller's strategy without native code: splits the brightest Gaussians, deletes the smallest.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { GROUP, type RowKind } from "../../ffi/trainer.ts";
import { eventTarget } from "../../train/budget.ts";
import type { StrategyContext, TrainOptions } from "../../train/options.ts";
import type { Strategy } from "../../train/strategies/strategy.ts";
import { open, sources, twoSided } from "../densify/world.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const INTERVAL = 10;
const DELETED = 3; // per event
const KINDS: RowKind[] = [
  { operation: "keep" },
  { operation: "remove" },
  { operation: "split", place: "longAxis", offset: 0.5, logScale: -Math.log(2), share: "opacity" },
];

/** At each event the smallest Gaussians are deleted, and the brightest are split until the target count is reached. */
function brightAndLarge({ options, start, target: budget }: StrategyContext): Strategy {
  const events = Math.floor(options.iterations / INTERVAL) - 1;
  const densification = Array.from({ length: events }, (_, i) => (i + 1) * INTERVAL);
  return {
    name: "bright and large",
    densification,
    isEvent: (iteration) => densification.includes(iteration),
    views: () => [],
    stepTerms: (iteration) => ({ flags: 0, frozen: densification.includes(iteration) ? 1 << GROUP.means : 0 }),
    async apply({ columns, gaussians }, { iteration, event }) {
      const target = eventTarget(event, events, start, budget);
      const split = target - (gaussians.count - DELETED);
      await columns.select("smallest", "log_scales.0 + log_scales.1 + log_scales.2", { count: DELETED });
      await columns.compute("brightness", "used_opacity * (0.5 + 0.28209479 * (sh_dc.0 + sh_dc.1 + sh_dc.2) / 3)");
      await columns.select("brightest", "-brightness", { among: "!smallest", count: split });
      await columns.editRows("smallest + 2 * brightest", KINDS, { iteration });
      columns.drop();
      return { target, pruned: DELETED, cloned: 0, split, filled: 0, count: gaussians.count };
    },
  };
}

const RUN: TrainOptions = { iterations: 50, testIterations: [-1], budget: 2, strategy: brightAndLarge };

deviceTest(
  "a strategy splits the brightest and deletes the smallest Gaussians of a run, up to the budget",
  async (device) => {
    const scene = await syntheticScene(device);
    const { events, result, losses, rows } = await trained(device, scene, RUN);
    const told = events.filter((event) => event.type === "densify");
    assertEquals(told.map(({ iteration }) => iteration), [10, 20, 30, 40]);
    assertEquals(told.map(({ count }) => count), [1, 2, 3, 4].map((event) => eventTarget(event, 4, 60, 120)));
    assert(told.every(({ pruned }) => pruned === DELETED));
    assertEquals(result.count, 120);
    assertGreater(losses[0], losses.at(-1)!);
    assertEquals((await trained(device, scene, RUN)).rows, rows); // the same bits again
  },
);

deviceTest("a strategy finds the brightest and the smallest Gaussians", async (device) => {
  const count = 60;
  using world = open(device, twoSided(count));
  const { logScales, opacities, sh } = world.splats;
  const all = [...Array(count).keys()];
  const sum = (values: Float32Array, from: number) => values[from] + values[from + 1] + values[from + 2];
  const bySize = all.toSorted((a, b) => sum(logScales, 3 * a) - sum(logScales, 3 * b));
  const brightness = (i: number) => (0.5 + 0.28209479 * sum(sh, 12 * i) / 3) / (1 + Math.exp(-opacities[i]));
  const kept = all.filter((i) => !bySize.slice(0, DELETED).includes(i));
  const brightest = kept.toSorted((a, b) => brightness(b) - brightness(a));
  const options = { iterations: 50 } as StrategyContext["options"];
  const strategy = brightAndLarge({
    options,
    seed: 0,
    extent: 1,
    views: 2,
    start: count,
    target: 2 * count,
  });
  const place = { iteration: 40, event: 1, events: 4, shDegree: 1, background: [0, 0, 0] as const };
  const wanted = eventTarget(1, 4, count, 2 * count) - (count - DELETED);
  const outcome = await strategy.apply(world.trainer, place);
  assertEquals(outcome!.split, wanted);
  assertEquals(sources(world.gaussians), [...kept, ...brightest.slice(0, wanted).sort((a, b) => a - b)]);
});
