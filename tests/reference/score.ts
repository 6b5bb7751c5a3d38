// The oracle of densification's scores and density statistics (Mallick et al. 2024, Taming 3DGS; Kerbl et al. 2023), in
// float64 and one pixel and one Gaussian at a time.
import type { Camera, Image8 } from "../../base/scene.ts";
import { imageLossReference, type ReferenceImage } from "./image.ts";
import type { Splats } from "./projection.ts";
import { rasterizeReference, type ReferenceRasterization } from "./rasterizer.ts";

/** A training view. */
export interface ScoredView {
  camera: Camera;
  image: Image8;
}

/** Weights by the names of the terms; 0 when absent. */
export type ScoreWeights = Partial<
  Record<
    | "view"
    | "edge"
    | "error"
    | "gradient"
    | "distance"
    | "opacity"
    | "depth"
    | "loss"
    | "radius"
    | "scale"
    | "count"
    | "blend",
    number
  >
>;

/** What the oracles render with. */
export interface ScoreOptions {
  /** Active degree, at most that of the Gaussians. */
  shDegree: number;
  background: ArrayLike<number>;
  lambdaDssim?: number;
}

/** Scores of the Gaussians over views; `meanGradients` has one density gradient for each. */
export function scoreReference(
  splats: Splats,
  views: readonly ScoredView[],
  options: ScoreOptions & { weights: ScoreWeights; meanGradients: ArrayLike<number> },
): Float64Array {
  const count = splats.opacities.length;
  const weight = (term: keyof ScoreWeights): number => options.weights[term] ?? 0;
  const all = Array.from({ length: count }, (_, i) => i);
  const opacities = all.map((i) => 1 / (1 + Math.exp(-splats.opacities[i])));
  const volumes = all.map((i) =>
    [0, 1, 2].reduce((product, axis) => product * Math.exp(splats.logScales[3 * i + axis]), 1)
  );

  const scores = new Float64Array(count);
  for (const view of views) {
    const { drawn, loss, photo } = drawView(splats, view, options);
    const errors = stretched(
      Array.from({ length: photo.width * photo.height }, (_, pixel) => {
        const difference = (channel: number) =>
          Math.abs(drawn.image[3 * pixel + channel] - photo.rgb[3 * pixel + channel]);
        return (difference(0) + difference(1) + difference(2)) / 3;
      }),
      view.image.mask,
    );
    const edges = stretched(edgeMap(view.image, options.background), view.image.mask);
    const sums = {
      loss: all.map(() => 0),
      count: all.map(() => 0),
      blend: all.map(() => 0),
      distance: all.map(() => 0),
    };
    drawn.contributions.forEach((contributions, pixel) => {
      for (const { footprint: { index }, weight: blended, delta } of contributions) {
        sums.loss[index] += weight("error") * errors[pixel] + weight("edge") * edges[pixel];
        sums.count[index] += 1;
        sums.blend[index] += blended;
        sums.distance[index] += Math.hypot(...delta);
      }
    });
    const depths = all.map(() => 0);
    for (const { index, depth } of drawn.footprints) depths[index] = depth;

    const terms = [
      normalised(options.meanGradients, weight("gradient")),
      normalised(opacities, weight("opacity")),
      normalised(volumes, weight("scale")),
      normalised(depths, weight("depth")),
      normalised(drawn.radii, weight("radius")),
      normalised(sums.distance, weight("distance")),
      normalised(sums.loss, weight("loss")),
      normalised(sums.count, weight("count")),
      normalised(sums.blend, weight("blend")),
    ];
    for (const { index } of drawn.footprints) {
      scores[index] += weight("view") * loss * terms.reduce((sum, term) => sum + term[index], 0);
    }
  }
  return scores;
}

/**
 * Density statistics of one step on each view, as `Trainer.statistics` gives them; nearer than `fullDepth` (default 0)
 * gradients count by the square of the depth (Zhang et al. 2024, Pixel-GS).
 */
export function statisticsReference(
  splats: Splats,
  views: readonly ScoredView[],
  options: ScoreOptions & { fullDepth?: number },
): { gradientSums: Float64Array; visibleSteps: Uint32Array; maxRadii: Float64Array } {
  const count = splats.opacities.length;
  const gradientSums = new Float64Array(count);
  const visibleSteps = new Uint32Array(count);
  const maxRadii = new Float64Array(count);
  for (const view of views) {
    const { drawn, gradient } = drawView(splats, view, options);
    const { means2d } = drawn.backward(gradient);
    const { width, height } = view.camera;
    for (const { index, radius, depth } of drawn.footprints) {
      const share = Math.min(depth / (options.fullDepth ?? 0), 1) ** 2;
      // A unit of normalised device coordinates is half the image.
      gradientSums[index] += share * Math.hypot(means2d[2 * index] * width / 2, means2d[2 * index + 1] * height / 2);
      visibleSteps[index] += 1;
      maxRadii[index] = Math.max(maxRadii[index], radius);
    }
  }
  return { gradientSums, visibleSteps, maxRadii };
}

/** Statistics of fragments, one of each per Gaussian, by the names of their columns. */
export type FragmentStatistics = Record<
  | "fragment_count"
  | "weight_sum"
  | "absolute_gradient_sum"
  | "opacity_gradient_sum"
  | "opacity_gradient_square_sum",
  Float64Array
