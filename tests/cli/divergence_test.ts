// A run that diverges as a user sees it: exit code, messages, and what is in the model folder.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { lastIteration, pointCloudPath, savedIterations } from "../../load/model_folder.ts";
import { parseSplatsPly } from "../../load/ply.ts";
import { eventsIn } from "../support/events.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

/** Log-scales that move by 10 a step: allowed, and hopeless. */
const RUN = "train -s capture -m out --backend cpu --budget 2 --scaling_lr 10 --save_iterations 20".split(" ");
const DIVERGES = [...RUN, ..."--iterations 2000 --checkpoint_iterations 10".split(" ")];

/** The Gaussians in a PLY. All their values must be finite. */
async function finite(model: string, iteration: number): Promise<number> {
  const path = pointCloudPath(model, iteration);
  const { count, means, logScales, quats, opacities, sh } = parseSplatsPly(await Deno.readFile(path), path);
  for (const values of [means, logScales, quats, opacities, sh]) assert(values.every(Number.isFinite));
  return count;
}

workflowTest("tame train exits with 1 when it diverges, and says where, why and what is left", async (folder) => {
  const out = join(folder, "out");
  const { code, stdout, stderr } = await ended(start([...DIVERGES, "--json"], folder));
  assertEquals(code, EXIT.failed, stderr);
  const events = eventsIn(stdout);
  const { type, ending, iteration, gaussians, nonFinite, path } = events.at(-1);
  assertEquals([type, ending, path], ["save", "diverged", pointCloudPath(out, iteration)]);
  assert(nonFinite > 0);
  assertEquals(await finite(out, iteration), gaussians - nonFinite);
  assertStringIncludes(
    stderr,
    `Warning: Iteration ${iteration}: ${nonFinite} of ${gaussians} Gaussians are not finite, and are left out of ${path}\n`,
  );
  assertStringIncludes(stderr, `The run has diverged. Iteration ${iteration} was saved: ${path}\n`);
  assertStringIncludes(stderr, `The last checkpoint, with finite numbers only: ${out}/checkpoints/iteration_10.tame\n`);
  assertStringIncludes(
    stderr,
    `Error: The run has diverged. ${nonFinite} of ${gaussians} Gaussians are not finite at iteration ${iteration}. ` +
      "--scaling_lr is 2000 times the usual rate: try a lower one. The last checkpoint is of iteration 10\n",
  );
  const rows = parse(await Deno.readTextFile(join(out, "train.csv")), { skipFirstRow: true });
  assertEquals(rows.at(-1)!.non_finite, String(nonFinite));
  // What was saved before it diverged is what `render` takes.
  assertEquals(await savedIterations(out), [20, iteration]);
  assertEquals(await lastIteration(out), 20);
});

workflowTest("tame train does not replace an earlier save when it diverges", async (folder) => {
  const out = join(folder, "out");
  const first = await ended(start(DIVERGES, folder));
  assertEquals(first.code, EXIT.failed, first.stderr);
  const iteration = (await savedIterations(out)).at(-1)!;
  await Deno.writeTextFile(pointCloudPath(out, iteration), "a good one");
  const { code, stderr } = await ended(start(DIVERGES, folder));
  assertEquals(code, EXIT.failed, stderr);
  assertMatch(stderr, /Warning: Iteration \d+: Not saved: the run has diverged, and there is an earlier save of this/);
  assert(!stderr.includes("was saved"), stderr);
  assertEquals(await Deno.readTextFile(pointCloudPath(out, iteration)), "a good one");
});

workflowTest("tame train --on_divergence continue goes on, and never writes what is not finite", async (folder) => {
  const out = join(folder, "out");
  const options = ["--iterations", "300", "--on_divergence", "continue", "--checkpoint_iterations", "10", "250"];
  const { code, stderr } = await ended(start([...RUN, ...options], folder));
  assertEquals(code, EXIT.done, stderr);
  assertEquals(stderr.match(/^Warning: \d+ of \d+ Gaussians are not finite at iteration/gm)?.length, 1);
  const left = /Iteration 300: (\d+) of (\d+) Gaussians are not finite, and are left out of/.exec(stderr);
  assert(left !== null, stderr);
  assertEquals(await finite(out, 300), Number(left[2]) - Number(left[1]));
  const checkpoints = await Array.fromAsync(Deno.readDir(join(out, "checkpoints")), ({ name }) => name);
  assertEquals(checkpoints, ["iteration_10.tame"]);
});

workflowTest("tame train exits with 2 for a learning rate that makes no sense, and says the limit", async (folder) => {
  const { code, stderr } = await ended(start(["train", "-s", "capture", "--opacity_lr", "10.5"], folder));
  assertEquals(code, EXIT.usage, stderr);
  assertStringIncludes(stderr, 'Cannot use "10.5" as --opacity_lr: it takes a number from 0 to 10');
});
