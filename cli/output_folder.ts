// Checks a model folder before anything is read: that a run can write it, and that it would not overwrite the capture.

import { dirname, isAbsolute, join, relative } from "@std/path";
import { temporaryPath } from "../base/atomic.ts";
import { writeError } from "../base/disk.ts";
import { entriesOf, statOrUndefined } from "../load/files.ts";
import { MODEL_FILES, POINT_CLOUDS } from "../load/model_folder.ts";
import { UsageError } from "./errors.ts";
import { RECORD_FILE } from "./full_eval/record.ts";

/** Files by which a folder in a capture is known as the model folder of an earlier run. */
const OWN_FILES: readonly string[] = [MODEL_FILES.cfgArgs, RECORD_FILE];

/**
 * Checks a model folder, which need not exist; changes nothing.
 *
 * @param folder Absolute path
 * @param capture Absolute path of the capture, a folder or a file
 * @param named Whether the user has named the folder
 * @throws {UsageError} When it is a file or cannot be written, is the capture, or is in it and neither new nor that of
 * an earlier run
 */
export async function checkOutputFolder(
  folder: string,
  { capture, named }: { capture: string; named: boolean },
): Promise<void> {
  await checkOutsideCapture(folder, { capture, named });
  for (const path of [folder, join(folder, POINT_CLOUDS)]) await checkWritable(path, folder);
}

async function checkOutsideCapture(
  folder: string,
  { capture, named }: { capture: string; named: boolean },
): Promise<void> {
  const source = (await statOrUndefined(capture))?.isFile ? dirname(capture) : capture;
  const inside = relative((await existing(source)).real, (await existing(folder)).real);
  if (inside === "") {
    throw unusable(folder, "it is the capture, whose files would be overwritten. Choose another folder");
  }
  if (inside.split(/[\\/]/, 1)[0] === ".." || isAbsolute(inside)) return;
  if (!named) throw unusable(folder, "it is the default, which is in the capture. Give --model_path");
  const entries = await entriesOf(folder);
  if (entries.length === 0 || entries.some(({ name }) => OWN_FILES.includes(name))) return;
  throw unusable(folder, "it is in the capture and has other files. Name a new folder");
}

/** Writes and removes an empty file in a folder, or in the first one above it that exists. */
async function checkWritable(path: string, folder: string): Promise<void> {
  const { nearest } = await existing(path);
  if (!(await Deno.stat(nearest)).isDirectory) throw unusable(folder, `${nearest} is a file`);
  // If it cannot be removed, the next run into the folder does.
  const probe = temporaryPath(join(nearest, MODEL_FILES.config));
  try {
    await Deno.writeFile(probe, new Uint8Array(), { createNew: true });
    await Deno.remove(probe);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    const told = await writeError(error, nearest);
    if (told !== error) throw told;
    throw unusable(folder, `${nearest} cannot be written. ${error.message}`);
  }
}

/** The path, or the nearest one above it that exists; and the path with symbolic links of that part resolved. */
async function existing(path: string): Promise<{ nearest: string; real: string }> {
  let nearest = path;
  while (await statOrUndefined(nearest) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest);
  return { nearest, real: join(await Deno.realPath(nearest), relative(nearest, path)) };
}

function unusable(folder: string, problem: string): UsageError {
  return new UsageError(`Cannot use ${folder} as --model_path: ${problem}`);
}
