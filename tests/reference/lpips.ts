// LPIPS (Zhang et al. 2018, version 0.1) straight from its definition, in float64 and with loops over everything.

import type { ReferenceImage } from "./image.ts";

/** Whose features are compared. */
export type ReferenceNet = "vgg" | "alex";

/** [channels out, kernel, stride, padding, compared?], or the side of a maximum pool of stride 2. */
type Layer = readonly [out: number, kernel: number, stride: number, padding: number, compared: boolean] | number;

const NETS: Record<ReferenceNet, readonly Layer[]> = {
  vgg: [
    ...block(64, 2),
    2,
    ...block(128, 2),
    2,
    ...block(256, 3),
    2,
    ...block(512, 3),
    2,
    ...block(512, 3),
  ],
  alex: [
    [64, 11, 4, 2, true],
    3,
    [192, 5, 1, 2, true],
    3,
    [384, 3, 1, 1, true],
    [256, 3, 1, 1, true],
    [256, 3, 1, 1, true],
  ],
};

const SHIFT = [-0.030, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.450];
const EPSILON = 1e-10;

function block(channels: number, count: number): Layer[] {
  return Array.from({ length: count }, (_, i) => [channels, 3, 1, 1, i === count - 1] as const);
}

/** Features [channel][y][x]. */
interface Features {
  channels: number;
  width: number;
  height: number;
  values: Float64Array;
}

/**
 * The distance of two images.
 *
 * @param weights In the order of `tame_lpips_create`
 * @param range "signed": values 0..1 become -1..1 before the network; "unit": they stay
 */
export function lpipsReference(
  a: ReferenceImage,
  b: ReferenceImage,
  { net, weights, range }: { net: ReferenceNet; weights: ArrayLike<number>; range: "unit" | "signed" },
): number {
  const taps = [a, b].map((image) => compared(image, { net, weights, range }));
  let at = taps[0].end;
  let distance = 0;
  taps[0].features.forEach((ours, tap) => {
    const theirs = taps[1].features[tap];
    const pixels = ours.width * ours.height;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const norm = ({ values }: Features): number => {
        let sum = 0;
        for (let c = 0; c < ours.channels; c++) sum += values[c * pixels + pixel] ** 2;
        return Math.sqrt(sum) + EPSILON;
      };
      const [mine, other] = [norm(ours), norm(theirs)];
      for (let c = 0; c < ours.channels; c++) {
        const i = c * pixels + pixel;
        distance += weights[at + c] * (ours.values[i] / mine - theirs.values[i] / other) ** 2 / pixels;
      }
    }
    at += ours.channels;
  });
  return distance;
}

// The features that are compared, and where in the weights the linear layers begin.
function compared(
  image: ReferenceImage,
  { net, weights, range }: { net: ReferenceNet; weights: ArrayLike<number>; range: "unit" | "signed" },
): { features: Features[]; end: number } {
  let input = scaled(image, range);
  let at = 0;
  const features: Features[] = [];
  for (const layer of NETS[net]) {
    if (typeof layer === "number") {
      input = pooled(input, layer);
      continue;
    }
    const [channels, kernel, stride, padding, isCompared] = layer;
    const size = channels * input.channels * kernel ** 2;
    const bias = at + size;
    input = convolved(
      input,
      { channels, kernel, stride, padding, weight: (i) => weights[at + i] },
      (i) => weights[bias + i],
    );
    at = bias + channels;
    if (isCompared) features.push(input);
  }
  return { features, end: at };
}

function scaled({ width, height, rgb }: ReferenceImage, range: "unit" | "signed"): Features {
  const values = Float64Array.from({ length: 3 * width * height }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / (width * height)), i % (width * height)];
    const color = rgb[3 * pixel + channel];
    return ((range === "signed" ? 2 * color - 1 : color) - SHIFT[channel]) / SCALE[channel];
  });
  return { channels: 3, width, height, values };
}

function convolved(
  input: Features,
  { channels, kernel, stride, padding, weight }: {
    channels: number;
    kernel: number;
    stride: number;
    padding: number;
    weight: (i: number) => number;
  },
  bias: (channel: number) => number,
): Features {
  const width = Math.floor((input.width + 2 * padding - kernel) / stride) + 1;
  const height = Math.floor((input.height + 2 * padding - kernel) / stride) + 1;
  const values = new Float64Array(channels * width * height);
  for (let o = 0; o < channels; o++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = bias(o);
        for (let c = 0; c < input.channels; c++) {
          for (let ky = 0; ky < kernel; ky++) {
            const row = y * stride - padding + ky;
            if (row < 0 || row >= input.height) continue;
            for (let kx = 0; kx < kernel; kx++) {
              const column = x * stride - padding + kx;
              if (column < 0 || column >= input.width) continue;
              sum += weight(((o * input.channels + c) * kernel + ky) * kernel + kx) *
                input.values[(c * input.height + row) * input.width + column];
            }
          }
        }
        values[(o * height + y) * width + x] = Math.max(sum, 0);
      }
    }
  }
  return { channels, width, height, values };
}

function pooled(input: Features, kernel: number): Features {
  const width = Math.floor((input.width - kernel) / 2) + 1;
  const height = Math.floor((input.height - kernel) / 2) + 1;
  const values = new Float64Array(input.channels * width * height);
  for (let c = 0; c < input.channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let most = -Infinity;
        for (let ky = 0; ky < kernel; ky++) {
          for (let kx = 0; kx < kernel; kx++) {
            most = Math.max(most, input.values[(c * input.height + 2 * y + ky) * input.width + 2 * x + kx]);
          }
        }
        values[(c * height + y) * width + x] = most;
      }
    }
  }
  return { channels: input.channels, width, height, values };
}
