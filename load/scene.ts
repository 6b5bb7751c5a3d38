// Loads a capture as a scene: training and test views, initial points, extent.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cameraInFrame, CAPTURE_FRAME, checkFrame, type Frame, pointInFrame, type Pose } from "../base/frame.ts";
import { OptionError, resolveOptions, rowNamed } from "../base/option.ts";
import { type Coverage, DEFAULT_NEAR, type PointCloud, type Scene, type View } from "../base/scene.ts";
import type { Vec3 } from "../base/vec3.ts";
import { cameraCenter } from "./camera.ts";
import { frameNotices, frameOf } from "./capture_frame.ts";
import { knownPoints, pointsOfCapture, pointsOfInit, positionsOf, withSky } from "./first_points.ts";
import { type InitFile, readInitFile } from "./init_file.ts";
import { LOAD_ROWS } from "./option_table.ts";
import { compareCodePoints } from "./order.ts";
import { type PointDepths, SeenPoints } from "./seen_points.ts";
import { ROUNDING, separateOutliers } from "./outliers.ts";
import { readCapture } from "./readers.ts";
import { makeViews } from "./views.ts";

/** Outliers that a notice names. */
const MOST_NAMED = 5;

/** What to load of a capture, and at which size. */
export interface LoadOptions {
  /**
   * The photos' folder, relative to the capture's. A capture that names each photo's path uses it unless another folder
   * is given. Default `"images"`.
   */
  images?: string;
  /**
   * The size to train at. 1, 2, 4 or 8 divides both sides; -1 keeps the size up to 1600 pixels of width and reduces
   * wider photos to that; any other number up to 16384 is the width. Default -1.
   */
  resolution?: number;
  /**
   * Whether to hold views out for evaluation: the capture's own test set, else those that `testEvery` and `testOffset`
   * say. Default false.
   */
  eval?: boolean;
  /** One of every so many views, in the order of names, is held out; 2 or more. Default 8. */
  testEvery?: number;
  /** Index of the first view that is held out, from 0 to `testEvery - 1`. Default 0. */
  testOffset?: number;
  /**
   * Distance of the cameras' near planes: in the capture's units, or as a percentage of 0.2 units of the scene's frame,
   * which are 0.2 · `frame.scale` in the capture's units. Default `"100%"`.
   */
  near?: number | `${number}%`;
  /**
   * Frame of the scene, such as that of Gaussians that are to be rendered in it. By default the capture's own if its
   * coordinates are well conditioned, or with `referenceCameras`, else one in which they are: `docs/guide/captures.md`
   * has the rule.
   */
  frame?: Frame;
  /** Which pixels Gaussians cover in the views. Default `"alpha"`. */
  coverage?: Coverage;
  /**
   * Whether to read cameras and sizes as the reference implementation of Mallick et al. 2024 does, to train in parity
   * with it: central principal points, and its rounding of sizes, which can lose a pixel. Default false.
   */
  referenceCameras?: boolean;
  /**
   * A file to start from instead of the capture's points: a PLY of points, or Gaussians in any format that `loadPly`
   * reads, which training then takes as they are. Default none.
   */
  init?: string | URL;
  /**
   * Whether to add points on a shell far outside, in directions that a training photo sees and no point explains: for
   * skies, and what is far behind. Decodes all training photos once, for their colours. Default false.
   */
  sky?: boolean;
  /**
   * Fewest points to start from, 1 to 10 000 000: a capture with fewer is filled up to them with random ones, in the
   * cameras' view or, for a synthetic scene, in a cube. Unset, a capture without points gets 100 000. Default none.
   */
  randomPoints?: number;
  /**
   * Whether a `transforms.json` may name photos, masks and points outside its own folder. Otherwise that is an error:
   * a capture may come from anywhere. Default false.
   */
  allowOutside?: boolean;
  /**
   * What to do about photos that the capture names and that are not there: `"error"`, or `"skip"` to leave them out,
   * which {@linkcode Scene.notices} counts; without photos that are left it is an error. Unset, a COLMAP model is read
   * with `"error"`, other captures with `"skip"`. Default none.
   */
  missing?: "error" | "skip";
  /**
   * The largest field of view of photos that are undistorted, in degrees from 1 to 170, horizontally and vertically: no
   * side of the pinhole is more than half of it off the axis. It keeps more of a fisheye than without, at the cost of
   * larger photos, or less. Unset, no side is farther from the principal point than twice as far as in the photo.
   * Default none.
   */
  undistortFov?: number;
  /** Seed of random points, if the capture has none or too few. Default 0. */
  seed?: number;
  /** The native library that undistorts photos of cameras with lens distortion, as `openDevice` takes it. */
  library?: string | URL;
  /** Stops the loading; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Loads a capture: a COLMAP model in `sparse` with a folder of photos; a `transforms_train.json`, as synthetic scenes
 * have; a `transforms.json`; or what OpenSfM, Bundler, Metashape, RealityScan, Polycam and Record3D write. `path` is its
 * folder, a zip archive of that, or such a file. Only the photos' headers are read;
 * {@linkcode View.photo} decodes. Each camera is scaled, per axis, to the size its photo is trained at. Photos of a
 * camera with lens distortion are undistorted as they are decoded, which opens the native library.
 *
 * A photo `a/b.jpg` may have a mask of the photo's aspect ratio, if the capture names none: `masks/a/b.jpg.png`, `b.png`,
 * `b.mask.png` or `b_mask.png` there, and so on, or the same in `mask`. Masks are decoded once, to say which are black.
 *
 * Coordinates that are not exact enough in float32, because the capture is far from its origin, or very small,
 * are given a {@linkcode Scene.frame} in which they are; a notice states it. Everything of the scene is in that frame.
 *
 * With `eval`, the capture's test set is held out, else the 1st, 9th, 17th view and so on; `testEvery` and `testOffset`
 * choose others. Where they have no effect because the capture names its test set, or hold out no view,
 * {@linkcode Scene.notices} says so. Without points, random ones are used, and a notice says so;
 * `randomPoints` fills up captures with few. Cameras far from all
 * others have no effect on the extent, and a notice names them.
 *
 * Throws a {@linkcode DataError} when files are missing or damaged, or a photo has another aspect ratio than its
 * camera; a `RangeError` when an option is out of range, or `testOffset` is not less than `testEvery`.
 *
 * @example
 * ```ts ignore
 * import { loadScene } from "./scene.ts";
 *
 * const scene = await loadScene("captures/garden", { images: "images_4", eval: true });
 * console.log(`${scene.train.length} views to train on, ${scene.test.length} held out`);
 * ```
 */
export async function loadScene(path: string | URL, options: LoadOptions = {}): Promise<Scene> {
  const { images, resolution, eval: holdOut, near, init, sky, seed, randomPoints, ...resolved } = resolveOptions(
    LOAD_ROWS,
    options,
  );
  const { allowOutside, missing, undistortFov, ...fold } = resolved;
  const { library, coverage, referenceCameras: reference = false, frame: asked, signal } = options;
  checkFold(fold);
  if (asked !== undefined) checkFrame(asked);
  signal?.throwIfAborted();
  const source = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const start = init === undefined ? undefined : await readStart(init, signal);
  if (sky) checkSky(start);
  const capture = await readCapture(source, { images, eval: holdOut, allowOutside, missing, signal });
  const { photos } = capture;
  const frame = asked ?? (reference ? CAPTURE_FRAME : frameOf(photos, positionsOf(capture, start)));
  const posed = photos.map((photo) => cameraInFrame(photo, { to: frame }));
  const { views, notices } = await makeViews(posed, {
    ...{ resolution, undistortFov, coverage, reference, library, signal },
    near: typeof near === "number" ? near / frame.scale : DEFAULT_NEAR * (parseFloat(near) / 100),
  });

  const byName = [...views.keys()].sort((a, b) => compareCodePoints(views[a].name, views[b].name));
  const order = capture.ordered ? [...views.keys()] : byName;
  const stated = photos.some(({ test }) => test !== undefined);
  const inFold = new Set(byName.filter((_, k) => k % fold.testEvery === fold.testOffset));
  const isTest = (i: number) => holdOut && (stated ? photos[i].test === true : inFold.has(i));
  const trained = order.filter((i) => !isTest(i));

  const { typical, notices: far } = camerasForExtent(
    trained.map((i) => ({ ...photos[i], name: views[i].name, i })),
    reference,
  );
  const all = typical.length > 0 ? typical.map(({ i }) => views[i].camera) : views.map((view) => view.camera);
  const spread = spreadOf(typical);
  const reach = spread.reach / frame.scale;
  const given = start === undefined
    ? pointsOfCapture(capture, {
      ...{ cameras: all, seed, fewest: randomPoints, frame, reference },
      extent: typical.length > 0 ? reach : spreadOf(photos).reach / frame.scale,
    })
    : pointsOfInit(start, frame);
  const extent = spread.inOnePlace && typical.length > 0 && !reference
    ? medianDistance(given.points, pointInFrame(spread.mean, { to: frame }))
    : reach;
  const seenPoints = given.known === 0 ? undefined : new SeenPoints(knownPoints(given), given.tracks);
  const train = trained.map((i): View => {
    if (seenPoints === undefined) return views[i];
    let found: PointDepths | undefined;
    return { ...views[i], depths: () => found ??= seenPoints.depths(views[i].camera, photos[i].imageId) };
  });
  const seen = typical.map(({ i }) => views[i]);
  const points = sky && seen.length > 0 ? await withSky(given, { views: seen, extent }, signal) : given;
  return {
    train,
    test: order.filter(isTest).map((i) => views[i]),
    points: points.points,
    ...(points.splats === undefined ? {} : { splats: points.splats }),
    extent,
    frame,
    source,
    notices: [
      ...capture.notices,
      ...(holdOut ? foldNotices(fold, { views: views.length, stated }) : []),
      ...notices,
      ...far,
      ...frameNotices(frame),
      ...points.notices,
    ],
  };
}

/** The file to start from; its notices say so first if it needed a download. */
async function readStart(init: string | URL, signal: AbortSignal | undefined): Promise<InitFile> {
  const notices: string[] = [];
  const path = init instanceof URL ? fileURLToPath(init) : init;
  const file = await readInitFile(path, { signal, onNotice: (notice) => notices.push(notice) });
  return { ...file, notices: [...notices, ...file.notices] };
}

/** Rejects a shell of points beside Gaussians, of which training makes none. */
function checkSky(start: InitFile | undefined): void {
  if (start?.splats === undefined) return;
  throw new OptionError((option) =>
    `Cannot use ${option("sky")} with Gaussians as ${option("init")}: they are taken as they are. Start from points`
  );
}

/** The cameras that set the scene's extent: all but outliers. The reference implementation has none. */
function camerasForExtent<C extends Pose & { name: string }>(
  cameras: C[],
  reference: boolean,
): { typical: C[]; notices: string[] } {
  const { typical, outliers, radius } = separateOutliers(cameras);
  if (reference || outliers.length === 0) return { typical: cameras, notices: [] };
  const names = outliers.map(({ index, distance }) => `${cameras[index].name} by ${distance.toPrecision(3)}`);
  const listed = names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED), "…"] : names;
  const count = `${outliers.length} of ${cameras.length} cameras`;
  return {
    typical,
    notices: [
      `${count} are far from the others, which are within ${radius.toPrecision(3)} units: ${listed.join(", ")}. ` +
      "They have no effect on the scene's extent, random points and camera paths; their photos are trained on",
    ],
  };
}

