// Runs whose budget is lowered to what fits in the memory.

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { TameError } from "../../ffi/errors.ts";
import { fittingTarget } from "../../train/budget.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { libraryMissing, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

const BUDGET = 4000;
const SCHEDULE = { iterations: 60, densificationInterval: 10, densifyFromIter: 5, densifyUntilIter: 50 };
const RUN: TrainOptions = { ...SCHEDULE, mode: "final_count", budget: BUDGET, testIterations: [-1] };

/** What a run planned, and what it made; its device has `memoryLimit` bytes. */
interface Outcome {
  start: number;
  target: number;
  total: number;
  warnings: string[];
  splats: SplatArrays;
}

async function run(scene: Scene, options: TrainOptions, memoryLimit = 0): Promise<Outcome> {
  using device = await testDevice({ memoryLimit });
  const outcome: Partial<Outcome> & { warnings: string[] } = { start: scene.points.count, warnings: [] };
  for await (const event of train(device, scene, options)) {
    if (event.type === "plan") Object.assign(outcome, { target: event.target, total: event.plan.total });
    if (event.type === "warning") outcome.warnings.push(event.message);
    if (event.type !== "done") continue;
    outcome.splats = event.gaussians.toArrays();
    event.gaussians[Symbol.dispose]();
  }
  return outcome as Outcome;
}

Deno.test("fittingTarget() is the largest count that fits, or 1", () => {
  for (const most of [1, 2, 63, 64, 98]) assertEquals(fittingTarget(99, (target) => target <= most), most);
  assertEquals(fittingTarget(99, () => false), 1);
  assertEquals(fittingTarget(2 ** 32, (target) => target <= 2 ** 31 + 7), 2 ** 31 + 7);
});

Deno.test({
  name: "train() lowers the budget to what fits, says so, and gives the bits of a run with that budget",
  ignore: libraryMissing !== undefined,
  async fn() {
    using roomy = await testDevice();
    const scene = await syntheticScene(roomy);
    const whole = await run(scene, RUN);
    assertEquals([whole.target, whole.warnings], [BUDGET, []]);
    const limit = Math.floor(0.9 * whole.total);
    const error = await assertRejects(() => run(scene, RUN, limit), TameError);
    assertEquals(error.status, "out of memory");
    assert(error.advice!.startsWith("Lower the budget (--fit takes what fits), "), error.advice);

    const fitted = await run(scene, { ...RUN, fit: true }, limit);
    assertGreater(fitted.target, fitted.start);
    assertLess(fitted.target, BUDGET);
    assert(fitted.total <= limit, `${fitted.total} of ${limit} bytes`);
    assertEquals(fitted.splats.opacities.length, fitted.target);
    assertEquals(fitted.warnings.length, 1);
    assert(fitted.warnings[0].startsWith(`The budget is lowered from ${BUDGET} to ${fitted.target} Gaussians: `));

    const again = await run(scene, { ...RUN, budget: fitted.target }, limit);
    assertEquals(again.splats, fitted.splats);
    const larger = { ...RUN, budget: fitted.target + 16 }; // memory is in whole blocks of rows
    assertEquals((await assertRejects(() => run(scene, larger, limit), TameError)).status, "out of memory");
  },
});

Deno.test({
  name: "train() leaves a budget that fits, and cannot fit fewer Gaussians than there are points",
  ignore: libraryMissing !== undefined,
  async fn() {
    using roomy = await testDevice();
    const scene = await syntheticScene(roomy);
    const whole = await run(scene, RUN);
    const same = await run(scene, { ...RUN, fit: true }, whole.total);
    assertEquals([same.target, same.warnings, same.splats], [BUDGET, [], whole.splats]);
    for (const dataDevice of ["cuda", "disk"] as const) {
      const options = { ...RUN, fit: true, dataDevice };
      const error = await assertRejects(() => run(scene, options, 100_000), TameError, "97.7 KiB");
      assertEquals(error.status, "out of memory");
      // No advice is what was done already.
      assert(error.advice!.startsWith("Start from fewer points or Gaussians (--init), "), error.advice);
      assertEquals(error.advice!.includes("--data_device"), dataDevice === "cuda");
    }
  },
});

Deno.test({
  name: "train() resumes a run with the budget that was lowered, also where more memory is available",
  ignore: libraryMissing !== undefined,
  async fn() {
    await using folder = await temporaryFolder();
    using roomy = await testDevice();
    const scene = await syntheticScene(roomy);
    const limit = Math.floor(0.9 * (await run(scene, RUN)).total);
    const options = { ...RUN, fit: true };
    const whole = await run(scene, options, limit);
    using device = await testDevice({ memoryLimit: limit });
    const startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, 35);
    const rest = await run(scene, { startCheckpoint });
    assertEquals([rest.target, rest.warnings, rest.splats], [whole.target, [], whole.splats]);
  },
});
