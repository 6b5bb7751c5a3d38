// The oracle's projection of one Gaussian to its splat, and the way back of a gradient, in float64 and plain matrices:
// EWA splatting (Zwicker 2001) with the 0.3 pixel low-pass and the 3 sigma radius of Kerbl et al. 2023. A Gaussian is
// visible where its alpha reaches 1/255; with coverage "rectangle", where its 3 sigma rectangle has a tile.
// Anti-aliased by equation 9 of Yu et al. 2024 (Mip-Splatting).
import type { Camera } from "../../base/scene.ts";
import { cameraCenter } from "../../load/camera.ts";
import { harmonics, harmonicsGradients } from "./harmonics.ts";
import { diagonal, dot, inner, inverse2, type Matrix, multiply, scaled, transpose } from "./matrix.ts";
import { allTiles, isEmpty, reachesTile, type Rectangle, tilesWithin } from "./tiles.ts";

/** Raw Gaussians as the oracle reads them: float32 arrays, or float64 ones for central differences. */
export interface Splats {
  means: ArrayLike<number>;
  logScales: ArrayLike<number>;
  quats: ArrayLike<number>;
  opacities: ArrayLike<number>;
  sh: ArrayLike<number>;
  shDegree: number;
}

/** What one visible Gaussian puts on the image. */
export interface Footprint {
  index: number;
  /** z in the camera's frame. */
  depth: number;
  /** Centre in pixels. */
  center: [number, number];
  /** Inverse of the 2D covariance. */
  conic: Matrix;
  /** The opacity that is blended: the logistic of the raw one, times the factor. */
  opacity: number;
  /** sqrt(det / det of the low-passed 2D covariance), not below 0.005; 1 without anti-aliasing. */
  factor: number;
  /** Colour, not below 0. */
  rgb: number[];
  /** Whether a channel was below 0. */
  colorClamped: boolean[];
  /** 3 sigma in whole pixels; 0 where the Gaussian is not visible. */
  radius: number;
  /** The radii that float32 may arrive at instead: the smallest, the largest. */
  possibleRadii: [number, number];
  /** The tiles the Gaussian may colour: all without the rectangle. */
  tiles: Rectangle;
  /** The tiles it has whichever way roundings of the radius and the centre go, and those it may have. */
  certainTiles: Rectangle;
  possibleTiles: Rectangle;
  /** Whether the centre's slope was limited in x and in y. */
  guarded: [boolean, boolean];
}

/** A splat's share of the loss gradient. */
export interface FootprintGradient {
  center: [number, number];
  conic: Matrix;
  opacity: number;
  rgb: number[];
}

/** Loss gradients of one Gaussian's raw parameters. */
export interface GaussianGradient {
  mean: number[];
  logScale: number[];
  quat: number[];
  opacity: number;
  sh: number[];
}

const LOW_PASS = 0.3;
const LEAST_FACTOR = 0.005;
// Bound on the relative float32 rounding of a radius.
const RADIUS_ROUNDING = 1e-4;

/**
 * The splat of Gaussian `index`.
 *
 * @returns undefined where the Gaussian is not visible whichever way roundings go: behind the near plane, without a
 * tile, or a parameter that is not a finite number.
 */
