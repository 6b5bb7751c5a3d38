/**
 * LPIPS, the learned perceptual distance of images (Zhang et al. 2018, version 0.1), with weights that the user
 * supplies: docs/lpips.md says where they come from and how `convert lpips` makes the file of weights.
 *
 * @module
 */

import { environment } from "../../base/environment.ts";
import type { Device } from "../../ffi/device.ts";
import { LpipsNetwork } from "../../ffi/lpips.ts";
import { readDataFile } from "../../load/bytes.ts";
import { decodeLpips } from "./weights_file.ts";

export { lpips, type LpipsNet, LpipsNetwork, type LpipsOptions } from "../../ffi/lpips.ts";

/**
 * Loads LPIPS weights from a file that `convert lpips` wrote, and verifies its checksum. Dispose the network, or let
 * `using` do so.
 *
 * @example
 * ```ts no-assert
 * import { loadLpips, openDevice } from "../../mod.ts";
 *
 * export async function describe(file: string): Promise<string> {
 *   using device = await openDevice();
 *   using weights = await loadLpips(device, file);
 *   return `${weights.net} ${weights.checksum}`;
 * }
 * ```
 *
 * @param device Where to compute; the network takes 59 MB (VGG) or 10 MB (Alex) there
 * @param path The file
 * @returns The network, for {@linkcode lpips}
 * @throws {DataError} When the file is missing, damaged, or of another kind
 */
export async function loadLpips(device: Device, path: string): Promise<LpipsNetwork> {
  const { net, values, checksum } = await decodeLpips(await readDataFile(path), path);
  return new LpipsNetwork(device, { net, checksum, weights: values });
}

/**
 * The file of LPIPS weights to use: the given one, else the one in the environment variable `TAME_LPIPS`.
 *
 * @param option Path that the user named, if any
 * @returns The path as given; undefined if there is none. Reports then say so
 */
export function findLpipsWeights(option?: string): string | undefined {
  return option || environment("TAME_LPIPS");
}
