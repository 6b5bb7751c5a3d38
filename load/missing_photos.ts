// Photos that a capture names and that are not there: an error, or training on the others.

import { DataError } from "../base/errors.ts";
import type { FoundPhotos } from "./find_photos.ts";

/** What a reader does about missing photos. */
export type MissingPhotos = "error" | "skip";

/**
 * A line about the photos that are left out, if any is missing.
 *
 * @param found What was found
 * @param settings What to do, and the file or folder that the error names
 * @throws {DataError} When photos are missing and that is an error, or all are missing
 */
export function missingNotice(
  { paths, missing }: FoundPhotos,
  { mode, path }: { mode: MissingPhotos; path: string },
): string[] {
  if (missing === undefined) return [];
  const { count, first } = missing;
  if (paths.every((found) => found === undefined)) {
    throw new DataError(`${count}, ${first}. Add them, or name their folder with -i (images in the library)`, { path });
  }
  if (mode === "skip") return [`${count} and left out, ${first}`];
  const advice = 'train on the others with --missing skip (missing: "skip" in the library)';
  throw new DataError(`${count}, ${first}. Add them, or ${advice}`, { path });
}
