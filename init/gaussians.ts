/**
 * Initial Gaussians: one for each point (Kerbl et al. 2023), isotropic, of low opacity, as large as the spacing of the
 * nearest points; or those of a PLY file.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { CAPTURE_FRAME, type Frame, splatsInFrame } from "../base/frame.ts";
import { SH_C0 } from "../base/numbers.ts";
import type { PointCloud } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../ffi/gaussians.ts";
import { frameOf } from "../load/capture_frame.ts";
import { frameInComments } from "../load/frame_comment.ts";
import { FARTHEST } from "../load/points.ts";
import { isAntialiased } from "../load/render_mode.ts";
import { readSplats } from "../load/splats.ts";
import { knnMeanDist2 } from "./knn.ts";

/** Options of {@linkcode initGaussians}. */
export interface InitOptions {
  /** Highest degree of the spherical harmonics, 0 to 3. Default 3. */
  shDegree?: number;
  /** Opacity, between 0 and 1. Default 0.1. */
  opacity?: number;
  /** Scale, greater than 0, as a multiple of the distance to the nearest points. Default 1. */
  scale?: number;
  /** Number of Gaussians to allocate memory for. Default the number of points. */
  capacity?: number;
  /** Frame of the points, such as `scene.frame`; that of the Gaussians. Default the capture's own. */
  frame?: Frame;
  /** Called once for each fall-back of the nearest-neighbour search. */
  onFallback?: (message: string) => void;
}

/**
 * Floor of the mean squared distance: coinciding points must not become Gaussians of size 0. In squared units of a
 * scene's frame, in which scenes are at least 1 unit large.
 */
const LEAST_DISTANCE2 = 1e-7;

/**
 * Makes one Gaussian of each point: its position and colour, low opacity, no rotation, and the root mean squared
 * distance to the three nearest points as the scale on all axes. On a shell far outside, the scale is the distance
 * between its points.
 *
 * @example
 * ```ts
 * import { initGaussians, openDevice } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * const positions = new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
 * const points = { count: 4, positions, colors: new Uint8Array(12).fill(255) };
 * using gaussians = await initGaussians(device, points, { shDegree: 1 });
 * if (gaussians.count !== 4) throw new Error("one Gaussian a point");
 * ```
 *
 * @param device Open device
 * @param points At least one point; positions in world units
 * @param options Degree of the spherical harmonics, opacity, scale, capacity
 * @returns Gaussians, to be disposed of by the caller
 * @throws {RangeError} When there are no points, a coordinate is not a number or beyond 1e18, or the opacity or the
 * scale is out of its range
 * @throws {TameError} When memory does not suffice
 */
export async function initGaussians(
  device: Device,
  points: PointCloud,
  options: InitOptions = {},
): Promise<Gaussians> {
  const { count, positions, colors } = points;
  const { shDegree = 3, opacity = 0.1, scale = 1, capacity = count, frame = CAPTURE_FRAME, onFallback } = options;
  if (count < 1) throw new RangeError("Cannot make Gaussians: there are no points to start from");
  if (!(opacity > 0 && opacity < 1)) {
    throw new RangeError(`Cannot make Gaussians of opacity ${opacity}: it must be between 0 and 1`);
  }
  if (!(scale > 0 && scale < Infinity)) {
    throw new RangeError(`Cannot make Gaussians of scale ${scale}: it must be greater than 0, and finite`);
  }
  const astray = positions.findIndex((value) => !(Math.abs(value) <= FARTHEST));
  if (astray >= 0) {
    throw new RangeError(
      `Cannot make Gaussians: point ${Math.floor(astray / 3)} has the coordinate ${positions[astray]}, beyond ` +
        `${FARTHEST}: leave it out, or scale the capture down`,
    );
  }
  const distances2 = await squaredSpacing(device, points, onFallback);

  const shDc = new Float32Array(3 * count);
  for (let i = 0; i < shDc.length; i++) shDc[i] = (colors[i] / 255 - 0.5) / SH_C0;
  const logScales = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    logScales.fill(Math.log(scale * Math.sqrt(Math.max(distances2[i], LEAST_DISTANCE2))), 3 * i, 3 * i + 3);
  }

  // New rows have the identity quaternion and no higher harmonics already.
  const gaussians = await Gaussians.createAsync(device, { capacity, shDegree, count });
  try {
    await gaussians.uploadAsync("means", positions);
    await gaussians.uploadAsync("shDc", shDc);
    await gaussians.uploadAsync("opacities", new Float32Array(count).fill(Math.log(opacity / (1 - opacity))));
    await gaussians.uploadAsync("logScales", logScales);
    gaussians.frame = frame;
    return gaussians;
  } catch (error) {
    gaussians[Symbol.dispose]();
    throw error;
  }
}

