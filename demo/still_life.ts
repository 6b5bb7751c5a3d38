// The demo scene: spheres, boxes and columns on a chequered floor in a dome-shaped studio.
import type { Vec3 } from "../base/vec3.ts";
import { box, cylinder, dome, floor, type Shape, sphere } from "./shapes.ts";
import { backdrop, dots, fadingChecker, flutes, stripes, swirl, type Texture, weave } from "./textures.ts";

/** A painted shape. */
export interface Thing {
  shape: Shape;
  texture: Texture;
  /** Distance between neighbouring points of the point cloud on this surface, in pixels of a photo. */
  spacing: number;
  /** True for a surface that emits light and receives none: the backdrop. */
  luminous?: boolean;
}

/** The point that the cameras look at. */
export const FOCUS: Vec3 = [0, -0.62, 0];

/** Radius of the studio's dome; the cameras orbit well inside it. */
export const DOME_RADIUS = 11;

const HORIZON: Vec3 = [0.62, 0.5, 0.42];

/** Every surface of the scene. */
export function stillLife(): Thing[] {
  return [
    {
      shape: dome(DOME_RADIUS),
      texture: backdrop({
        low: HORIZON,
        middle: [0.5, 0.52, 0.56],
        high: [0.16, 0.27, 0.42],
        glow: [0.86, 0.62, 0.44],
      }),
      spacing: 16,
      luminous: true,
    },
    {
      shape: floor(),
      texture: fadingChecker(
        { light: [0.82, 0.72, 0.58], dark: [0.36, 0.2, 0.15], steepness: 3.5 },
        { tile: 0.6, radius: 3.2, far: [0.5, 0.4, 0.33] },
      ),
      spacing: 7,
    },
    {
      shape: cylinder({ x: 0, z: 0.15 }, { radius: 0.62, height: 0.35 }),
      texture: flutes({ light: [0.9, 0.86, 0.78], dark: [0.55, 0.48, 0.42], steepness: 1.2 }, 18),
      spacing: 4.5,
    },
    {
      shape: sphere([0, -0.97, 0.15], 0.62),
      texture: swirl({ light: [0.86, 0.9, 0.84], dark: [0.02, 0.28, 0.32], steepness: 2 }, 6),
      spacing: 4.5,
    },
    {
      shape: sphere([1.3, -0.45, 0.5], 0.45),
      texture: dots({ light: [0.95, 0.8, 0.62], dark: [0.72, 0.13, 0.08], steepness: 2 }, 2),
      spacing: 4.5,
    },
    {
      shape: sphere([0.7, -0.27, -1.05], 0.27),
      texture: stripes(
        { light: [0.95, 0.68, 0.16], dark: [0.55, 0.2, 0.04], steepness: 1.5 },
        { axis: [0.6, 0.8, 0], period: 0.22, bend: 0.3 },
      ),
      spacing: 4.5,
    },
    {
      shape: box([-1.3, -0.7, 0.55], [0.3, 0.7, 0.3], 0.45),
      texture: weave({ light: [0.55, 0.6, 0.85], dark: [0.09, 0.1, 0.34], steepness: 1.5 }, 0.17),
      spacing: 4.5,
    },
    {
      shape: box([-0.85, -0.2, -0.95], [0.46, 0.2, 0.32], -0.35),
      texture: stripes(
        { light: [0.62, 0.72, 0.4], dark: [0.16, 0.3, 0.14], steepness: 1.5 },
        { axis: [0.7, 0, 0.7], period: 0.3, bend: 0.6 },
      ),
      spacing: 4.5,
    },
    {
      shape: sphere([-0.9, -0.63, -0.95], 0.23),
      texture: weave({ light: [0.95, 0.7, 0.72], dark: [0.62, 0.16, 0.3], steepness: 1.2 }, 0.13),
      spacing: 4.5,
    },
    {
      shape: cylinder({ x: 0.55, z: 1.35 }, { radius: 0.11, height: 1.3 }),
      texture: stripes(
        { light: [0.92, 0.9, 0.84], dark: [0.3, 0.32, 0.38], steepness: 1.5 },
        { axis: [0, 1, 0], period: 0.3, bend: 0 },
      ),
      spacing: 4.5,
    },
    {
      shape: sphere([0.55, -1.52, 1.35], 0.22),
      texture: swirl({ light: [0.98, 0.86, 0.6], dark: [0.85, 0.36, 0.1], steepness: 1.5 }, 4),
      spacing: 4.5,
    },
  ];
}
