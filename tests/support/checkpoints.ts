// Runs that stop at a checkpoint, and go on from its file.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";

/** A folder that is removed at the end. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "tame_checkpoints_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Trains to a checkpoint, writes it, and abandons the run. Resolves to the path of the file. */
export async function stopAt(
  { device, scene, options, folder }: { device: Device; scene: Scene; options: TrainOptions; folder: string },
  iteration: number,
): Promise<string> {
  const path = join(folder, `iteration_${iteration}.tame`);
  for await (const event of train(device, scene, { ...options, checkpointIterations: [iteration] })) {
    if (event.type === "done") event.gaussians[Symbol.dispose]();
    if (event.type !== "checkpoint") continue;
    const snapshot = await event.snapshot();
    event.gaussians[Symbol.dispose]();
    await snapshot.write(path, { config: { sh_degree: 3 } });
    return path;
  }
  throw new Error(`No checkpoint at iteration ${iteration}`);
}

/** Fails unless an action throws a DataError that names the file. */
export async function rejectsFile(action: () => Promise<unknown>, path: string, words: string): Promise<void> {
  const error = await assertRejects(action, DataError);
  assertStringIncludes(error.message, words);
  assertEquals(error.path, path);
}

/** Thirty iterations with events at 10 and 20. */
export const SHORT: TrainOptions = {
  iterations: 30,
  testIterations: [-1],
  budget: 2,
  densifyFromIter: 5,
  densificationInterval: 10,
  densifyUntilIter: 25,
};
