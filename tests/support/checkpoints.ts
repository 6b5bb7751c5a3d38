// Runs that stop at a checkpoint, and go on from its file.
import { join } from "@std/path";
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
