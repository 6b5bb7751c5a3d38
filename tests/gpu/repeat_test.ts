// The same inputs give the same bits: in every run, with every residency, and whether or not a step was repeated
// because its buffers were too small.
import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { assertSameBits } from "../raster/compare.ts";
import { gpuTest, openGpu, pairMissing, selfTest } from "./devices.ts";
import { type Outcome, runProblem, trainingProblem } from "./training.ts";

gpuTest("Trainer.run() gives the same bits in two runs", async (gpu) => {
  const problem = trainingProblem();
  const first = await runProblem(gpu, problem, { steps: 60 });
  assertSameOutcome(await runProblem(gpu, problem, { steps: 60 }), first);
  using fresh = await openGpu();
  assertSameOutcome(await runProblem(fresh, problem, { steps: 60 }), first);
});

gpuTest("Trainer.run() gives the same bits when photos are pinned, on the host or on the device", async (gpu) => {
  const problem = trainingProblem();
  const first = await runProblem(gpu, problem, { steps: 40, residency: "device" });
  for (const residency of ["pinned", "host"] as const) {
    assertSameOutcome(await runProblem(gpu, problem, { steps: 40, residency }), first);
    // Next views that are missing, wrong, or the same as the view.
    for (const nextView of [undefined, 0, 3]) {
      const alter = <S extends object>(step: S): S => ({ ...step, nextView });
      assertSameOutcome(await runProblem(gpu, problem, { steps: 40, residency, alter }), first);
    }
  }
});

// A process reads the capacity only once, so each run is its own process.
Deno.test({
  name: "Trainer.run() gives the same bits when its buffers are too small at first" +
    (pairMissing === undefined ? "" : ` [skipped: ${pairMissing}]`),
  ignore: pairMissing !== undefined,
  async fn() {
    for (const viewsPerStep of [1, 4]) {
      const expected = await replay("device", viewsPerStep, {});
      assertMatch(expected.hash, /^[0-9a-f]{64}$/);
      for (const capacity of ["1", "64", "1024"]) {
        for (const residency of ["device", "pinned"]) {
          const { hash, instanceBytes } = await replay(residency, viewsPerStep, { TAME_INSTANCE_CAPACITY: capacity });
          assertEquals(hash, expected.hash, `${capacity} instances, ${viewsPerStep} views per step, ${residency}`);
          // A grown capacity fits this scene; the usual initial one is far larger.
          if (!selfTest) assertLess(instanceBytes, expected.instanceBytes);
        }
      }
    }
  },
});

async function replay(
  residency: string,
  viewsPerStep: number,
  env: Record<string, string>,
): Promise<{ hash: string; instanceBytes: number }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("replay.ts", import.meta.url).href, residency, "30", `${viewsPerStep}`],
    env,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [hash, bytes] = new TextDecoder().decode(stdout).trim().split(" ");
  return { hash, instanceBytes: Number(bytes) };
}

function assertSameOutcome(ours: Outcome, expected: Outcome): void {
  assertSameBits(ours.losses, expected.losses, "losses");
  for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
    assertSameBits(ours.splats[field], expected.splats[field], field);
  }
  assertSameBits(ours.gradientSums, expected.gradientSums, "gradient sums");
  assertSameBits(ours.visibleSteps, expected.visibleSteps, "visible steps");
  assertSameBits(ours.maxRadii, expected.maxRadii, "radii");
}
