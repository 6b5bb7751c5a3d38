// The rasteriser's oracle: every pixel goes over every visible Gaussian in depth order, in float64, forward and
// backward (Kerbl et al. 2023), and says of itself where float32 may rightly decide otherwise.
import type { Camera } from "../../base/scene.ts";
import { type Footprint, type FootprintGradient, project, projectBackward, type Splats } from "./projection.ts";
import { type Rectangle, SMALLEST_ALPHA, TILE } from "./tiles.ts";

/** What the oracle is asked for beside the Gaussians and the camera. */
export interface ReferenceOptions {
  /** Background rgb; black when absent. */
  background?: ArrayLike<number>;
  /** Widens the bands around thresholds in which a pixel is excluded; 1 when absent. */
  caution?: number;
}

/** Loss gradients of the raw parameters, in the shapes of the inputs, and of the splat centres in pixels (2N). */
export interface ReferenceGradients {
  means: Float64Array;
  logScales: Float64Array;
  quats: Float64Array;
  opacities: Float64Array;
  sh: Float64Array;
  means2d: Float64Array;
}

/** The oracle's answer; images are row-major, [y][x][channel]. */
export interface ReferenceRasterization {
  image: Float64Array;
  alpha: Float64Array;
  depth: Float64Array;
  /** 1 where a decision (skip, clamp, stop, order, tile) is too close to call in float32. */
  excluded: Uint8Array;
  /** Radii in pixels, 0 where not visible. */
  radii: Int32Array;
  /** The smallest and the largest radius that float32 may arrive at, for each Gaussian. */
  possibleRadii: [number, number][];
  /** What the visible Gaussians put on the image, front to back. */
  footprints: Footprint[];
  /** What blends into each pixel, front to back. */
  contributions: Contribution[][];
  /** Largest number of splats that contribute to one pixel. */
  deepest: number;
  /** Number of pixels that stopped at an almost opaque stack. */
  stopped: number;
  backward(dImage: ArrayLike<number>, dAlpha?: ArrayLike<number>): ReferenceGradients;
  /** What each pixel's contributions add to the gradients of a loss of the image. */
  fragments(dImage: ArrayLike<number>): FragmentGradient[][];
}

const LARGEST_ALPHA = 0.99;
const SMALLEST_TRANSMITTANCE = 1e-4;
// Relative bands around the thresholds within which float32 may decide otherwise.
const ALPHA_BAND = 1e-4;
const TRANSMITTANCE_BAND = 1e-3;
const DEPTH_BAND = 1e-6;

/** Renders, in float64, the values that the float32 ABI carries. */
export function rasterizeReference(
  splats: Splats,
  camera: Camera,
  { background = [0, 0, 0], caution = 1 }: ReferenceOptions = {},
): ReferenceRasterization {
  const seen = asFloat32(camera);
  const backdrop = Array.from(background, Math.fround);
  const { width, height } = seen;
  const count = splats.opacities.length;
  const footprints = Array.from({ length: count }, (_, index) => project(splats, index, seen))
    .filter((footprint) => footprint !== undefined)
    .sort((a, b) => a.depth - b.depth || a.index - b.index);

  const image = new Float64Array(3 * width * height);
  const alpha = new Float64Array(width * height);
  const depth = new Float64Array(width * height);
  const excluded = new Uint8Array(width * height);
  const radii = new Int32Array(count);
  const possibleRadii = Array.from({ length: count }, (): [number, number] => [0, 0]);
  for (const footprint of footprints) {
    radii[footprint.index] = footprint.radius;
    possibleRadii[footprint.index] = footprint.possibleRadii;
  }

  const blends: Blend[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = blends.length;
      const blend = blendPixel(footprints, x, y, caution);
      blends.push(blend);
      let weights = 0;
      let weightedDepth = 0;
      for (const { footprint, weight } of blend.contributions) {
        weights += weight;
        weightedDepth += weight * footprint.depth;
        for (let channel = 0; channel < 3; channel++) image[3 * pixel + channel] += weight * footprint.rgb[channel];
      }
      for (let channel = 0; channel < 3; channel++) {
        image[3 * pixel + channel] += blend.transmittance * backdrop[channel];
      }
      alpha[pixel] = weights;
      depth[pixel] = weightedDepth / Math.max(weights, 1e-6);
      excluded[pixel] = blend.uncertain || depthsTooClose(splats, blend, caution) ? 1 : 0;
    }
  }

  return {
    image,
    alpha,
    depth,
    excluded,
    radii,
    possibleRadii,
    footprints: footprints.filter(({ radius }) => radius > 0),
    contributions: blends.map((blend) => blend.contributions),
    deepest: Math.max(0, ...blends.map((blend) => blend.contributions.length)),
    stopped: blends.filter((blend) => blend.stopper !== undefined).length,
    backward: (dImage, dAlpha) => rasterizeBackward(splats, seen, backdrop, blends, dImage, dAlpha),
    fragments: (dImage) =>
      blends.map((blend, pixel) =>
        fragmentGradients(blend, backdrop, [0, 1, 2].map((channel) => dImage[3 * pixel + channel]), 0)
      ),
  };
}

