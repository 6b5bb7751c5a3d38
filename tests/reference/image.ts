// Image metrics and the training loss straight from their formulas, float64: PSNR, SSIM (Wang et al. 2004) with a full
// 11 x 11 Gaussian window, and L1 + D-SSIM (Kerbl et al. 2023) with its gradient.

/** An image as the oracles read it: [y][x][channel], 3 channels. */
export interface ReferenceImage {
  width: number;
  height: number;
  rgb: ArrayLike<number>;
}

const CHANNELS = 3;
const RADIUS = 5;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
const WINDOW = gaussianWindow();

/** Peak signal-to-noise ratio in decibels for a peak of 1, over all values at once. */
export function psnrReference(a: ReferenceImage, b: ReferenceImage): number {
  let sum = 0;
  for (let i = 0; i < a.rgb.length; i++) sum += (a.rgb[i] - b.rgb[i]) ** 2;
  return -10 * Math.log10(sum / a.rgb.length);
}

/**
 * Mean structural similarity over channels and pixels.
 *
 * @param padding "same" takes zeros outside the image, "valid" counts only windows wholly inside; "same" when absent.
 */
export function ssimReference(
  a: ReferenceImage,
  b: ReferenceImage,
  { padding = "same" }: { padding?: "same" | "valid" } = {},
): number {
  const margin = padding === "valid" ? RADIUS : 0;
  let sum = 0;
  let count = 0;
  for (let y = margin; y < a.height - margin; y++) {
    for (let x = margin; x < a.width - margin; x++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        sum += similarity(windowMoments(a, b, { x, y, channel })).value;
        count++;
      }
    }
  }
  return sum / count;
}

/**
 * (1 - lambda) mean |a - b| + lambda (1 - SSIM) with "same" padding, and its gradient with respect to a; where a equals
 * b the absolute difference has gradient 0. Where the mask is 0 both pictures hold the value of a, as a constant, and the
 * means go over the other pixels; 0 where there are none.
 *
 * @param lambdaDssim Weight of the SSIM term; 0.2 when absent.
 * @param mask One value a pixel; none is left out when absent.
 */
export function imageLossReference(
  a: ReferenceImage,
  photo: ReferenceImage,
  { lambdaDssim = 0.2, mask }: { lambdaDssim?: number; mask?: ArrayLike<number> } = {},
): { value: number; gradient: Float64Array } {
  const kept = (pixel: number): boolean => mask === undefined || mask[pixel] !== 0;
  const pixels = Array.from({ length: a.width * a.height }, (_, pixel) => pixel);
  const total = CHANNELS * pixels.filter(kept).length;
  const gradient = new Float64Array(a.rgb.length);
  if (total === 0) return { value: 0, gradient };
  const b = {
    ...photo,
    rgb: Float64Array.from(a.rgb, (value, i) => kept(Math.floor(i / CHANNELS)) ? photo.rgb[i] : value),
  };
  let l1 = 0;
  for (let i = 0; i < a.rgb.length; i++) {
    l1 += Math.abs(a.rgb[i] - b.rgb[i]);
    gradient[i] = (1 - lambdaDssim) * Math.sign(a.rgb[i] - b.rgb[i]) / total;
  }
  let ssim = 0;
  for (let y = 0; y < a.height; y++) {
    for (let x = 0; x < a.width; x++) {
      if (!kept(y * a.width + x)) continue;
      for (let channel = 0; channel < CHANNELS; channel++) {
        const { value, dMean, dSquare, dProduct } = similarity(windowMoments(a, b, { x, y, channel }));
        ssim += value;
        forWindow(a, { x, y, channel }, (i, weight) => {
          const change = weight * (dMean + 2 * a.rgb[i] * dSquare + b.rgb[i] * dProduct);
          gradient[i] -= lambdaDssim * change / total;
        });
      }
    }
  }
  gradient.forEach((_, i) => kept(Math.floor(i / CHANNELS)) || (gradient[i] = 0));
  return { value: (1 - lambdaDssim) * l1 / total + lambdaDssim * (1 - ssim / total), gradient };
}

interface Place {
  x: number;
  y: number;
  channel: number;
}

// Weighted means of a, b, a^2, b^2 and a b in a window.
interface Moments {
  a: number;
  b: number;
  aa: number;
  bb: number;
  ab: number;
}

// SSIM of one window, and its derivatives with respect to the moments a, aa and ab.
function similarity({ a, b, aa, bb, ab }: Moments): {
  value: number;
  dMean: number;
  dSquare: number;
  dProduct: number;
} {
  const luminance = 2 * a * b + C1;
  const structure = 2 * (ab - a * b) + C2;
  const means = a * a + b * b + C1;
  const variances = aa - a * a + bb - b * b + C2;
  const value = luminance * structure / (means * variances);
  return {
    value,
    dMean: 2 * b * (structure - luminance) / (means * variances) + 2 * a * value * (1 / variances - 1 / means),
    dSquare: -value / variances,
    dProduct: 2 * luminance / (means * variances),
  };
}

function windowMoments(a: ReferenceImage, b: ReferenceImage, place: Place): Moments {
  const moments: Moments = { a: 0, b: 0, aa: 0, bb: 0, ab: 0 };
  forWindow(a, place, (i, weight) => {
    const [valueA, valueB] = [a.rgb[i], b.rgb[i]];
    moments.a += weight * valueA;
    moments.b += weight * valueB;
    moments.aa += weight * valueA * valueA;
    moments.bb += weight * valueB * valueB;
    moments.ab += weight * valueA * valueB;
  });
  return moments;
}

// Calls with the index and the weight of each value of one channel that lies in the window and in the image.
function forWindow(image: ReferenceImage, { x, y, channel }: Place, visit: (i: number, weight: number) => void): void {
  for (let dy = -RADIUS; dy <= RADIUS; dy++) {
    for (let dx = -RADIUS; dx <= RADIUS; dx++) {
      const [column, row] = [x + dx, y + dy];
      if (column < 0 || column >= image.width || row < 0 || row >= image.height) continue;
      visit(CHANNELS * (row * image.width + column) + channel, WINDOW[RADIUS + dy][RADIUS + dx]);
    }
  }
}

function gaussianWindow(): number[][] {
  const taps = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)));
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((row) => taps.map((column) => row * column / sum ** 2));
}
