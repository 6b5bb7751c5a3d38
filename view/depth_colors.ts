// Colours for depths: near is light and warm, far is dark and blue; black where nothing is.

/** Opacity from which a pixel counts as covered. */
const COVERED = 0.5;

/** Share of the covered pixels that is nearer, or farther, than the ends of the scale. */
const TAIL = 0.02;

/** Depths that are looked at to find the ends of the scale. */
const SAMPLES = 4096;

/** From far to near. */
const STOPS = [[13, 22, 62], [40, 72, 150], [52, 140, 172], [120, 190, 130], [238, 205, 90], [255, 243, 210]];

/**
 * Colours of depths on a scale of their inverse, which spreads what is near, from the nearest to the farthest in the
 * image.
 *
 * @param depth Depths in world units
 * @param alpha Opacities of the same pixels
 * @returns Three bytes for each pixel
 */
export function depthColors(depth: Float32Array, alpha: Float32Array): Uint8Array {
  const [near, far] = range(depth, alpha);
  const table = gradient();
  const data = new Uint8Array(3 * depth.length);
  const scale = 255 / Math.max(1 / near - 1 / far, 1e-9);
  for (let i = 0; i < depth.length; i++) {
    if (alpha[i] < COVERED) continue;
    const at = 3 * Math.round(Math.min(255, Math.max(0, (1 / depth[i] - 1 / far) * scale)));
    for (let channel = 0; channel < 3; channel++) data[3 * i + channel] = table[at + channel];
  }
  return data;
}

/** Nearest and farthest depth of a sample of the covered pixels, without the tails. */
function range(depth: Float32Array, alpha: Float32Array): [near: number, far: number] {
  const stride = Math.max(1, Math.floor(depth.length / SAMPLES));
  const depths: number[] = [];
  for (let i = 0; i < depth.length; i += stride) {
    if (alpha[i] >= COVERED && depth[i] > 0) depths.push(depth[i]);
  }
  if (depths.length === 0) return [1, 1];
  depths.sort((a, b) => a - b);
  const at = (share: number): number => depths[Math.round(share * (depths.length - 1))];
  return [at(TAIL), at(1 - TAIL)];
}

/** 256 colours, linear between the stops. */
function gradient(): Uint8Array {
  return Uint8Array.from({ length: 3 * 256 }, (_, i) => {
    const place = Math.floor(i / 3) / 255 * (STOPS.length - 1);
    const stop = Math.min(Math.floor(place), STOPS.length - 2);
    const [from, to] = [STOPS[stop][i % 3], STOPS[stop + 1][i % 3]];
    return Math.round(from + (place - stop) * (to - from));
  });
}
