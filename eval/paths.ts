/**
 * Camera paths for videos: an orbit and a spiral fitted to the cameras of a capture, and smooth paths through
 * keyframes.
 *
 * All are pure functions from cameras to cameras. Rotations are interpolated by squad (Shoemake 1987), positions and
 * focal lengths by Catmull-Rom splines.
 *
 * @module
 */

import { OptionError } from "../base/option.ts";
import type { Camera } from "../base/scene.ts";
import { add, axisOf, cross, dot, length, normalize, scale, subtract, type Vec3 } from "../base/vec3.ts";
import { cameraCenter, meanUp, resizeCamera, rotationFromQuaternion } from "../load/camera.ts";
import { separateOutliers } from "../load/outliers.ts";
import { quaternionFromRotation, squad } from "./quaternion.ts";
import { catmullRom } from "./spline.ts";

/** A camera at a time of a path. */
export interface Keyframe {
  /** The camera that the path goes through. */
  camera: Camera;
  /** Time, in any unit; ascending. */
  time: number;
}

const AXES: Vec3[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

/** Cameras face one way if the mean of their directions is at least this long: within about 45 degrees of it. */
const FACING = 0.75;

/** Fractions of a length below this count as 0. */
const LEAST = 1e-3;

/** Turns of a spiral. */
const SPIRAL_ROUNDS = 2;

/** A spiral moves back and forth once in this many turns. */
const SPIRAL_PITCH = 2;

/** Fraction of the cameras within a spiral's width. */
const SPIRAL_SHARE = 0.9;

/**
 * A camera at one position that looks at another.
 *
 * @param template Size, focal lengths and principal point
 * @param look Position, target and up direction; world coordinates
 * @returns The camera
 * @throws {RangeError} When position and target coincide, or the camera looks along `up`
 */
export function lookAt(template: Camera, look: { position: Vec3; target: Vec3; up: Vec3 }): Camera {
  const forward = normalize(subtract(look.target, look.position));
  const right = normalize(cross(forward, look.up));
  if (![...forward, ...right].every(Number.isFinite)) {
    throw new RangeError("Cannot look at the camera's own position, or along the up direction");
  }
  const down = cross(forward, right);
  return placed(template, [...right, ...down, ...forward], look.position);
}

/**
 * A circle at the cameras' mean height and distance that looks at what they look at, closed: the frame after the last
 * would be the first. It lies around the scene, about the cameras' common up direction. If the cameras face one way, as
 * in aerial photos, it lies in front of the scene, about their viewing direction.
 *
 * @param all Cameras of a capture, at least one; those far from all others have no effect. The first of the rest gives
 *   size and lens
 * @param frames Number of cameras
 * @returns Cameras in their order
 */
export function orbitPath(all: readonly Camera[], frames: number): Camera[] {
  const cameras = separateOutliers(all).typical;
  const { center, target, forward } = standpoint(cameras);
  const common = commonUp(cameras);
  const facing = length(forward) > FACING;
  const axis = facing ? scale(normalize(forward), -1) : common;
  const across = reject(common, axis);
  const up = facing ? (length(across) > LEAST ? across : anyAcross(axis)) : common;
  const offsets = cameras.map((camera) => subtract(cameraCenter(camera), target));
  const height = offsets.reduce((sum, offset) => sum + dot(offset, axis), 0) / offsets.length;
  const radius = offsets.reduce((sum, offset) => sum + length(reject(offset, axis)), 0) / offsets.length;
  const toCenter = reject(subtract(center, target), axis);
  const x = length(toCenter) > LEAST * radius ? normalize(toCenter) : anyAcross(axis);
  const y = cross(axis, x);
  return Array.from({ length: frames }, (_, frame) => {
    const angle = 2 * Math.PI * frame / frames;
    const around = add(scale(x, radius * Math.cos(angle)), scale(y, radius * Math.sin(angle)));
    return lookAt(cameras[0], { position: add(target, add(around, scale(axis, height))), target, up });
  });
}

/**
 * A closed spiral about the camera nearest to the centre of all, looking at what they look at (Mildenhall et al. 2019),
 * as wide as they are spread, but at most a third of the distance to that point.
 *
 * @param all Cameras of a capture, at least one; those far from all others have no effect. The first of the rest gives
 *   size and lens
 * @param frames Number of cameras
 * @returns Cameras in their order
 */
export function spiralPath(all: readonly Camera[], frames: number): Camera[] {
  const cameras = separateOutliers(all).typical;
  const { center, target } = standpoint(cameras);
  const away = (camera: Camera): number => length(subtract(cameraCenter(camera), center));
  const middle = cameras.reduce((best, camera) => away(camera) < away(best) ? camera : best);
  const start = cameraCenter(middle);
  const axes = [0, 1, 2].map((row) => axisOf(middle.rotation, row));
  const up = scale(axes[1], -1);
  const widest = length(subtract(target, start)) / 3;
  const offsets = cameras.map((camera) => subtract(cameraCenter(camera), start));
  const radii = axes.map((axis) =>
    Math.min(quantile(offsets.map((offset) => Math.abs(dot(offset, axis))), SPIRAL_SHARE), widest)
  );
  return Array.from({ length: frames }, (_, frame) => {
    const angle = 2 * Math.PI * SPIRAL_ROUNDS * frame / frames;
    const moves = [Math.cos(angle), Math.sin(angle), Math.sin(angle / SPIRAL_PITCH)];
    const position = axes.reduce((sum, axis, i) => add(sum, scale(axis, radii[i] * moves[i])), start);
    return lookAt(cameras[0], { position, target, up });
  });
}

/**
 * A smooth path through keyframes, evenly sampled in time.
 *
 * @param keyframes At least one; times ascend. Sizes are those of the first
 * @param options Number of cameras; whether the path is closed: it then returns to the first keyframe after a step as
 *   long as the mean of the others
 * @returns Cameras in their order
 */
export function keyframePath(
  keyframes: readonly Keyframe[],
  options: { frames: number; loop?: boolean },
): Camera[] {
  const { frames, loop = false } = options;
  const [{ camera: first }] = keyframes;
  if (keyframes.length === 1) return Array.from({ length: frames }, () => first);
  const times = keyframes.map(({ time }) => time);
  const start = times[0], end = times[times.length - 1];
  const period = loop ? (end - start) * keyframes.length / (keyframes.length - 1) : undefined;
  const curve = { times, period };
  const centers = keyframes.map(({ camera }) => cameraCenter(camera));
  const lenses = keyframes.map(({ camera: { fx, fy, cx, cy } }) => [fx, fy, cx, cy]);
  const turns = keyframes.map(({ camera }) => quaternionFromRotation(camera.rotation));
  return Array.from({ length: frames }, (_, frame) => {
    const time = period !== undefined
      ? start + period * frame / frames
      : start + (end - start) * (frames === 1 ? 0 : frame / (frames - 1));
    const [fx, fy, cx, cy] = catmullRom({ ...curve, values: lenses }, time);
    const rotation = rotationFromQuaternion(squad({ ...curve, values: turns }, time));
    const [x, y, z] = catmullRom({ ...curve, values: centers }, time);
    return placed({ ...first, fx, fy, cx, cy }, rotation, [x, y, z]);
  });
}

/** Largest width and height of a render, in pixels. */
export const LARGEST_SIDE = 16_384;

/**
 * A path at another size: the same views, with the width given and the height of the same aspect ratio, rounded.
 *
 * @param cameras The path, all of one size
 * @param width Width in pixels, from 1 to {@linkcode LARGEST_SIDE}
 * @returns Cameras in their order
 * @throws {OptionError} When the height would be more than {@linkcode LARGEST_SIDE}
 */
export function pathAtWidth(cameras: readonly Camera[], width: number): Camera[] {
  return cameras.map((camera) => {
    const height = Math.max(1, Math.round(camera.height * width / camera.width));
    if (height > LARGEST_SIDE) {
      throw new OptionError((option) =>
        `Cannot use ${width} as ${option("width")}: frames would be ${height} pixels high, at most ${LARGEST_SIDE}`
      );
    }
    return resizeCamera(camera, { width, height });
  });
}

/**
 * Where cameras stand and what they look at.
 *
 * @param cameras At least one
 * @returns Their mean position, the mean of their viewing directions, and the point that they look at, in the world
 */
export function standpoint(cameras: readonly Camera[]): { center: Vec3; forward: Vec3; target: Vec3 } {
  const centers = cameras.map(cameraCenter);
  const forwards = cameras.map((camera) => axisOf(camera.rotation, 2));
  return { center: meanOf(centers), forward: meanOf(forwards), target: focus(centers, forwards) };
}

/**
 * The mean up direction of cameras.
 *
 * @param cameras At least one
 * @returns A unit vector; cameras without a common up direction get one across the first camera's viewing direction
 */
export function commonUp(cameras: readonly Camera[]): Vec3 {
  const mean = meanUp(cameras);
  return length(mean) > LEAST ? normalize(mean) : anyAcross(axisOf(cameras[0].rotation, 2));
}

/**
 * The point nearest to all optical axes, in the least-squares sense. For nearly parallel axes that point can be
 * anywhere, also behind the cameras; it is then the point ahead of them at twice their spread.
 */
function focus(centers: readonly Vec3[], forwards: readonly Vec3[]): Vec3 {
  const center = meanOf(centers);
  const spread = Math.max(...centers.map((place) => length(subtract(place, center))), LEAST);
  const ahead = meanOf(centers.map((place, i) => add(place, scale(forwards[i], 2 * spread))));
  const pull = 1e-9 * centers.length; // axes that are exactly parallel have no nearest point
  let side = scale(ahead, pull);
  let rows = AXES.map((axis) => scale(axis, pull));
  for (const [i, place] of centers.entries()) {
    const across = (vector: Vec3): Vec3 => reject(vector, forwards[i]); // I − d dᵀ for an axis along d
    side = add(side, across(place));
    rows = rows.map((row, k) => add(row, across(AXES[k])));
  }
  const nearest = solve(rows, side);
  const depths = centers.map((place, i) => dot(subtract(nearest, place), forwards[i]));
  return quantile(depths, 0.5) > spread / 4 ? nearest : ahead;
}

/** Cramer's rule for a symmetric, positive definite system. */
function solve([a, b, c]: Vec3[], side: Vec3): Vec3 {
  const determinant = dot(a, cross(b, c));
  return [
    dot(side, cross(b, c)) / determinant,
    dot(a, cross(side, c)) / determinant,
    dot(a, cross(b, side)) / determinant,
  ];
}

/** A camera with another rotation and position. */
function placed(template: Camera, rotation: number[], position: Vec3): Camera {
  const translation = [0, 1, 2].map((row) => -dot(axisOf(rotation, row), position));
  return { ...template, rotation, translation };
}

function meanOf(vectors: readonly Vec3[]): Vec3 {
  return scale(vectors.reduce(add, [0, 0, 0]), 1 / vectors.length);
}

/** The part of a vector that is perpendicular to a unit direction. */
function reject(vector: Vec3, direction: Vec3): Vec3 {
  return subtract(vector, scale(direction, dot(vector, direction)));
}

/** Some unit direction perpendicular to another. */
function anyAcross(direction: Vec3): Vec3 {
  const [x, y, z] = direction.map(Math.abs);
  return normalize(cross(direction, AXES[x <= y && x <= z ? 0 : y <= z ? 1 : 2]));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
