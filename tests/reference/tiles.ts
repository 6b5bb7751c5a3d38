// The oracle's tiles: where a splat's alpha reaches 1/255, and the 3 sigma rectangle of Kerbl et al. 2023.
import type { Camera } from "../../base/scene.ts";
import type { Matrix } from "./matrix.ts";

/** Tiles x0 <= x < x1, y0 <= y < y1. */
export interface Rectangle {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Side of a tile in pixels. */
export const TILE = 16;
/** Contributions below are skipped. */
export const SMALLEST_ALPHA = 1 / 255;
// Bounds on the float32 rounding of a centre (pixels and relative).
const CENTER_ROUNDING = 1e-4;
const CENTER_ROUNDING_RELATIVE = 1e-6;
// Bounds on the float32 rounding of an exponent: relative to the terms of the quadratic form, and absolute.
const EXPONENT_ROUNDING_RELATIVE = 1e-6;
const EXPONENT_ROUNDING = 1e-5;

/** The tiles of the whole image. */
export function allTiles(camera: Camera): Rectangle {
  return { x0: 0, y0: 0, x1: Math.ceil(camera.width / TILE), y1: Math.ceil(camera.height / TILE) };
}

/**
 * Whether the smallest E between the pixel centres of any tile is at most that at which alpha is 1/255, moved outwards
 * (+1) or inwards (-1) by the bound on its rounding.
 */
export function reachesTile(
  { center, conic, opacity }: { center: [number, number]; conic: Matrix; opacity: number },
  camera: Camera,
  outwards: number,
): boolean {
  const cut = Math.log(opacity / SMALLEST_ALPHA);
  const { x1, y1 } = allTiles(camera);
  for (let row = 0; row < y1; row++) {
    for (let column = 0; column < x1; column++) {
      const low = [column * TILE + 0.5 - center[0], row * TILE + 0.5 - center[1]];
      const [x, y] = nearest(conic, low, low.map((value) => value + TILE - 1));
      const [along, across, mixed] = [conic[0][0] * x * x, conic[1][1] * y * y, conic[0][1] * x * y];
      const rounding = EXPONENT_ROUNDING + EXPONENT_ROUNDING_RELATIVE * (along + across);
      if (cut + outwards * EXPONENT_ROUNDING >= 0 && (along + across) / 2 + mixed <= cut + outwards * rounding) {
        return true;
      }
    }
  }
  return false;
}

// Where in a box of offsets from the centre E = (A x^2 + C y^2) / 2 + B x y is smallest: at the centre if the box has
// it, else on an edge, on each of which E is a parabola.
function nearest([[A, B], [, C]]: Matrix, low: number[], high: number[]): number[] {
  if (low.every((value, axis) => value <= 0 && high[axis] >= 0)) return [0, 0];
  const onEdges = [
    ...[low[0], high[0]].map((x) => [x, clamp(-B * x / C, low[1], high[1])]),
    ...[low[1], high[1]].map((y) => [clamp(-B * y / A, low[0], high[0]), y]),
  ];
  const energy = ([x, y]: number[]): number => (A * x * x + C * y * y) / 2 + B * x * y;
  return onEdges.reduce((best, point) => energy(point) < energy(best) ? point : best);
}

/** The rectangle of a radius, moved outwards (+1) or inwards (-1) by the bound on the centre's rounding. */
export function tilesWithin(center: [number, number], radius: number, camera: Camera, outwards = 0): Rectangle {
  const [low, high] = [-1, 1].map((side) =>
    center.map((p) => {
      const rounding = outwards * (CENTER_ROUNDING + CENTER_ROUNDING_RELATIVE * Math.abs(p));
      // The rectangle was defined where integer coordinates are pixel centres: half a pixel less than ours.
      return p - 0.5 + side * (radius + rounding);
    })
  );
  const { x1: columns, y1: rows } = allTiles(camera);
  return {
    x0: clamp(Math.trunc(low[0] / TILE), 0, columns),
    y0: clamp(Math.trunc(low[1] / TILE), 0, rows),
    x1: clamp(Math.trunc((high[0] + TILE - 1) / TILE), 0, columns),
    y1: clamp(Math.trunc((high[1] + TILE - 1) / TILE), 0, rows),
  };
}

/** Whether there is no tile. */
export function isEmpty({ x0, y0, x1, y1 }: Rectangle): boolean {
  return x1 <= x0 || y1 <= y0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