export function project(splats: Splats, index: number, camera: Camera): Footprint | undefined {
  const gaussian = readGaussian(splats, index);
  if (!allFinite(gaussian)) return undefined;
  const { point, slope, guarded, jacobianTimesRotation } = view(gaussian.mean, camera);
  if (point[2] <= (camera.near ?? 0.2)) return undefined;

  const factor = multiply(jacobianTimesRotation, covarianceFactor(gaussian));
  const sharp = multiply(factor, transpose(factor));
  const covariance = lowPassed(sharp);

  const center: [number, number] = [camera.fx * slope[0] + camera.cx, camera.fy * slope[1] + camera.cy];
  const reach = 3 * Math.sqrt(largestEigenvalue(covariance));
  const largestRadius = Math.ceil(reach * (1 + RADIUS_ROUNDING));
  const smallestRadius = Math.ceil(reach * (1 - RADIUS_ROUNDING));
  const byAlpha = camera.coverage !== "rectangle";
  const within = byAlpha ? () => allTiles(camera) : tilesWithin;
  const possibleTiles = within(center, largestRadius, camera, 1);
  const tiles = within(center, Math.ceil(reach), camera);
  const certainTiles = within(center, smallestRadius, camera, -1);
  const conic = inverse2(covariance);
  const opacityFactor = camera.antialiasing ? factorOf(sharp) : 1;
  const opacity = logistic(gaussian.opacity) * opacityFactor;
  const [possible, visible, certain] = byAlpha
    ? [1, 0, -1].map((outwards) => reachesTile({ center, conic, opacity }, camera, outwards))
    : [possibleTiles, tiles, certainTiles].map((rectangle) => !isEmpty(rectangle));
  if (!possible) return undefined;

  const signedRgb = color(gaussian, camera);
  return {
    index,
    depth: point[2],
    center,
    conic,
    opacity,
    factor: opacityFactor,
    rgb: signedRgb.map((value) => Math.max(value, 0)),
    colorClamped: signedRgb.map((value) => value < 0),
    radius: visible ? Math.ceil(reach) : 0,
    possibleRadii: [certain ? smallestRadius : 0, largestRadius],
    tiles,
    certainTiles,
    possibleTiles,
    guarded,
  };
}

/** The gradient of Gaussian `index`'s raw parameters from that of its splat. */
export function projectBackward(
  splats: Splats,
  footprint: Footprint,
  camera: Camera,
  gradient: FootprintGradient,
): GaussianGradient {
  const gaussian = readGaussian(splats, footprint.index);
  const { point, jacobianTimesRotation, guarded, slope, guardedSlope } = view(gaussian.mean, camera);
  const rotation = rows3(camera.rotation);
  const [fx, fy] = [camera.fx, camera.fy];
  const z = point[2];

  // Conic to covariance: d(C^-1) = -C^-1 dC C^-1.
  let dCovariance = scaled(multiply(multiply(footprint.conic, gradient.conic), footprint.conic), -1);
  // C = M Sigma M^T with M = J R and Sigma = L L^T.
  const factor = covarianceFactor(gaussian);
  const opacity = logistic(gaussian.opacity);
  if (camera.antialiasing) {
    const splat = multiply(jacobianTimesRotation, factor);
    const dFactor = factorGradient(multiply(splat, transpose(splat)));
    dCovariance = dCovariance.map((row, i) =>
      row.map((value, j) => value + gradient.opacity * opacity * dFactor[i][j])
    );
  }
  const sigma = multiply(factor, transpose(factor));
  const dM = scaled(multiply(multiply(dCovariance, jacobianTimesRotation), sigma), 2);
  const dSigma = multiply(multiply(transpose(jacobianTimesRotation), dCovariance), jacobianTimesRotation);
  const dJ = multiply(dM, transpose(rotation));

  // J and the centre to the point in the camera's frame; a limited slope does not move with the point.
  const dPoint = [0, 0, 0];
  const focal = [fx, fy];
  for (let axis = 0; axis < 2; axis++) {
    const f = focal[axis];
    dPoint[2] += dJ[axis][axis] * (-f / z ** 2) + dJ[axis][2] * (f * guardedSlope[axis] / z ** 2);
    if (!guarded[axis]) {
      dPoint[axis] += dJ[axis][2] * (-f / z ** 2);
      dPoint[2] += dJ[axis][2] * (f * slope[axis] / z ** 2);
    }
    dPoint[axis] += gradient.center[axis] * f / z;
    dPoint[2] += gradient.center[axis] * (-f * slope[axis] / z);
  }
  const mean = multiply(transpose(rotation), dPoint.map((value) => [value])).map(([value]) => value);

  const { dSh, dMean } = colorBackward(gaussian, camera, footprint, gradient.rgb);
  const { dLogScale, dQuat } = covarianceFactorBackward(gaussian, scaled(multiply(dSigma, factor), 2));
  return {
    mean: mean.map((value, i) => value + dMean[i]),
    logScale: dLogScale,
    quat: dQuat,
    opacity: gradient.opacity * footprint.factor * opacity * (1 - opacity),
    sh: dSh,
  };
}

