// The types of a scene that all rooms share: images, cameras, lenses, points, views.

import type { Frame } from "./frame.ts";

/** A size in whole pixels. */
export interface ImageSize {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
}

/** An 8-bit image: rows from the top, channels interleaved, RGB or RGB with straight alpha. */
export interface Image8 {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** 3 for RGB, 4 for RGB and alpha. */
  channels: 3 | 4;
  /** width · height · channels bytes. */
  data: Uint8Array;
  /** width · height bytes, 0 for pixels that are left out of training; absent if none is. */
  mask?: Uint8Array;
}

/** Default distance of a camera's near plane, in units of the scene's frame. */
export const DEFAULT_NEAR = 0.2;

/**
 * Which pixels a Gaussian covers: `"alpha"`, those where its alpha is at least 1/255; `"rectangle"`, of these only the
 * ones in 16 x 16 tiles of its 3 sigma square (Kerbl et al. 2023), which cuts the Gaussian off at tile borders.
 */
export type Coverage = "alpha" | "rectangle";

/**
 * A pinhole camera and its pose. Axes are x right, y down, z forward; a world point X lies at x_c = R X + t. Pixel
 * (i, j) covers [i, i+1] × [j, j+1], so its centre is (i + 0.5, j + 0.5) and a central principal point is width / 2.
 */
export interface Camera {
  /** Image width in pixels. */
  width: number;
  /** Image height in pixels. */
  height: number;
  /** Focal length along x, in pixels. */
  fx: number;
  /** Focal length along y, in pixels. */
  fy: number;
  /** Principal point along x, in pixels. */
  cx: number;
  /** Principal point along y, in pixels. */
  cy: number;
  /** World-to-camera rotation R: 9 numbers, row-major. */
  rotation: number[];
  /** World-to-camera translation t: 3 numbers, in world units: those of the scene's frame. */
  translation: number[];
  /** Distance of the near plane, in world units; 0.2 when absent. */
  near?: number;
  /** Which pixels Gaussians cover; `"alpha"` when absent. */
  coverage?: Coverage;
  /**
   * Whether renders are anti-aliased: a Gaussian's opacity is lowered so that the low-pass, which makes no splat
   * thinner than about a pixel, does not change its sum over the pixels (Yu et al. 2024, Mip-Splatting). When absent,
   * as the rendered Gaussians say (`Gaussians.antialiasing`); false in a training view and for `rasterize`.
   */
  antialiasing?: boolean;
}

/** Families of lens distortion; `cuda/tame.h` has the formulas. */
export type LensModel = "brown" | "fisheye" | "fov" | "polynomial" | "division" | "eucm";

/** Lens distortion, independent of the photo's size. */
export interface Distortion {
  /**
   * `"brown"`: k1 k2 p1 p2 k3 k4 k5 k6, a quotient of radial polynomials, and decentring; `"fisheye"`: k1 k2 p1 p2 k3
   * k4 s1 s2, a polynomial in the angle to the axis, decentring and thin prism; `"fov"`: one angle; `"polynomial"`: k1
   * k2 p1 p2 k3 k4 b, a radial polynomial, decentring and skew; `"division"`: k; `"eucm"`: alpha beta.
   */
  model: LensModel;
  /** The coefficients, in the order above; those left out are 0. */
  coefficients: number[];
}

/** A pinhole without a pose: size, focal lengths and principal point, in pixels. */
export interface Pinhole extends ImageSize {
  /** Focal length along x. */
  fx: number;
  /** Focal length along y. */
  fy: number;
  /** Principal point along x. */
  cx: number;
  /** Principal point along y. */
  cy: number;
}

/** The lens of a photo as it is stored, and the pinhole that the photo is undistorted to. */
export interface Lens extends Pinhole, Distortion {
  /** The undistorted photo: the same focal lengths, cropped to what the photo covers everywhere. */
  pinhole: Pinhole;
  /** Degrees that the whole photo sees through the principal point, across and down; a fisheye may see more than 180. */
  fov: [across: number, down: number];
  /** The native library that undistorts, as `openDevice` takes it; the package's own when absent. */
  library?: string | URL;
}

/** Coloured points in space. */
export interface PointCloud {
  /** Number of points N. */
  count: number;
  /** 3N world coordinates: x, y, z of each point. */
  positions: Float32Array;
  /** 3N bytes: red, green, blue of each point. */
  colors: Uint8Array;
  /** How many of the points, the last ones, are on a shell far outside, and how far apart; absent if none are. */
  shell?: { count: number; spacing: number };
}

/** Gaussians as stored in a PLY: raw parameters, not yet on a device. */
export interface PlySplats {
  /** Number of Gaussians N. */
  count: number;
  /** 3N world coordinates. */
  means: Float32Array;
  /** 3N natural logarithms of the axes' standard deviations, in world units. */
  logScales: Float32Array;
  /** 4N quaternion components (w, x, y, z), of any length. */
  quats: Float32Array;
  /** N logits of the opacities. */
  opacities: Float32Array;
  /** N·K·3 spherical-harmonics coefficients, K = (shDegree + 1)², as [Gaussian][coefficient][rgb]. */
  sh: Float32Array;
  /** Degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
  /** The header's comment lines. */
  comments: string[];
}

/** A posed photo. */
export interface View {
  /**
   * What identifies the view: its photo's path in the folder of photos without the extension, as `left/0001`; with the
   * extension if another photo has the same path otherwise.
   */
  name: string;
  /** The photo's file. */
  path: string;
  /** The camera, with the intrinsics of the size that the photo is trained at. */
  camera: Camera;
  /** Size and focal lengths in pixels before any resizing: as the capture states them, or its lens's pinhole. */
  original: { width: number; height: number; fx: number; fy: number };
  /** The lens that the stored photo was taken through; absent if it needs no undistortion. */
  lens?: Lens;
  /** Whether the photo has alpha; it then takes 4 bytes a pixel instead of 3. */
  alpha?: boolean;
  /** The exposure that the photo's EXIF data state: time in seconds · ISO / f-number²; absent if they do not. */
  exposure?: number;
  /** The mask's file: white pixels count in training, black ones do not; absent if all count. */
  maskPath?: string;
  /** Decodes the photo and its mask, undistorted, at the camera's size. Each call decodes again. */
  photo(): Promise<Image8>;
  /**
   * The capture's points that the photo shows: x and y in pixels, depth in world units, and weight from 0 to 1 of each.
   * Computed by the first call. Absent if the capture has no points.
   */
  depths?(): Float32Array<ArrayBuffer>;
}

/** Everything that training reads of a capture. */
export interface Scene {
  /** Views to train on, sorted by name; those of a synthetic scene in the order of its file. */
  train: View[];
  /** Views held out for evaluation, in the same order; empty without hold-out. */
  test: View[];
  /** The initial points. */
  points: PointCloud;
  /** Initial Gaussians, used unchanged instead of the points, if `init` of `loadScene` names some. */
  splats?: PlySplats;
  /** Radius of the training cameras' region, in world units: see `sceneExtent`. */
  extent: number;
  /**
   * The frame of all coordinates here: cameras, points, Gaussians, extent. Absent for the capture's own. World units are
   * those of this frame.
   */
  frame?: Frame;
  /** Absolute path of the capture: its folder, or the file that was named. */
  source: string;
  /** What a user should know about how the capture was read, one line each. */
  notices?: string[];
}
