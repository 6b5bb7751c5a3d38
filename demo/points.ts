// The point cloud that structure from motion would find: points on the visible surfaces, evenly spread as the photos
// see them, with the colour and the small errors that triangulation leaves.
import type { Camera, PointCloud } from "../base/scene.ts";
import { along, dot, normalize, subtract, type Vec3 } from "../base/vec3.ts";
import { cameraCenter } from "../load/camera.ts";
import { rayThrough } from "./photograph.ts";
import { DOME_RADIUS, type Thing } from "./still_life.ts";
import { lightAt, look, photoColor, type Sight } from "./tracer.ts";

/** Pixels of a photo for each candidate: few enough to fill the spacings of the scene. */
const PIXELS_PER_CANDIDATE = 6;
/** Triangulation error: at most this many pixels along each axis. */
const POSITION_ERROR = 0.5;
/** Colour error: at most this many of 255 levels. */
const COLOR_ERROR = 3;
/**
 * The inverse plastic number and its square: multiples of them fill a square evenly (Roberts 2018, the R2 sequence).
 */
const EVEN_X = 0.7548776662466927;
const EVEN_Y = 0.5698402909980532;

/** No surface is farther from a camera, in world units. */
const FARTHEST = 2 * DOME_RADIUS;

/** Points of the things, each seen by two or more of the cameras. */
export function triangulate(things: readonly Thing[], cameras: readonly Camera[]): PointCloud {
  const spread = new Map(things.map((thing) => [thing, new EvenSpread(thing.spacing * FARTHEST / cameras[0].fx)]));
  const noise = new Noise(0x7a3e);
  const positions: number[] = [];
  const colors: number[] = [];
  const { width, height, fx } = cameras[0];
  const candidates = Math.floor(cameras.length * width * height / PIXELS_PER_CANDIDATE);
  for (let index = 0; index < candidates; index++) {
    const view = index % cameras.length;
    const x = width * (index * EVEN_X % 1);
    const y = height * (index * EVEN_Y % 1);
    const sight = look(things, rayThrough(cameras[view], { x, y }));
    const pixel = sight.distance / fx;
    const thinned = spread.get(sight.thing)!;
    if (!thinned.keepsDistance(sight.point, sight.thing.spacing * pixel)) continue;
    if (!cameras.some((camera, other) => other !== view && sees(things, camera, sight))) continue;
    thinned.add(sight.point);
    for (const coordinate of sight.point) positions.push(coordinate + POSITION_ERROR * pixel * noise.next());
    for (const channel of photoColor(sight, lightAt(things, sight))) {
      colors.push(Math.min(255, Math.max(0, Math.round(255 * channel + COLOR_ERROR * noise.next()))));
    }
  }
  return { count: positions.length / 3, positions: Float32Array.from(positions), colors: Uint8Array.from(colors) };
}

/** The image point of a world point; undefined behind the camera or outside its photo. */
export function project(camera: Camera, [x, y, z]: Vec3): { x: number; y: number } | undefined {
  const { rotation: r, translation: t } = camera;
  const depth = r[6] * x + r[7] * y + r[8] * z + t[2];
  if (depth <= 0) return undefined;
  const imageX = camera.cx + camera.fx * (r[0] * x + r[1] * y + r[2] * z + t[0]) / depth;
  const imageY = camera.cy + camera.fy * (r[3] * x + r[4] * y + r[5] * z + t[1]) / depth;
  const inside = imageX >= 0 && imageX < camera.width && imageY >= 0 && imageY < camera.height;
  return inside ? { x: imageX, y: imageY } : undefined;
}

/** Whether a camera's photo shows a surface point: in the image, and not occluded. */
function sees(things: readonly Thing[], camera: Camera, { point }: Sight): boolean {
  if (!project(camera, point)) return false;
  const origin = cameraCenter(camera);
  const direction = normalize(subtract(point, origin));
  const seen = look(things, { origin, direction });
  const gap = subtract(along(origin, direction, seen.distance), point);
  return Math.max(Math.abs(gap[0]), Math.abs(gap[1]), Math.abs(gap[2])) < 1e-4;
}

/** A set of points that answers whether a new one keeps its distance from all others. */
class EvenSpread {
  readonly #cells = new Map<number, Vec3[]>();
  readonly #cellSize: number;

  /** `largest` is the largest distance that will be queried, in world units. */
  constructor(largest: number) {
    this.#cellSize = largest;
  }

  /** Whether every point is at least `distance` away. */
  keepsDistance(point: Vec3, distance: number): boolean {
    const [x, y, z] = point.map((coordinate) => Math.floor(coordinate / this.#cellSize));
    for (let i = x - 1; i <= x + 1; i++) {
      for (let j = y - 1; j <= y + 1; j++) {
        for (let k = z - 1; k <= z + 1; k++) {
          for (const other of this.#cells.get(cellKey(i, j, k)) ?? []) {
            const gap = subtract(other, point);
            if (dot(gap, gap) < distance * distance) return false;
          }
        }
      }
    }
    return true;
  }

  add(point: Vec3): void {
    const [x, y, z] = point.map((coordinate) => Math.floor(coordinate / this.#cellSize));
    const key = cellKey(x, y, z);
    const cell = this.#cells.get(key);
    if (cell) cell.push(point);
    else this.#cells.set(key, [point]);
  }
}

/** One number for a cell of the grid, distinct for coordinates within ±4096. */
function cellKey(x: number, y: number, z: number): number {
  return ((x + 4096) * 8192 + y + 4096) * 8192 + z + 4096;
}

/** Repeatable numbers in −1…1 (xorshift, Marsaglia 2003). */
class Noise {
  #state: number;

  /** `seed` is any integer but 0. */
  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state / 2 ** 31;
  }
}