/** One splat's part in one pixel. */
export interface Contribution {
  /** The splat. */
  footprint: Footprint;
  /** What it covers of what is behind it. */
  alpha: number;
  /** Whether alpha is the largest there is, not opacity * exp(-E). */
  clamped: boolean;
  /** Transmittance in front of the splat. */
  transmittance: number;
  /** alpha * transmittance. */
  weight: number;
  /** Splat centre less pixel centre. */
  delta: [number, number];
}

/** How the loss changes with one splat's part in one pixel. */
export interface FragmentGradient {
  /** The part. */
  contribution: Contribution;
  /** With respect to the logarithm of its alpha, or of its splat's opacity; 0 where it is clamped. */
  dLogAlpha: number;
  /** With respect to the splat's centre, in pixels. */
  dCenter: number[];
}

interface Blend {
  contributions: Contribution[];
  transmittance: number;
  /** The splat that would have made the stack almost opaque, and is left out with all behind it. */
  stopper?: Footprint;
  uncertain: boolean;
}

function blendPixel(footprints: Footprint[], x: number, y: number, caution: number): Blend {
  const blend: Blend = { contributions: [], transmittance: 1, uncertain: false };
  const tile: [number, number] = [Math.floor(x / TILE), Math.floor(y / TILE)];
  const near = (value: number, threshold: number, band: number): boolean =>
    Math.abs(value / threshold - 1) <= band * caution;

  for (const footprint of footprints) {
    const { center, conic, opacity } = footprint;
    if (!contains(footprint.possibleTiles, tile)) continue;
    const delta: [number, number] = [center[0] - (x + 0.5), center[1] - (y + 0.5)];
    const energy = 0.5 * (conic[0][0] * delta[0] ** 2 + conic[1][1] * delta[1] ** 2) +
      conic[0][1] * delta[0] * delta[1];
    const strength = opacity * Math.exp(-energy);
    const alpha = Math.min(LARGEST_ALPHA, strength);
    const left = blend.transmittance * (1 - alpha);

    if (near(strength, SMALLEST_ALPHA, ALPHA_BAND) || near(strength, LARGEST_ALPHA, ALPHA_BAND)) blend.uncertain = true;
    if (alpha < SMALLEST_ALPHA) continue;
    if (!contains(footprint.certainTiles, tile)) blend.uncertain = true;
    if (!contains(footprint.tiles, tile)) continue;
    if (near(left, SMALLEST_TRANSMITTANCE, TRANSMITTANCE_BAND)) blend.uncertain = true;
    if (left < SMALLEST_TRANSMITTANCE) {
      blend.stopper = footprint;
      break;
    }
    blend.contributions.push({
      footprint,
      alpha,
      clamped: strength > LARGEST_ALPHA,
      transmittance: blend.transmittance,
      weight: alpha * blend.transmittance,
      delta,
    });
    blend.transmittance = left;
  }
  return blend;
}

// Equal means have equal depths in any arithmetic, and their order is that of the indices; others must differ enough.
function depthsTooClose(splats: Splats, { contributions, stopper }: Blend, caution: number): boolean {
  const reached = contributions.map(({ footprint }) => footprint);
  if (stopper !== undefined) reached.push(stopper);
  return reached.some((far, i) => {
    const front = reached[i - 1];
    return front !== undefined && far.depth - front.depth <= DEPTH_BAND * caution * far.depth &&
      [0, 1, 2].some((axis) => splats.means[3 * front.index + axis] !== splats.means[3 * far.index + axis]);
  });
}

