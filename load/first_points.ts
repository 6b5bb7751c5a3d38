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
import { cubeOf, pointsInCube, pointsInViews, RANDOM_POINTS, REFERENCE_CUBE, usablePoints } from "./points.ts";

/** Coordinates of the points that training starts from, in the capture's frame. */
export function positionsOf({ points }: Capture, start: InitFile | undefined): Coordinates | undefined {
  return start === undefined ? points?.positions : pointsInFrame(start.points.positions, { from: start.frame });
}

/** What training starts from, in the scene's frame. */
export interface FirstPoints {
  /** At least one point. */
  points: PointCloud;
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
  /** The scene's frame. */
  frame: Frame;
  /** Extent of the cameras, in units of the frame. */
  extent: number;
  /** Whether random points are those of the reference implementation. */
  reference: boolean;
}

/** The capture's points with usable coordinates; random ones if there are none. */
export function pointsOfCapture(
  capture: Capture,
  { cameras, seed, frame, extent, reference }: Surroundings,
): FirstPoints {
  const notices: string[] = [];
  if (capture.points !== undefined) {
    const inRange = usablePoints(capture.points).points;
    const { points } = usablePoints(inFrame(inRange, { to: frame })); // another unit may take them out of range
    const dropped = capture.points.count - points.count;
    if (dropped > 0) notices.push(droppedNotice(dropped, capture.points.count));
    if (points.count > 0) {
      return { points, notices: [...notices, ...precisionNotices(capture.points.positions, frame)] };
    }
  }
  if (capture.fallback === "views") {
    notices.push(randomNotice("in the cameras' view"));
    return { points: pointsInViews(cameras, { seed, extent }), notices };
  }
  const moved = frame.origin.some((value) => value !== 0);
  const cube = reference ? REFERENCE_CUBE : cubeOf(cameras, { extent, moved });
  notices.push(
    randomNotice(`in the cube from ${-cube.half} to ${cube.half}${moved ? " about what the cameras look at" : ""}`),
  );
  return { points: pointsInCube(seed, cube), notices };
}

function randomNotice(where: string): string {
  return `The capture has no points: training starts from ${RANDOM_POINTS} random ones ${where}`;
}

/** The points or Gaussians of an init file. */
export function pointsOfInit({ points, splats, frame: from, notices }: InitFile, to: Frame): FirstPoints {
  const local = inFrame(points, { from, to });
  return {
    points: local,
    ...(splats && { splats: { ...splatsInFrame(splats, { from, to }), means: local.positions } }),
    notices: [...notices, ...(sameFrame(from, CAPTURE_FRAME) ? precisionNotices(points.positions, to) : [])],
  };
}

/** Points as float32, with a frame taken off. */
function inFrame(points: CapturePoints, change: FrameChange): PointCloud {
  return { ...points, positions: floatPointsInFrame(points.positions, change) };
}

/** A line about points that were left out. */
function droppedNotice(dropped: number, count: number): string {
  return `${dropped} of ${count} points are left out: their coordinates are not finite numbers, or beyond 1e18`;
}
