// The capture's cameras as pyramids in the scene, which can be picked.

import { add, dot, scale, subtract, type Vec3 } from "../../base/vec3.ts";
import type { PageCameras } from "../model_protocol.ts";
import type { PageCamera } from "../protocol.ts";
import type { Geometry, Scene, Thing, Three } from "./drawing.ts";

/** Height of a pyramid, as a share of the extent of all cameras. */
const LENGTH = 0.08;

/** Pixels of the page around a camera in which a click picks it. */
const REACH = 18;

/** Colours of held-out and training views. */
const COLORS = { test: [1, 0.66, 0.2], train: [0.35, 0.66, 1] };

/** The edges of a pyramid: from its tip, 0, to the corners 1 to 4, and around. */
const EDGES = [0, 1, 0, 2, 0, 3, 0, 4, 1, 2, 2, 3, 3, 4, 4, 1];

/** Draws the cameras. */
export class Frusta {
  readonly #three: Three;
  readonly #scene: Scene;
  #lines: Thing | undefined;
  #geometry: Geometry | undefined;
  #shown = false;

  constructor(three: Three, scene: Scene) {
    this.#three = three;
    this.#scene = scene;
  }

  /** Whether they are drawn. */
  set shown(shown: boolean) {
    this.#shown = shown;
    if (this.#lines !== undefined) this.#lines.visible = shown;
  }

  /** Takes the cameras of a capture. */
  set({ views, extent }: PageCameras): void {
    const { BufferAttribute, BufferGeometry, LineBasicMaterial, LineSegments } = this.#three;
    const positions = views.flatMap(({ camera }) => {
      const corners = pyramid(camera, LENGTH * extent);
      return EDGES.flatMap((corner) => [...corners[corner]]);
    });
    const colors = views.flatMap(({ set }) => EDGES.flatMap(() => COLORS[set]));
    if (this.#lines !== undefined) this.#scene.remove(this.#lines);
    this.#geometry?.dispose();
    this.#geometry = new BufferGeometry();
    this.#geometry.setAttribute("position", new BufferAttribute(Float32Array.from(positions), 3));
    this.#geometry.setAttribute("color", new BufferAttribute(Float32Array.from(colors), 3));
    const material = new LineBasicMaterial({ vertexColors: true, depthTest: false, transparent: true });
    this.#lines = new LineSegments(this.#geometry, material);
    this.#lines.frustumCulled = false;
    this.#lines.visible = this.#shown;
    this.#scene.add(this.#lines);
  }
}

/**
 * The view whose camera is drawn at a place.
 *
 * @param shot The camera of the picture
 * @param place Where, in pixels of the picture
 * @param density Pixels of the picture in one of the page
 */
export function pickView(
  { views, extent }: PageCameras,
  shot: PageCamera,
  place: { x: number; y: number },
  density: number,
): number | undefined {
  const distances = views.map(({ camera }) => {
    const [tip, ...corners] = pyramid(camera, LENGTH * extent);
    const middle = scale(corners.reduce(add), 1 / corners.length);
    return Math.min(...[tip, middle].map((point) => distanceTo(project(shot, point), place)));
  });
  const nearest = distances.indexOf(Math.min(...distances));
  return distances[nearest] <= REACH * density ? nearest : undefined;
}

/** Tip and corners of a camera's pyramid, in the world. */
function pyramid(camera: PageCamera, length: number): Vec3[] {
  const { width, height, fx, fy, cx, cy } = camera;
  const corners = [[0, 0], [width, 0], [width, height], [0, height]]
    .map(([x, y]): Vec3 => [(x - cx) / fx * length, (y - cy) / fy * length, length]);
  return [[0, 0, 0] as Vec3, ...corners].map((corner) => toWorld(camera, corner));
}

/** Rᵀ (x − t). */
function toWorld({ rotation: r, translation }: PageCamera, point: Vec3): Vec3 {
  const from = subtract(point, translation as unknown as Vec3);
  return [0, 1, 2].map((axis) => dot([r[axis], r[3 + axis], r[6 + axis]], from)) as unknown as Vec3;
}

/** Where a point is in a picture; undefined behind the camera. */
function project({ fx, fy, cx, cy, rotation: r, translation: t }: PageCamera, point: Vec3) {
  const [x, y, z] = [0, 1, 2].map((row) => dot([r[3 * row], r[3 * row + 1], r[3 * row + 2]], point) + t[row]);
  return z > 0 ? { x: cx + fx * x / z, y: cy + fy * y / z } : undefined;
}

function distanceTo(from: { x: number; y: number } | undefined, to: { x: number; y: number }): number {
  return from === undefined ? Infinity : Math.hypot(from.x - to.x, from.y - to.y);
}