/** Which views are held out of a capture that names no test set. */
type Fold = Pick<Required<LoadOptions>, "testEvery" | "testOffset">;

function checkFold({ testEvery, testOffset }: Fold): void {
  if (testOffset < testEvery) return;
  throw new OptionError((option) =>
    `Cannot use ${testOffset} as ${option("testOffset")}: it takes an integer from 0 to ${testEvery - 1}, less than ` +
    option("testEvery")
  );
}

/**
 * Where a fold that was asked for is not what is held out. No error: one command line, or `config.json`, then serves
 * captures with and without a test set, as with other trainers of the family.
 */
function foldNotices({ testEvery, testOffset }: Fold, { views, stated }: { views: number; stated: boolean }): string[] {
  if (!stated) {
    if (testOffset < views) return [];
    return [`No view is held out: there are ${views}, the first would be ${testOffset}, counted from 0`];
  }
  const { default: every } = rowNamed(LOAD_ROWS, "test_every");
  if (testEvery === every && testOffset === 0) return [];
  return ["The capture names its test set, which is held out: test_every and test_offset have no effect"];
}

/**
 * Radius of the region that the cameras span, in world units: 1.1 times the largest distance of a camera's centre from
 * the mean of the centres (Kerbl et al. 2023). If all cameras are in one place, as with a single photo, it is the
 * median distance of the points from there; 0 without points or without cameras. Learning rates and size thresholds
 * scale with it.
 *
 * @example
 * ```ts
 * import { sceneExtent } from "./scene.ts";
 *
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation };
 * console.log(sceneExtent([{ ...camera, translation: [1, 0, 0] }, { ...camera, translation: [-1, 0, 0] }])); // 1.1
 * ```
 */
