// Undistortion while a capture is loaded, on the CPU backend, which is opened for the first distorted camera.

import { environment } from "../base/environment.ts";
import { DataError } from "../base/errors.ts";
import type { Lens } from "../base/scene.ts";
import { type Device, openDevice } from "../ffi/device.ts";
import { TameError } from "../ffi/errors.ts";
import { pinholeOf, type Pixels, undistortImage } from "../ffi/undistort.ts";

const opened = new Map<string, Promise<Device>>();

/** The device for undistortion: the CPU, or the backend of the library that was named. */
function deviceOf(library: string | URL | undefined): Promise<Device> {
  const named = library ?? environment("TAME_LIBRARY");
  const key = String(named ?? "");
  const known = opened.get(key);
  if (known !== undefined) return known;
  const device = openDevice({ backend: named === undefined ? "cpu" : "auto", library: named });
  opened.set(key, device);
  device.catch(() => opened.delete(key));
  return device;
}

/**
 * The lens with the pinhole that its photos are undistorted to, which sees at most `fov` degrees on each axis if that is
 * given. Throws a {@linkcode DataError} that names `where` for a
 * lens that leaves nothing of a photo, whose parameters are out of range, or whose pinhole is too large.
 *
 * @internal
 */
export async function completeLens(
  lens: Omit<Lens, "pinhole" | "fov">,
  { fov, ...where }: { name: string; path: string; fov?: number },
): Promise<Lens> {
  try {
    return { ...lens, ...pinholeOf(await deviceOf(lens.library), lens, { fov }) };
  } catch (error) {
    if (!(error instanceof TameError && error.status === "invalid argument")) throw error;
    throw new DataError(`${where.name} cannot be undistorted: ${error.message}`, { path: where.path, cause: error });
  }
}

/**
 * Undistorts an image of the lens's size (a photo, or a mask of one channel) to the lens's pinhole, by cubic
 * convolution. Colours are weighted by alpha.
 *
 * @example
 * ```ts ignore
 * import { readImage } from "./images.ts";
 * import { loadScene } from "./scene.ts";
 * import { undistort } from "./undistort.ts";
 *
 * const [{ path, lens }] = (await loadScene("captures/garden")).train;
 * if (lens) console.log(await undistort(await readImage(path), lens));
 * ```
 */
export async function undistort<Image extends Pixels>(image: Image, lens: Lens): Promise<Image> {
  return await undistortImage(await deviceOf(lens.library), image, lens);
}
