// The folders that a capture may be in, and its file of options.

import { dirname, join } from "node:path";
import { entriesOf, isDirectory, statOrUndefined } from "./files.ts";

/** Name of the file of options in a capture. Only the command line reads it; readers of captures pass over it. */
export const CAPTURE_CONFIG = "tame.config.json";

/**
 * A folder, or an archive, and if it has nothing but one folder in it, that folder, and so on: each of them stands for
 * the capture.
 *
 * @param source Absolute path of the capture: a folder, a zip archive or a file
 * @returns Their paths, `source` first
 */
export async function* nestedFolders(source: string): AsyncGenerator<string, void, void> {
  for (let folder: string | undefined = source; folder !== undefined; folder = await onlyFolderIn(folder)) {
    yield folder;
  }
}

/**
 * The file of options of a capture: in its folder, in the folder or archive that has nothing but that one in it, or
 * beside the file that the capture is.
 *
 * @param source Absolute path of the capture: a folder, a zip archive or a file
 * @returns Its path; undefined if there is none
 */
export async function captureConfig(source: string): Promise<string | undefined> {
  const isFile = (await statOrUndefined(source))?.isFile === true;
  for await (const folder of isFile ? [dirname(source)] : nestedFolders(source)) {
    const path = join(folder, CAPTURE_CONFIG);
    if (await statOrUndefined(path) !== undefined) return path;
  }
}

/** The folder that is all that a folder, or an archive, has in it; undefined if there is anything else. */
async function onlyFolderIn(folder: string): Promise<string | undefined> {
  const entries = (await entriesOf(folder)).filter(({ name }) => !name.startsWith(".") && name !== CAPTURE_CONFIG);
  if (entries.length !== 1) return undefined;
  const [{ name, isDirectory: isFolder, isSymlink }] = entries;
  const path = join(folder, name);
  return isFolder || isSymlink && await isDirectory(path) ? path : undefined;
}
