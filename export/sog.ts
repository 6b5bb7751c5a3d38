// Writes SOG files, version 2 (PlayCanvas 2025): the parameters of the Gaussians as the pixels of lossless WebP images, in
// a zip file. The harmonics above degree 0 come from a palette.

import type { PlySplats } from "../base/scene.ts";
import project from "../deno.json" with { type: "json" };
import { loadSharp } from "../ffi/sharp.ts";
import { quantise } from "./codebook.ts";
import { spatialOrder } from "./spatial_order.ts";
import { findPalette } from "./palette.ts";
import { storedZip } from "./zip.ts";

/** The largest palette that 16-bit labels can name. */
const MOST_ENTRIES = 65536;

/** Entries in a row of the palette's image. */
const ROW_ENTRIES = 64;

/** The components of a quaternion that are stored, by the largest, which is left out. */
const STORED = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]];

/** Seconds that a number of the harmonics above degree 0 takes to find a place in the palette, on one slow core. */
const NUMBER_SECONDS = 2.5e-6;

/** Seconds of a Gaussian's other parameters and of the compression. */
const GAUSSIAN_SECONDS = 3e-5;

/** Steps beside the palette that are not images: the order, positions, scales, rotations, colours. */
const OTHER_STEPS = 5;

/** Images of a file without and with harmonics above degree 0. */
const IMAGES = { plain: 5, withHarmonics: 7 };

/** About how long {@linkcode encodeSog} takes, in seconds: it uses one core, and no GPU. */
export function sogSeconds({ count, shDegree }: Pick<PlySplats, "count" | "shDegree">): number {
  return count * (GAUSSIAN_SECONDS + NUMBER_SECONDS * 3 * ((shDegree + 1) ** 2 - 1));
}

/** How a file is written. */
export interface SogOptions {
  /** Whether the Gaussians are to be rendered anti-aliased. */
  antialiased: boolean;
  /** Stops the work; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the share of the work that is done, up to 1. */
  onProgress?: (share: number) => void;
}

/** An image: four bytes a pixel. */
interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

/**
 * The bytes of a `.sog` file. Positions get 16 bits of their logarithm on each axis, log-scales and colours an entry of
 * a codebook of 256, rotations and opacities 8 bits a component; the order becomes that of a space-filling curve.
 *
 * @internal
 */
export async function encodeSog(splats: PlySplats, options: SogOptions): Promise<Uint8Array> {
  const { count } = splats;
  const work = new Work(splats, options);
  await work.begin();
  const order = spatialOrder(splats.means);
  await work.step();
  // The sides are multiples of 4, as graphics cards like them.
  const width = 4 * Math.ceil(Math.sqrt(count) / 4);
  const image = (): Pixels => {
    const height = 4 * Math.ceil(count / width / 4);
    return { width, height, data: new Uint8Array(4 * width * height).fill(255) };
  };
  const means = meansImages(splats, { order, low: image(), high: image() });
  await work.step();
  const scales = scalesImage(splats, { order, pixels: image() });
  await work.step();
  const quats = quatsImage(splats, { order, pixels: image() });
  await work.step();
  const colors = colorsImage(splats, { order, pixels: image() });
  await work.step();
  const harmonics = splats.shDegree === 0
    ? undefined
    : await harmonicsImages(splats, { order, labels: image(), ...options, onProgress: (share) => work.palette(share) });
  const meta = {
    version: 2,
    asset: { generator: `tame ${project.version}` },
    count,
    ...(options.antialiased ? { model: "antialiased" } : {}),
    means: { ...means.range, files: ["means_l.webp", "means_u.webp"] },
    scales: { codebook: scales.codebook, files: ["scales.webp"] },
    quats: { files: ["quats.webp"] },
    sh0: { codebook: colors.codebook, files: ["sh0.webp"] },
    ...(harmonics === undefined
      ? {}
      : { shN: { ...harmonics.meta, files: ["shN_centroids.webp", "shN_labels.webp"] } }),
  };
  const images: Record<string, Pixels> = {
    "means_l.webp": means.low,
    "means_u.webp": means.high,
    "scales.webp": scales.pixels,
    "quats.webp": quats,
    "sh0.webp": colors.pixels,
    ...(harmonics && { "shN_centroids.webp": harmonics.centroids, "shN_labels.webp": harmonics.labels }),
  };
  const files: Record<string, Uint8Array> = { "meta.json": new TextEncoder().encode(JSON.stringify(meta)) };
  for (const [name, pixels] of Object.entries(images)) {
    files[name] = await webp(pixels);
    await work.step();
  }
  return storedZip(files);
}

/** How much of the work is done: of the palette, and of the other steps. */
class Work {
  readonly #options: SogOptions;
  readonly #paletteShare: number;
  readonly #steps: number;
  #done = 0;
  #palette = 0;

  constructor(splats: PlySplats, options: SogOptions) {
    this.#options = options;
    this.#paletteShare = 1 - splats.count * GAUSSIAN_SECONDS / sogSeconds(splats);
    this.#steps = OTHER_STEPS + (splats.shDegree === 0 ? IMAGES.plain : IMAGES.withHarmonics);
  }

  async begin(): Promise<void> {
    this.#tell();
    await this.#pause();
  }

  /** One more step is done. */
  async step(): Promise<void> {
    this.#done++;
    this.#tell();
    await this.#pause();
  }

  /** A share of the palette is found. */
  palette(share: number): void {
    this.#palette = share;
    this.#tell();
  }

  #tell(): void {
    const steps = (1 - this.#paletteShare) * this.#done / this.#steps;
    this.#options.onProgress?.(Math.min(1, this.#paletteShare * this.#palette + steps));
  }

