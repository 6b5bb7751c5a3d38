// What training starts from, in the scene's frame: points of the capture, random ones, or those of an init file.

import {
  CAPTURE_FRAME,
  type Coordinates,
  floatPointsInFrame,
  type Frame,
  type FrameChange,
  pointsInFrame,
  sameFrame,
  splatsInFrame,
} from "../base/frame.ts";
import type { Camera, PlySplats, PointCloud } from "../base/scene.ts";
import type { Capture, CapturePoints } from "./capture.ts";
import { precisionNotices } from "./capture_frame.ts";
import type { InitFile } from "./init_file.ts";
import {
  cubeOf,
  joinPoints,
  pointsInCube,
  pointsInViews,
  RANDOM_POINTS,
  REFERENCE_CUBE,
  usablePoints,
} from "./points.ts";
import type { Tracks } from "./tracks.ts";
import { skyPoints, type Surrounded } from "./sky.ts";

/** Coordinates of the points that training starts from, in the capture's frame. */
export function positionsOf({ points }: Capture, start: InitFile | undefined): Coordinates | undefined {
  return start === undefined ? points?.positions : pointsInFrame(start.points.positions, { from: start.frame });
}

/** What training starts from, in the scene's frame. */
export interface FirstPoints {
  /** At least one point. */
  points: PointCloud;
  /** How many of them, the first ones, are not random. */
  known: number;
  /** Which photos show these, if the capture says so. */
  tracks?: Tracks;
  /** Gaussians, if an init file has some. */
  splats?: PlySplats;
  /** What a user should know about them, one line each. */
  notices: string[];
}

/** What the first points of a capture depend on besides its own points. */
export interface Surroundings {
  /** The cameras that random points are placed for, in the scene's frame. */
  cameras: Camera[];
  /** Seed of random points. */
  seed: number;
  /** A capture with fewer points is filled up with random ones; undefined fills up one without any. */
  fewest: number | undefined;
  /** The scene's frame. */
  frame: Frame;
  /** Extent of the cameras, in units of the frame. */
  extent: number;
  /** Whether random points are those of the reference implementation. */
  reference: boolean;
}

/** The capture's points with usable coordinates, filled up with random ones if there are none or too few. */
export function pointsOfCapture(capture: Capture, surroundings: Surroundings): FirstPoints {
  const { frame, fewest = RANDOM_POINTS } = surroundings;
  const notices: string[] = [];
  let own: PointCloud | undefined, tracks: Tracks | undefined;
  if (capture.points !== undefined) {
    const inRange = usablePoints(capture.points).points;
    const usable = usablePoints(inFrame(inRange, { to: frame })); // another unit may take them out of range
    const { tracks: shown, ...points } = usable.points;
    tracks = shown;
    const dropped = capture.points.count - points.count;
    if (dropped > 0) notices.push(droppedNotice(dropped, capture.points.count));
    if (points.count > 0) {
      own = points;
      notices.push(...precisionNotices(capture.points.positions, frame));
    }
  }
  const known = own?.count ?? 0;
  if (own !== undefined && known >= (surroundings.fewest ?? 0)) return { points: own, known, tracks, notices };
  const count = fewest - known;
  const { points, where } = randomPoints(capture.fallback, count, surroundings);
  if (own === undefined) {
    notices.push(`The capture has no points: training starts from ${count} random ones ${where}`);
    return { points, known, notices };
  }
  const few = `The capture has ${known} points, fewer than ${fewest}`;
  notices.push(`${few}: training starts from these and ${count} random ones ${where}`);
  return { points: joinPoints(own, points), known, tracks, notices };
}

/** Random points, and where they are. */
function randomPoints(
  fallback: Capture["fallback"],
  count: number,
  { cameras, seed, frame, extent, reference }: Surroundings,
): { points: PointCloud; where: string } {
  if (fallback === "views") {
    return { points: pointsInViews(cameras, { seed, count, extent }), where: "in the cameras' view" };
  }
  const moved = frame.origin.some((value) => value !== 0);
  const cube = reference ? REFERENCE_CUBE : cubeOf(cameras, { extent, moved });
  const about = moved ? " about what the cameras look at" : "";
  return {
    points: pointsInCube({ seed, count }, cube),
    where: `in the cube from ${-cube.half} to ${cube.half}${about}`,
  };
}

/** The points that are not random. */
export function knownPoints({ points: { positions, colors }, known }: FirstPoints): PointCloud {
  return { count: known, positions: positions.subarray(0, 3 * known), colors: colors.subarray(0, 3 * known) };
}

/**
 * The same with a shell of far points where photos have pixels that no known point explains.
 *
 * @param first What training would start from
 * @param scene The views, and the extent of their cameras
 * @param signal Stops the decoding of the photos
 */
export async function withSky(
  first: FirstPoints,
  scene: Omit<Surrounded, "points">,
  signal?: AbortSignal,
): Promise<FirstPoints> {
  const { points, radius, spacing } = await skyPoints({ ...scene, points: knownPoints(first) }, signal);
  const { count } = points;
  if (count === 0) {
    const none = "No points are added for the sky: the capture's points explain what its photos show";
    return { ...first, notices: [...first.notices, none] };
  }
  return {
    ...first,
    points: { ...joinPoints(first.points, points), shell: { count, spacing } },
    notices: [
      ...first.notices,
      `${count} points are added for the sky and what is far behind, ${radius.toPrecision(3)} units from the cameras`,
    ],
  };
}

/** The points or Gaussians of an init file. */
export function pointsOfInit({ points, splats, frame: from, notices }: InitFile, to: Frame): FirstPoints {
  const local = inFrame(points, { from, to });
  return {
    points: local,
    known: splats === undefined ? local.count : 0, // centres of Gaussians are not on surfaces
    ...(splats && { splats: { ...splatsInFrame(splats, { from, to }), means: local.positions } }),
    notices: [...notices, ...(sameFrame(from, CAPTURE_FRAME) ? precisionNotices(points.positions, to) : [])],
  };
}

/** Points as float32, with a frame taken off. */
function inFrame(points: CapturePoints, change: FrameChange): PointCloud & Pick<CapturePoints, "tracks"> {
  return { ...points, positions: floatPointsInFrame(points.positions, change) };
}

/** A line about points that were left out. */
function droppedNotice(dropped: number, count: number): string {
  return `${dropped} of ${count} points are left out: their coordinates are not finite numbers, or beyond 1e18`;
}
