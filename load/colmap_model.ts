// The parts of a COLMAP model, and the meaning of its camera models.

import { DataError } from "../base/errors.ts";
import type { Distortion } from "../base/scene.ts";
import type { CapturePoints } from "./capture.ts";
import { checkIntrinsics, distortionOf, type Intrinsics } from "./lens.ts";
import { FARTHEST } from "./points.ts";

/** The intrinsics of one physical camera, shared by any number of images. */
export interface ColmapCamera {
  /** COLMAP's camera id. */
  id: number;
  /** Name of the camera model, one of {@linkcode COLMAP_MODELS}. */
  model: string;
  /** Width in pixels of the images the model was made from. */
  width: number;
  /** Height in pixels of the images the model was made from. */
  height: number;
  /** The model's parameters in COLMAP's order: fx, fy, cx, cy for PINHOLE; f, cx, cy for SIMPLE_PINHOLE. */
  params: number[];
}

/** A rigid motion: a rotation, then a translation. */
export interface Pose {
  /** The rotation as a quaternion (w, x, y, z); world to camera for an image. */
  quaternion: number[];
  /** The translation in world units; world to camera for an image. */
  translation: number[];
}

/** One registered image: its pose and which camera took it. */
export interface ColmapImage extends Pose {
  /** COLMAP's image id. */
  id: number;
  /** Id of the camera that took it. */
  cameraId: number;
  /** Path relative to the images folder, with forward slashes. */
  name: string;
}

/** A sparse reconstruction. */
export interface ColmapModel {
  /** Cameras by id. */
  cameras: Map<number, ColmapCamera>;
  /** Registered images, in file order. */
  images: ColmapImage[];
  /** The triangulated points. */
  points: CapturePoints;
}

/** COLMAP's camera models: the index is the id in the file, `params` the number of parameters that follow. */
export const COLMAP_MODELS: readonly { name: string; params: number }[] = [
  { name: "SIMPLE_PINHOLE", params: 3 },
  { name: "PINHOLE", params: 4 },
  { name: "SIMPLE_RADIAL", params: 4 },
  { name: "RADIAL", params: 5 },
  { name: "OPENCV", params: 8 },
  { name: "OPENCV_FISHEYE", params: 8 },
  { name: "FULL_OPENCV", params: 12 },
  { name: "FOV", params: 5 },
  { name: "SIMPLE_RADIAL_FISHEYE", params: 4 },
  { name: "RADIAL_FISHEYE", params: 5 },
  { name: "THIN_PRISM_FISHEYE", params: 12 },
  { name: "RAD_TAN_THIN_PRISM_FISHEYE", params: 16 },
  { name: "SIMPLE_DIVISION", params: 4 },
  { name: "DIVISION", params: 5 },
  { name: "SIMPLE_FISHEYE", params: 3 },
  { name: "FISHEYE", params: 4 },
  { name: "EUCM", params: 6 },
  { name: "EQUIRECTANGULAR", params: 2 },
];

/** A lens that no {@linkcode Distortion} describes. */
const UNSUPPORTED = "unsupported";

/** The parameters of a camera model: one or two focal lengths, then the principal point, then the distortion. */
interface ModelLens {
  focals: 1 | 2;
  distortion?: (coefficients: number[]) => Distortion | typeof UNSUPPORTED | undefined;
}

const LENSES: Record<string, ModelLens> = {
  SIMPLE_PINHOLE: { focals: 1 },
  PINHOLE: { focals: 2 },
  SIMPLE_RADIAL: { focals: 1, distortion: (k) => distortionOf("brown", k) },
  RADIAL: { focals: 1, distortion: (k) => distortionOf("brown", k) },
  OPENCV: { focals: 2, distortion: (k) => distortionOf("brown", k) },
  OPENCV_FISHEYE: { focals: 2, distortion: fisheye },
  FULL_OPENCV: { focals: 2, distortion: (k) => distortionOf("brown", k) },
  FOV: { focals: 2, distortion: (k) => distortionOf("fov", k) },
  SIMPLE_RADIAL_FISHEYE: { focals: 1, distortion: fisheye },
  RADIAL_FISHEYE: { focals: 1, distortion: fisheye },
  THIN_PRISM_FISHEYE: { focals: 2, distortion: (k) => ({ model: "fisheye", coefficients: k }) },
  // The decentring of this model is that of the point after the radial distortion, unlike that of the others.
  RAD_TAN_THIN_PRISM_FISHEYE: {
    focals: 2,
    distortion: (k) => k.slice(4).every((value) => value === 0) ? fisheye(k) : UNSUPPORTED,
  },
  SIMPLE_DIVISION: { focals: 1, distortion: (k) => distortionOf("division", k) },
  DIVISION: { focals: 2, distortion: (k) => distortionOf("division", k) },
  SIMPLE_FISHEYE: { focals: 1, distortion: fisheye },
  FISHEYE: { focals: 2, distortion: fisheye },
  EUCM: {
    focals: 2,
    distortion: ([alpha, beta]) => alpha === 0 ? undefined : { model: "eucm", coefficients: [alpha, beta] },
  },
  EQUIRECTANGULAR: { focals: 2, distortion: () => UNSUPPORTED },
};

/** k1 … k4 of a fisheye without decentring. With zeros it is still a fisheye, not a pinhole. */
function fisheye([k1 = 0, k2 = 0, k3 = 0, k4 = 0]: number[]): Distortion {
  return { model: "fisheye", coefficients: [k1, k2, 0, 0, k3, k4] };
}

/**
 * The camera's intrinsics; `path` is the file that states them, `image` one that the camera took. Throws a `DataError`
 * for intrinsics that cannot be.
 */
export function intrinsicsOf(camera: ColmapCamera, path: string, image?: string): Intrinsics {
  const { id, model, width, height, params } = camera;
  const { focals, distortion } = LENSES[model];
  const [fx, fy] = focals === 1 ? [params[0], params[0]] : params;
  const [cx, cy, ...coefficients] = params.slice(focals);
  const name = `Camera ${id} (${model}${image === undefined ? "" : `, of ${image}`})`;
  const lens = distortion?.(coefficients);
  if (lens === UNSUPPORTED) {
    throw new DataError(`${name} has a lens that is not supported: undistort it with colmap image_undistorter`, {
      path,
    });
  }
  const intrinsics = { width, height, fx, fy, cx, cy, distortion: lens };
  checkIntrinsics(intrinsics, { name, path });
  return intrinsics;
}

/** Whether a quaternion can be normalised to a rotation, and a translation is within the range of coordinates. */
export function isPose(quaternion: number[], translation: number[]): boolean {
  const length = Math.hypot(...quaternion);
  return length > 1e-6 && length < 1e6 && translation.every((value) => Math.abs(value) <= FARTHEST);
}
