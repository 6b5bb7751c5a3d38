// Synthetic scenes of any size, the same in every run: a cube of Gaussians, and views of it from a circle.

import type { Camera, Image8, ImageSize } from "../../base/scene.ts";
import { fieldWidth, type SplatArrays } from "../../ffi/gaussians.ts";

/** Gaussians spread evenly over a cube, each of about the size of its share. */
export function cloudArrays(count: number, shDegree: number): SplatArrays {
  const logScale = Math.log(0.6 * count ** (-1 / 3));
  let drawn = 0;
  const uniform = (width: number, middle: number, reach: number): Float32Array => {
    const values = new Float32Array(width * count);
    for (let i = 0; i < values.length; i++) values[i] = middle + reach * (2 * mixed(drawn + i) - 1);
    drawn += values.length;
    return values;
  };
  return {
    means: uniform(3, 0, 1),
    logScales: uniform(3, logScale, 0.5),
    quats: uniform(4, 0, 0.5),
    opacities: uniform(1, 0, 2),
    sh: uniform(fieldWidth("sh", shDegree), 0, 0.5),
    shDegree,
  };
}

/**
 * A number from 0 to 1 that looks random: the index through MurmurHash3's 32-bit mix. Philox would take minutes for the
 * 295 million values of 5 million Gaussians, and the quality of the numbers does not matter here.
 */
function mixed(index: number): number {
  let bits = Math.imul(index, 0x9e3779b9); // steps of the golden ratio, so that 0 and 1 have little in common
  bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b);
  bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35);
  return ((bits ^ bits >>> 16) >>> 0) / 2 ** 32;
}

/** Cameras on a circle that look at the cube's middle and see all of its width. */
export function circleCameras(views: number, { width, height }: ImageSize): Camera[] {
  return Array.from({ length: views }, (_, view) => {
    const angle = 2 * Math.PI * view / views;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    return {
      width,
      height,
      fx: width,
      fy: width,
      cx: width / 2,
      cy: height / 2,
      rotation: [cos, 0, -sin, 0, 1, 0, sin, 0, cos], // rows: right, down, forward
      translation: [0, 0, 3],
    };
  });
}

/** A photo of stripes. */
export function stripes({ width, height }: ImageSize): Image8 {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < data.length; i++) data[i] = i % 251;
  return { width, height, channels: 3, data };
}
