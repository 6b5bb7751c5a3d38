/**
 * The scores of a model on disk: `results.json` and `per_view.json` as tools of the 3D Gaussian Splatting family write
 * them, and `scored.json`, which says of which Gaussians they are.
 *
 * @module
 */

import { join } from "node:path";
import { removeOrphans, writeFileAtomic } from "../base/atomic.ts";
import { type Check, FILE_NAME, nullable, readChecked, table, TEXT, value } from "../load/checks.ts";

/** Scores by name; null is the infinite PSNR of equal images. */
export type StoredScores = Record<string, number | null>;

/** The scores of a model, each by method, such as `ours_30000`. */
export interface Results {
  /** Means over the images. */
  means: Record<string, StoredScores>;
  /** Scores by metric and image. */
  perView: Record<string, Record<string, StoredScores>>;
  /** SHA-256 of the PLY that was rendered; a method without one has none. */
  scored: Record<string, string>;
}

const FILES = { means: "results.json", perView: "per_view.json", scored: "scored.json" } as const;

const ADVICE = "compute the metrics again";

const SCORE: Check<number | null> = nullable(value({ kind: "number" }));

const MEANS: Check<Results["means"]> = table(table(SCORE), FILE_NAME);

const PER_VIEW: Check<Results["perView"]> = table(table(table(SCORE, FILE_NAME)), FILE_NAME);

const SCORED: Check<Results["scored"]> = table(TEXT, FILE_NAME);

/**
 * Reads the mean scores of a model.
 *
 * @param folder Model folder
 * @returns Scores by method; none if the model is not scored
 * @throws {DataError} When the file is damaged
 */
export async function readMeans(folder: string): Promise<Results["means"]> {
  return await readChecked(join(folder, FILES.means), MEANS, ADVICE) ?? {};
}

/**
 * Reads the scores of the views of a model.
 *
 * @param folder Model folder
 * @returns Scores by method, metric and file name of the image; none if the model is not scored
 * @throws {DataError} When the file is damaged, or a name is not that of a file
 */
export async function readPerView(folder: string): Promise<Results["perView"]> {
  return await readChecked(join(folder, FILES.perView), PER_VIEW, ADVICE) ?? {};
}

/**
 * Reads what the scores of a model are of.
 *
 * @param folder Model folder
 * @returns SHA-256 of the PLY by method; none if the model is not scored
 * @throws {DataError} When the file is damaged
 */
export async function readScored(folder: string): Promise<Results["scored"]> {
  return await readChecked(join(folder, FILES.scored), SCORED, ADVICE) ?? {};
}

/**
 * Writes the scores of a model. Infinite scores become `null`.
 *
 * @param folder Model folder
 * @param results The scores of all methods
 */
export async function writeResults(folder: string, results: Results): Promise<void> {
  await removeOrphans(folder, Object.values(FILES));
  // What the scores are of comes last: without it they count as those of other Gaussians.
  for (const key of ["means", "perView", "scored"] as const) {
    await writeFileAtomic(join(folder, FILES[key]), JSON.stringify(results[key], null, 1) + "\n");
  }
}