/** The squared distance of each point to its neighbours. */
async function squaredSpacing(
  device: Device,
  { count, positions, shell }: PointCloud,
  onFallback?: (message: string) => void,
): Promise<Float32Array> {
  if (shell === undefined) return await knnMeanDist2(device, positions, { onFallback });
  const inside = count - shell.count;
  const distances2 = new Float32Array(count).fill(shell.spacing ** 2);
  if (inside > 0) distances2.set(await knnMeanDist2(device, positions.subarray(0, 3 * inside), { onFallback }));
  return distances2;
}

/**
 * Copies Gaussians unchanged to a device. If the degree differs, missing SH coefficients are 0 and surplus ones are
 * dropped.
 *
 * @internal
 * @param device Open device
 * @param splats At least one Gaussian
 * @param options Degree of the spherical harmonics, capacity, frame
 * @returns Gaussians, to be disposed of by the caller
 * @throws {TameError} When memory does not suffice
 */
export async function warmStart(
  device: Device,
  splats: SplatArrays & { count: number },
  { shDegree, capacity, frame }: { shDegree: number; capacity: number; frame?: Frame },
): Promise<Gaussians> {
  const { count } = splats;
  const from = 3 * (splats.shDegree + 1) ** 2;
  const to = 3 * (shDegree + 1) ** 2;
  const sh = from === to ? splats.sh : new Float32Array(to * count);
  if (from !== to) {
    const kept = Math.min(from, to);
    for (let i = 0; i < count; i++) sh.set(splats.sh.subarray(i * from, i * from + kept), i * to);
  }
  const gaussians = await Gaussians.createAsync(device, { capacity, shDegree, count });
  try {
    for (const field of ["means", "logScales", "quats", "opacities"] as const) {
      await gaussians.uploadAsync(field, splats[field]);
    }
    await gaussians.uploadAsync("sh", sh);
    gaussians.frame = frame ?? CAPTURE_FRAME;
    return gaussians;
  } catch (error) {
    gaussians[Symbol.dispose]();
    throw error;
  }
}

/** Options of {@linkcode loadPly}. */
export interface LoadPlyOptions {
  /** Frame that the Gaussians are converted to, such as `scene.frame`. Default the file's own. */
  frame?: Frame;
  /** Called with a line about Gaussians that were left out or clamped, and before a download. */
  onNotice?: (message: string) => void;
  /** Stops the reading of a file that is converted; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Reads Gaussians from a PLY file, such as {@linkcode savePly} writes, or another file of Gaussians: GLB with
 * KHR_gaussian_splatting, CSV, and, through `@playcanvas/splat-transform`, SPZ, SOG, .splat, .ksplat, compressed PLY,
 * and the HTML pages of PlayCanvas's viewer. That library is downloaded from npm the first time, and runs in a process
 * of its own, for which Deno needs `--allow-run`.
 *
 * Infinite opacities and scales are clamped. Gaussians with other numbers that are not finite are left out. They are
 * rendered anti-aliased if the file says so: a PLY by a comment such as `SplatRenderMode: mip` or `antialiased 1`.
 *
 * They are in the frame that its comment `CaptureFrame` states; without it, in the capture's coordinates, or in a frame
 * of their own if these are doubles that float32 cannot hold.
 *
 * @example
 * ```ts no-assert
 * import { loadPly, openDevice } from "../mod.ts";
 *
 * export async function howMany(path: string): Promise<number> {
 *   using device = await openDevice();
 *   using gaussians = await loadPly(device, path, { onNotice: console.warn });
 *   return gaussians.count;
 * }
 * ```
 *
 * @param device Open device
 * @param path File to read
 * @param options Frame to convert them to, notices, signal
 * @returns Gaussians, to be disposed of by the caller
 * @throws {DataError} When the file is missing, damaged, or holds no Gaussians
 * @throws {Error} When it has to be converted, and the library cannot be downloaded or may not be run
 */
export async function loadPly(
  device: Device,
  path: string | URL,
  options: LoadPlyOptions = {},
): Promise<Gaussians> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const splats = await readSplats(file, options);
  const from = frameInComments(splats.comments, file);
  const own = from ?? (splats.means instanceof Float64Array ? frameOf([], splats.means) : CAPTURE_FRAME);
  const { frame = own } = options;
  const { means, ...local } = splatsInFrame(splats, { from, to: frame });
  const gaussians = Gaussians.fromArrays(device, { ...local, means: new Float32Array(means) });
  gaussians.antialiasing = isAntialiased(splats.comments);
  gaussians.frame = frame;
  return gaussians;
}
