// Takes a photo of the demo scene: four rays a pixel, averaged as a camera's sensor would.
import type { Camera } from "../base/scene.ts";
import { add, dot, normalize, scale, type Vec3 } from "../base/vec3.ts";
import { cameraCenter } from "../load/camera.ts";
import type { Ray } from "./shapes.ts";
import type { Thing } from "./still_life.ts";
import { lightAt, look, mayMeet, photoColor, type Sight } from "./tracer.ts";

/**
 * Where the rays of a pixel pass, in pixels from its corner: a rotated grid, which antialiases edges of any direction.
 */
const SAMPLES = [[0.125, 0.625], [0.375, 0.125], [0.625, 0.875], [0.875, 0.375]];

/** Side of the blocks of pixels that share one list of the things in sight. */
const BLOCK = 8;

/** The ray through an image point (pixel (i, j) covers [i, i+1] × [j, j+1]). */
export function rayThrough(camera: Camera, image: { x: number; y: number }): Ray {
  return { origin: cameraCenter(camera), direction: normalize(directionTo(camera, image.x, image.y)) };
}

/** The photo a camera takes: 8-bit RGB, rows from the top. */
export function photograph(things: readonly Thing[], camera: Camera): Uint8Array<ArrayBuffer> {
  const { width, height } = camera;
  const pixels = new Uint8Array(3 * width * height);
  const origin = cameraCenter(camera);
  // Half a block's diagonal, on the image plane at distance 1.
  const spread = BLOCK * Math.SQRT1_2 / Math.min(camera.fx, camera.fy);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const middle = normalize(directionTo(camera, left + BLOCK / 2, top + BLOCK / 2));
      const inSight = things.filter(({ shape }) => mayMeet(shape, { origin, direction: middle, spread }));
      for (let y = top; y < Math.min(top + BLOCK, height); y++) {
        for (let x = left; x < Math.min(left + BLOCK, width); x++) {
          const color = average(
            SAMPLES.map(([dx, dy]) => {
              const direction = normalize(directionTo(camera, x + dx, y + dy));
              return look(inSight, { origin, direction });
            }),
            things,
          );
          const offset = 3 * (y * width + x);
          for (let channel = 0; channel < 3; channel++) pixels[offset + channel] = Math.round(255 * color[channel]);
        }
      }
    }
  }
  return pixels;
}

/** World direction (not of length 1) from a camera to an image point. */
function directionTo(camera: Camera, x: number, y: number): Vec3 {
  const u = (x - camera.cx) / camera.fx;
  const v = (y - camera.cy) / camera.fy;
  const r = camera.rotation;
  return [r[0] * u + r[3] * v + r[6], r[1] * u + r[4] * v + r[7], r[2] * u + r[5] * v + r[8]];
}

/** Mean colour of what a pixel's rays see. */
function average(sights: Sight[], things: readonly Thing[]): Vec3 {
  let sum: Vec3 = [0, 0, 0];
  let lit: Sight | undefined;
  let light: Vec3 = [0, 0, 0];
  for (const sight of sights) {
    // Light changes slowly along a surface: within a pixel it is computed once for each face, the texture for each ray.
    if (!lit || lit.thing !== sight.thing || dot(lit.normal, sight.normal) < 0.9) {
      lit = sight;
      light = lightAt(things, sight);
    }
    sum = add(sum, photoColor(sight, light));
  }
  return scale(sum, 1 / sights.length);
}