/** Square roots of the eigenvalues of a splat's covariance without the low-pass, in pixels, the larger one first. */
export function projectedSigmas(splats: Splats, index: number, camera: Camera): [number, number] {
  const gaussian = readGaussian(splats, index);
  const factor = multiply(view(gaussian.mean, camera).jacobianTimesRotation, covarianceFactor(gaussian));
  const [[a, b], [, c]] = multiply(factor, transpose(factor));
  const [middle, spread] = [(a + c) / 2, Math.hypot((a - c) / 2, b)];
  return [Math.sqrt(middle + spread), Math.sqrt(Math.max(middle - spread, 0))];
}

interface Gaussian {
  mean: number[];
  logScale: number[];
  quat: number[];
  opacity: number;
  sh: number[];
  shDegree: number;
}

function readGaussian(splats: Splats, index: number): Gaussian {
  const part = (array: ArrayLike<number>, size: number): number[] =>
    Array.from({ length: size }, (_, i) => array[index * size + i]);
  return {
    mean: part(splats.means, 3),
    logScale: part(splats.logScales, 3),
    quat: part(splats.quats, 4),
    opacity: splats.opacities[index],
    sh: part(splats.sh, 3 * (splats.shDegree + 1) ** 2),
    shDegree: splats.shDegree,
  };
}

function allFinite({ mean, logScale, quat, opacity, sh }: Gaussian): boolean {
  return [...mean, ...logScale, ...quat, opacity, ...sh].every(Number.isFinite);
}

// The point in the camera's frame, its slopes x/z and y/z before and after the guard, and J R.
function view(mean: number[], camera: Camera): {
  point: number[];
  slope: number[];
  guardedSlope: number[];
  guarded: [boolean, boolean];
  jacobianTimesRotation: Matrix;
} {
  const rotation = rows3(camera.rotation);
  const point = rotation.map((row, i) => dot(row, mean) + camera.translation[i]);
  const { fx, fy, cx, cy, width, height } = camera;
  const z = point[2];
  const slope = [point[0] / z, point[1] / z];
  // 30 % of half the field of view beyond each border.
  const marginX = 0.3 * width / (2 * fx);
  const marginY = 0.3 * height / (2 * fy);
  const guardedSlope = [
    clamp(slope[0], -(cx / fx + marginX), (width - cx) / fx + marginX),
    clamp(slope[1], -(cy / fy + marginY), (height - cy) / fy + marginY),
  ];
  const jacobian = [[fx / z, 0, -fx * guardedSlope[0] / z], [0, fy / z, -fy * guardedSlope[1] / z]];
  return {
    point,
    slope,
    guardedSlope,
    guarded: [guardedSlope[0] !== slope[0], guardedSlope[1] !== slope[1]],
    jacobianTimesRotation: multiply(jacobian, rotation),
  };
}

// L = R(q) S, so that the covariance is L L^T.
function covarianceFactor({ logScale, quat }: Gaussian): Matrix {
  return multiply(quatRotation(normalized(quat)), diagonal(logScale.map(Math.exp)));
}

function covarianceFactorBackward(
  { logScale, quat }: Gaussian,
  dFactor: Matrix,
): { dLogScale: number[]; dQuat: number[] } {
  const unit = normalized(quat);
  const rotation = quatRotation(unit);
  const scale = logScale.map(Math.exp);
  const dRotation = multiply(dFactor, diagonal(scale));
  const dScale = multiply(transpose(rotation), dFactor).map((row, i) => row[i]);
  const dUnit = quatRotationDerivatives(unit).map((derivative) => inner(dRotation, derivative));
  const along = dot(unit, dUnit);
  return {
    dLogScale: dScale.map((value, i) => value * scale[i]),
    dQuat: dUnit.map((value, i) => (value - unit[i] * along) / norm(quat)),
  };
}