  /** Lets other work of the program run. */
  async #pause(): Promise<void> {
    await new Promise((resume) => setTimeout(resume));
    this.#options.signal?.throwIfAborted();
  }
}

/** 16 bits of sign(x) ln(1 + |x|), between the least and the largest on each axis, in two images. */
function meansImages(
  { means, count }: PlySplats,
  { order, low, high }: { order: Uint32Array; low: Pixels; high: Pixels },
): { range: { mins: number[]; maxs: number[] }; low: Pixels; high: Pixels } {
  const logs = Float64Array.from(means, (x) => Math.sign(x) * Math.log1p(Math.abs(x)));
  const mins = [Infinity, Infinity, Infinity];
  const maxs = [-Infinity, -Infinity, -Infinity];
  logs.forEach((value, i) => {
    mins[i % 3] = Math.min(mins[i % 3], value);
    maxs[i % 3] = Math.max(maxs[i % 3], value);
  });
  for (let to = 0; to < count; to++) {
    for (let axis = 0; axis < 3; axis++) {
      const span = maxs[axis] - mins[axis] || 1;
      const value = Math.round(65535 * (logs[3 * order[to] + axis] - mins[axis]) / span);
      low.data[4 * to + axis] = value & 255;
      high.data[4 * to + axis] = value >> 8;
    }
  }
  return { range: { mins, maxs }, low, high };
}

function scalesImage(
  { logScales, count }: PlySplats,
  { order, pixels }: { order: Uint32Array; pixels: Pixels },
): { codebook: number[]; pixels: Pixels } {
  const { entries, labels } = quantise(logScales);
  for (let to = 0; to < count; to++) pixels.data.set(labels.subarray(3 * order[to], 3 * order[to] + 3), 4 * to);
  return { codebook: [...entries], pixels };
}

/** The three smaller components of the unit quaternion, and which one is left out; its sign is made positive. */
function quatsImage(
  { quats, count }: PlySplats,
  { order, pixels }: { order: Uint32Array; pixels: Pixels },
): Pixels {
  for (let to = 0; to < count; to++) {
    const quat = quats.subarray(4 * order[to], 4 * order[to] + 4);
    let largest = 0;
    for (let i = 1; i < 4; i++) if (Math.abs(quat[i]) > Math.abs(quat[largest])) largest = i;
    const length = Math.hypot(...quat);
    const unit = length > 0 ? Math.SQRT2 / (quat[largest] < 0 ? -length : length) : 0;
    STORED[largest].forEach((component, i) => {
      pixels.data[4 * to + i] = Math.round(255 * (0.5 + 0.5 * unit * quat[component]));
    });
    pixels.data[4 * to + 3] = 252 + largest;
  }
  return pixels;
}

/** The constant harmonic, and the opacity as alpha. */
function colorsImage(
  { sh, shDegree, opacities, count }: PlySplats,
  { order, pixels }: { order: Uint32Array; pixels: Pixels },
): { codebook: number[]; pixels: Pixels } {
  const width = 3 * (shDegree + 1) ** 2;
  const constants = new Float32Array(3 * count);
  for (let i = 0; i < constants.length; i++) constants[i] = sh[Math.floor(i / 3) * width + i % 3];
  const { entries, labels } = quantise(constants);
  for (let to = 0; to < count; to++) {
    const from = order[to];
    pixels.data.set(labels.subarray(3 * from, 3 * from + 3), 4 * to);
    pixels.data[4 * to + 3] = Math.round(255 / (1 + Math.exp(-opacities[from])));
  }
  return { codebook: [...entries], pixels };
}

/** The palette of the other harmonics, and the label of each Gaussian. */
async function harmonicsImages(
  { sh, shDegree, count }: PlySplats,
  { order, labels: image, signal, onProgress }:
    & { order: Uint32Array; labels: Pixels }
    & Omit<SogOptions, "antialiased">,
): Promise<{ meta: { count: number; bands: number; codebook: number[] }; centroids: Pixels; labels: Pixels }> {
  const width = 3 * ((shDegree + 1) ** 2 - 1);
  const vectors = new Float32Array(width * count);
  for (let i = 0; i < count; i++) {
    const first = i * (width + 3) + 3;
    vectors.set(sh.subarray(first, first + width), i * width);
  }
  const size = Math.min(MOST_ENTRIES, 2 ** Math.floor(Math.log2(count)));
  const palette = await findPalette(vectors, { width, size, signal, onProgress });
  for (let to = 0; to < count; to++) {
    const label = palette.labels[order[to]];
    image.data.set([label & 255, label >> 8, 0, 255], 4 * to);
  }
  const { entries, labels } = quantise(palette.entries);
  const entriesCount = palette.entries.length / width;
  const coefficients = width / 3;
  const height = Math.ceil(entriesCount / ROW_ENTRIES);
  const data = new Uint8Array(4 * ROW_ENTRIES * coefficients * height).fill(255);
  for (let i = 0; i < labels.length; i += 3) data.set(labels.subarray(i, i + 3), (4 * i) / 3);
  return {
    meta: { count: entriesCount, bands: shDegree, codebook: [...entries] },
    centroids: { width: ROW_ENTRIES * coefficients, height, data },
    labels: image,
  };
}

/** Lossless, with the colours of transparent pixels as well: they are numbers here. */
async function webp({ width, height, data }: Pixels): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const raw = { width, height, channels: 4 } as const;
  return new Uint8Array(await sharp(data, { raw }).webp({ lossless: true, exact: true, effort: 2 }).toBuffer());
}