function rasterizeBackward(
  splats: Splats,
  camera: Camera,
  background: number[],
  blends: Blend[],
  dImage: ArrayLike<number>,
  dAlpha?: ArrayLike<number>,
): ReferenceGradients {
  const gradients = new Map<Footprint, FootprintGradient>();
  for (const [pixel, blend] of blends.entries()) {
    const dRgb = [0, 1, 2].map((channel) => dImage[3 * pixel + channel]);
    blendBackward(blend, background, dRgb, dAlpha?.[pixel] ?? 0, gradients);
  }

  const out: ReferenceGradients = {
    means: new Float64Array(splats.means.length),
    logScales: new Float64Array(splats.logScales.length),
    quats: new Float64Array(splats.quats.length),
    opacities: new Float64Array(splats.opacities.length),
    sh: new Float64Array(splats.sh.length),
    means2d: new Float64Array(2 * splats.opacities.length),
  };
  for (const [footprint, gradient] of gradients) {
    const gaussian = projectBackward(splats, footprint, camera, gradient);
    const { index } = footprint;
    out.means.set(gaussian.mean, 3 * index);
    out.logScales.set(gaussian.logScale, 3 * index);
    out.quats.set(gaussian.quat, 4 * index);
    out.opacities[index] = gaussian.opacity;
    out.sh.set(gaussian.sh, gaussian.sh.length * index);
    out.means2d.set(gradient.center, 2 * index);
  }
  return out;
}

function blendBackward(
  blend: Blend,
  background: number[],
  dRgb: number[],
  dAlpha: number,
  gradients: Map<Footprint, FootprintGradient>,
): void {
  for (const { contribution, dLogAlpha, dCenter } of fragmentGradients(blend, background, dRgb, dAlpha)) {
    const { footprint, weight, delta } = contribution;
    const gradient = gradients.get(footprint) ??
      { center: [0, 0], conic: [[0, 0], [0, 0]], opacity: 0, rgb: [0, 0, 0] };
    gradients.set(footprint, gradient);
    for (let channel = 0; channel < 3; channel++) gradient.rgb[channel] += weight * dRgb[channel];
    gradient.opacity += dLogAlpha / footprint.opacity;
    for (let i = 0; i < 2; i++) {
      gradient.center[i] += dCenter[i];
      for (let j = 0; j < 2; j++) gradient.conic[i][j] -= 0.5 * dLogAlpha * delta[i] * delta[j];
    }
  }
}

// From the last splat to the first: `behind` is the colour a splat covers, per unit of transmittance behind it.
function fragmentGradients(
  { contributions, transmittance: final }: Blend,
  background: number[],
  dRgb: number[],
  dAlpha: number,
): FragmentGradient[] {
  const behind = [...background];
  return contributions.toReversed().map((contribution) => {
    const { footprint: { rgb, conic }, alpha, clamped, transmittance, delta } = contribution;
    // The pixel's accumulated opacity is 1 less the final transmittance, which holds a factor 1 - alpha.
    let dSplatAlpha = dAlpha * final / (1 - alpha);
    for (let channel = 0; channel < 3; channel++) {
      dSplatAlpha += transmittance * (rgb[channel] - behind[channel]) * dRgb[channel];
      behind[channel] = alpha * rgb[channel] + (1 - alpha) * behind[channel];
    }
    // alpha = opacity * exp(-E), E = delta^T conic delta / 2, as long as it is not clamped.
    const dLogAlpha = clamped ? 0 : alpha * dSplatAlpha;
    const dCenter = [0, 1].map((i) => -dLogAlpha * (conic[i][0] * delta[0] + conic[i][1] * delta[1]));
    return { contribution, dLogAlpha, dCenter };
  });
}

function contains({ x0, y0, x1, y1 }: Rectangle, [x, y]: [number, number]): boolean {
  return x0 <= x && x < x1 && y0 <= y && y < y1;
}

function asFloat32(camera: Camera): Camera {
  return {
    width: camera.width,
    height: camera.height,
    fx: Math.fround(camera.fx),
    fy: Math.fround(camera.fy),
    cx: Math.fround(camera.cx),
    cy: Math.fround(camera.cy),
    near: Math.fround(camera.near ?? 0.2),
    coverage: camera.coverage,
    antialiasing: camera.antialiasing,
    rotation: camera.rotation.map(Math.fround),
    translation: camera.translation.map(Math.fround),
  };
}