function norm(quat: number[]): number {
  return Math.max(Math.hypot(...quat), 1e-12);
}

function normalized(quat: number[]): number[] {
  return quat.map((value) => value / norm(quat));
}

function quatRotation([w, x, y, z]: number[]): Matrix {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

// Derivatives of quatRotation with respect to w, x, y and z.
function quatRotationDerivatives([w, x, y, z]: number[]): Matrix[] {
  return [
    [[0, -z, y], [z, 0, -x], [-y, x, 0]],
    [[0, y, z], [y, -2 * x, -w], [z, w, -2 * x]],
    [[-2 * y, x, w], [x, 0, z], [-w, z, -2 * y]],
    [[-2 * z, -w, x], [w, -2 * z, y], [x, y, 0]],
  ].map((derivative) => scaled(derivative, 2));
}

function color({ mean, sh, shDegree }: Gaussian, camera: Camera): number[] {
  const basis = harmonics(shDegree, direction(mean, camera).unit);
  return [0, 1, 2].map((channel) => 0.5 + basis.reduce((sum, value, k) => sum + value * sh[3 * k + channel], 0));
}

function colorBackward(
  { mean, sh, shDegree }: Gaussian,
  camera: Camera,
  footprint: Footprint,
  dRgb: number[],
): { dSh: number[]; dMean: number[] } {
  const { unit, length } = direction(mean, camera);
  const dColor = dRgb.map((value, channel) => (footprint.colorClamped[channel] ? 0 : value));
  const dSh = harmonics(shDegree, unit).flatMap((value) => dColor.map((d) => value * d));
  const dUnit = [0, 0, 0];
  harmonicsGradients(shDegree, unit).forEach((gradient, k) => {
    const weight = dot(dColor, [sh[3 * k], sh[3 * k + 1], sh[3 * k + 2]]);
    gradient.forEach((value, axis) => dUnit[axis] += value * weight);
  });
  const along = dot(unit, dUnit);
  return { dSh, dMean: dUnit.map((value, i) => (value - unit[i] * along) / length) };
}

function direction(mean: number[], camera: Camera): { unit: number[]; length: number } {
  const center = cameraCenter(camera);
  const offset = mean.map((value, i) => value - center[i]);
  const length = Math.hypot(...offset);
  return { unit: offset.map((value) => value / length), length };
}

function lowPassed([[a, b], [, c]]: Matrix): Matrix {
  return [[a + LOW_PASS, b], [b, c + LOW_PASS]];
}

function determinant([[a, b], [, c]]: Matrix): number {
  return a * c - b * b;
}

function factorOf(sharp: Matrix): number {
  return Math.sqrt(Math.max(LEAST_FACTOR ** 2, determinant(sharp) / determinant(lowPassed(sharp))));
}

// d factor / d covariance, a symmetric matrix whose two entries for the one covariance xy share its derivative.
function factorGradient(sharp: Matrix): Matrix {
  const factor = factorOf(sharp);
  if (factor === LEAST_FACTOR) return [[0, 0], [0, 0]];
  const [[a, b], [, c]] = sharp;
  const [[wideA], [, wideC]] = lowPassed(sharp);
  const ofXy = -b * (1 - factor ** 2);
  return scaled([
    [c - factor ** 2 * wideC, ofXy],
    [ofXy, a - factor ** 2 * wideA],
  ], 1 / (2 * factor * determinant(lowPassed(sharp))));
}

function largestEigenvalue([[a, b], [, c]]: Matrix): number {
  const middle = (a + c) / 2;
  return middle + Math.sqrt(Math.max(0.1, middle ** 2 - (a * c - b * b)));
}

function rows3(values: ArrayLike<number>): Matrix {
  return [0, 3, 6].map((start) => [values[start], values[start + 1], values[start + 2]]);
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