>;

/** Statistics of fragments of one step on each view; `fullDepth` as for {@linkcode statisticsReference}. */
export function fragmentsReference(
  splats: Splats,
  views: readonly ScoredView[],
  options: ScoreOptions & { fullDepth?: number },
): FragmentStatistics {
  const zeros = () => new Float64Array(splats.opacities.length);
  const sums: FragmentStatistics = {
    fragment_count: zeros(),
    weight_sum: zeros(),
    absolute_gradient_sum: zeros(),
    opacity_gradient_sum: zeros(),
    opacity_gradient_square_sum: zeros(),
  };
  for (const view of views) {
    const { drawn, gradient } = drawView(splats, view, options);
    const { width, height } = view.camera;
    const largest = Math.max(...gradient.map(Math.abs));
    const absolute = [zeros(), zeros()];
    for (const { contribution: { footprint, weight }, dLogAlpha, dCenter } of drawn.fragments(gradient).flat()) {
      const { index, opacity } = footprint;
      const dOpacity = largest > 0 ? dLogAlpha / opacity / largest : 0;
      sums.fragment_count[index] += 1;
      sums.weight_sum[index] += weight;
      sums.opacity_gradient_sum[index] += dOpacity;
      sums.opacity_gradient_square_sum[index] += dOpacity ** 2;
      dCenter.forEach((value, axis) => absolute[axis][index] += Math.abs(value));
    }
    for (const { index, depth } of drawn.footprints) {
      const share = Math.min(depth / (options.fullDepth ?? 0), 1) ** 2;
      const [x, y] = absolute.map((values) => values[index]);
      sums.absolute_gradient_sum[index] += share * Math.hypot(x * width / 2, y * height / 2);
    }
  }
  return sums;
}

/**
 * Edges of a photo, [y][x], 0 to 1 but not stretched: BT.601 luma in 16-bit fixed point through the 3 x 3 Laplacian,
 * limited to 0 to 255; the outermost pixels keep their luma. A neighbour that the mask leaves out counts as equal to the
 * middle.
 */
export function edgeMap(image: Image8, background: ArrayLike<number> = [0, 0, 0]): number[] {
  const { width, height, mask } = image;
  const rgb = composited(image, background);
  const luma = (x: number, y: number): number => {
    const [red, green, blue] = rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3).map((value) =>
      Math.floor(255 * value + 0.5)
    );
    return Math.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536);
  };
  return Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return luma(x, y) / 255;
    let around = 0;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        if (dx === 0 && dy === 0) continue;
        around += mask?.[pixel + dy * width + dx] === 0 ? luma(x, y) : luma(x + dx, y + dy);
      }
    }
    return Math.min(255, Math.max(0, 8 * luma(x, y) - around)) / 255;
  });
}

/** Whether nothing in the oracle's picture of a view is too close to call in float32. */
export function isCertain(splats: Splats, view: ScoredView, options: ScoreOptions): boolean {
  const { drawn } = drawView(splats, view, options);
  return drawn.excluded.every((flag) => flag === 0) && drawn.possibleRadii.every(([least, most]) => least === most);
}

function drawView(
  splats: Splats,
  { camera, image }: ScoredView,
  { shDegree, background, lambdaDssim }: ScoreOptions,
): { drawn: ReferenceRasterization; photo: ReferenceImage; loss: number; gradient: Float64Array } {
  const drawn = rasterizeReference(lowered(splats, shDegree), camera, { background });
  const { width, height } = image;
  const photo = { width, height, rgb: composited(image, background) };
  const rendered = { width, height, rgb: drawn.image };
  const { value: loss, gradient } = imageLossReference(rendered, photo, { lambdaDssim, mask: image.mask });
  return { drawn, photo, loss, gradient };
}

// A photo's colours, 0 to 1, over a background where it has alpha.
function composited({ width, height, channels, data }: Image8, background: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: 3 * width * height }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const alpha = channels === 4 ? data[4 * pixel + 3] / 255 : 1;
    return data[channels * pixel + channel] / 255 * alpha + background[channel] * (1 - alpha);
  });
}

// The Gaussians with the spherical harmonics of a lower degree only.
function lowered(splats: Splats, shDegree: number): Splats {
  const [had, left] = [3 * (splats.shDegree + 1) ** 2, 3 * (shDegree + 1) ** 2];
  return { ...splats, shDegree, sh: Array.from(splats.sh).filter((_, i) => i % had < left) };
}

// From 0 to 1 over the pixels that the mask keeps, 0 at the others; all 0 where all are the same.
function stretched(values: number[], mask?: Uint8Array): number[] {
  const kept = values.filter((_, pixel) => mask?.[pixel] !== 0);
  const [low, high] = [Math.min(...kept), Math.max(...kept)];
  return values.map((value, pixel) => mask?.[pixel] !== 0 && high > low ? (value - low) / (high - low) : 0);
}

// Weight times value over the lower median of the positive values; 0 where the value is not positive.
function normalised(values: ArrayLike<number>, weight: number): number[] {
  const positive = Array.from(values).filter((value) => value > 0).sort((a, b) => a - b);
  const median = positive[Math.floor((positive.length - 1) / 2)];
  return Array.from(values, (value) => value > 0 ? weight * value / median : 0);
}
