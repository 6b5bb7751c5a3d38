// What a model folder must hold after a fault: whole files under their final names, and nothing lost.

import { walk } from "@std/fs";
import { basename, extname, join, relative } from "@std/path";
import { lockPath } from "../../export/folder_lock.ts";
import { parseSplatsPly } from "../../load/ply.ts";
import { CHECKPOINTS, MODEL_FILES, savedCheckpoints } from "../../load/model_folder.ts";
import { readRunConfig } from "../../load/run_config.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import { sameBytes } from "../train_process.ts";

/** The files of a model folder by their relative paths. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** Reads all files of a folder. */
export async function filesOf(folder: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for await (const { path } of walk(folder, { includeDirs: false })) {
    files.set(relative(folder, path), await Deno.readFile(path));
  }
  return files;
}

/** Model folders that one may be compared with: of the run without a fault, and of the earlier run in the same folder. */
export interface Expected {
  whole: Files;
  earlier: Files;
}

/** Files that a run has while it goes on, and which a run that cannot remove them leaves to the next one. */
export async function leftOver(model: string): Promise<string[]> {
  const paths = [...(await filesOf(model)).keys()].filter(isPassing);
  return paths.map((path) => `${path} is left over`);
}

function isPassing(path: string): boolean {
  return path.endsWith(".tmp") || path === lockPath("");
}

/** What is wrong with the other files of a model folder after a run, whichever operation of it failed; a line each. */
export async function damageOf(model: string, { whole, earlier }: Expected): Promise<string[]> {
  const found: string[] = [];
  const files = await filesOf(model);
  for (const [path, bytes] of files) {
    const known = [whole.get(path), earlier.get(path)].some((other) => other !== undefined && sameBytes(other, bytes));
    const damage = known ? undefined : await damageOfFile(join(model, path), bytes);
    if (damage !== undefined && !isPassing(path)) found.push(`${path}: ${damage}`);
  }
  // A new run's first checkpoint replaces those of the earlier one.
  const lost = [...earlier.keys()].filter((path) => !files.has(path) && !path.startsWith(CHECKPOINTS));
  found.push(...lost.map((path) => `${path} of the earlier run is lost`));
  if ((await savedCheckpoints(model)).length === 0) found.push("no checkpoint is left");
  return found;
}

/** Why a file is not whole; undefined if it is well. */
async function damageOfFile(path: string, bytes: Uint8Array): Promise<string | undefined> {
  try {
    switch (extname(path)) {
      case ".tame":
        await (await CheckpointFile.open(path)).verify();
        return undefined;
      case ".json": {
        if (basename(path) !== MODEL_FILES.config) return "differs";
        return (await readRunConfig(join(path, "..")))?.run === undefined ? "has no run" : undefined;
      }
      case ".ply":
        // Of an iteration at which neither run saves: where this one failed.
        return parseSplatsPly(bytes, path).count > 0 ? undefined : "has no Gaussians";
      case ".csv": {
        const rows = new TextDecoder().decode(bytes).split("\n");
        const short = rows.slice(0, -1).some((row) => row.split(",").length !== rows[0].split(",").length);
        return short || rows.at(-1) !== "" ? "has a row that is cut off" : undefined;
      }
      case ".html": // states times
        return new TextDecoder().decode(bytes).endsWith("</html>\n") ? undefined : "is cut off";
      default:
        return "differs";
    }
  } catch (error) {
    return (error as Error).message;
  }
}
