// The readers of captures, one for each format. A new format is one more entry.

import { DataError } from "../base/errors.ts";
import { bundlerReader } from "./bundler.ts";
import type { Capture, CaptureReader, ReadOptions } from "./capture.ts";
import { colmapReader, flatColmapReader } from "./colmap_capture.ts";
import { statOrUndefined } from "./files.ts";
import { metashapeReader } from "./metashape.ts";
import { nestedFolders } from "./nested_folders.ts";
import { openSfmReader } from "./opensfm.ts";
import { polycamReader } from "./polycam.ts";
import { realityScanReader } from "./realityscan.ts";
import { record3dReader } from "./record3d.ts";
import { splitReader, transformsFileReader, transformsReader } from "./transforms.ts";

/** In the order in which they are tried. */
const READERS: CaptureReader[] = [
  colmapReader,
  splitReader,
  transformsReader,
  flatColmapReader,
  openSfmReader,
  bundlerReader,
  metashapeReader,
  realityScanReader,
  polycamReader,
  record3dReader,
  transformsFileReader,
];

/**
 * Adds a reader, which is tried before all others.
 *
 * @param reader Reads the new format
 * @returns Removes the reader when it is disposed
 */
export function registerReader(reader: CaptureReader): Disposable {
  READERS.unshift(reader);
  return {
    [Symbol.dispose](): void {
      const index = READERS.indexOf(reader);
      if (index >= 0) READERS.splice(index, 1);
    },
  };
}

/**
 * Reads a capture with the first reader that knows its format. A folder, or an archive, that has nothing but one folder
 * in it stands for that folder.
 *
 * @param source Absolute path of the capture: a folder, a zip archive or a file
 * @param options What to read
 * @throws {DataError} When no reader knows the format, or the capture is damaged
 */
export async function readCapture(source: string, options: ReadOptions): Promise<Capture> {
  for await (const folder of nestedFolders(source)) {
    for (const reader of READERS) {
      const capture = await reader.read(folder, options);
      if (capture !== undefined) return capture;
    }
  }
  if (await statOrUndefined(source) === undefined) throw new DataError("No such file or folder", { path: source });
  const formats = [...new Set(READERS.map(({ expects }) => expects))];
  throw new DataError(`No capture: expected ${formats.slice(0, -1).join(", ")} or ${formats.at(-1)}`, { path: source });
}