export function sceneExtent(cameras: readonly Pose[], points?: PointCloud): number {
  const { reach, mean, inOnePlace } = spreadOf(cameras);
  return inOnePlace && cameras.length > 0 && points !== undefined ? medianDistance(points, mean) : reach;
}

/** The mean of the cameras' centres, 1.1 times the largest distance from it, and whether that is a rounding error. */
function spreadOf(cameras: readonly Pose[]): { mean: Vec3; reach: number; inOnePlace: boolean } {
  const centers = cameras.map(cameraCenter);
  const [x, y, z] = [0, 1, 2].map((axis) => centers.reduce((sum, center) => sum + center[axis], 0) / centers.length);
  const distances = centers.map((center) => Math.hypot(center[0] - x, center[1] - y, center[2] - z));
  const reach = 1.1 * distances.reduce((largest, distance) => Math.max(largest, distance), 0);
  return { mean: [x, y, z], reach, inOnePlace: !(reach > ROUNDING * Math.hypot(x, y, z)) };
}

function medianDistance({ count, positions }: PointCloud, [x, y, z]: Vec3): number {
  const distances = Float64Array.from(
    { length: count },
    (_, i) => Math.hypot(positions[3 * i] - x, positions[3 * i + 1] - y, positions[3 * i + 2] - z),
  );
  return distances.sort()[count >> 1] ?? 0;
}
