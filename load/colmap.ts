// COLMAP's binary model (cameras.bin, images.bin, points3D.bin), as the format's documentation lays it out:
// https://colmap.github.io/format.html. Little-endian, unpadded.

import { join } from "node:path";
import { ByteReader, readDataFile } from "./bytes.ts";
import { DataError } from "./errors.ts";
import type { PointCloud } from "./scene.ts";

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

/** One registered image: its pose and which camera took it. */
export interface ColmapImage {
  /** COLMAP's image id. */
  id: number;
  /** World-to-camera rotation as a quaternion (w, x, y, z). */
  quaternion: number[];
  /** World-to-camera translation, in world units. */
  translation: number[];
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
  points: PointCloud;
}

/** Focal lengths and principal point of a pinhole, in pixels. */
export interface PinholeIntrinsics {
  /** Focal length along x. */
  fx: number;
  /** Focal length along y. */
  fy: number;
  /** Principal point along x. */
  cx: number;
  /** Principal point along y. */
  cy: number;
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
];

const F64 = 8;
/** id, model, width, height and the three parameters of the smallest model. */
const SMALLEST_CAMERA = 4 + 4 + 8 + 8 + 3 * F64;
/** id, quaternion, translation, camera id, an empty name, the number of keypoints. */
const SMALLEST_IMAGE = 4 + 4 * F64 + 3 * F64 + 4 + 1 + 8;
/** x, y, id of the 3-D point. */
const KEYPOINT = 8 + 8 + 8;
/** id, position, colour, error, the length of the track. */
const SMALLEST_POINT = 8 + 3 * F64 + 3 + F64 + 8;
/** image id, keypoint index. */
const TRACK_ENTRY = 4 + 4;

/**
 * Reads `cameras.bin`, `images.bin` and `points3D.bin` of a folder. Throws a {@linkcode DataError} that names the file,
 * and the byte, where one of them is missing or damaged.
 */
export async function readColmap(folder: string): Promise<ColmapModel> {
  const paths = ["cameras.bin", "images.bin", "points3D.bin"].map((name) => join(folder, name));
  const [cameras, images, points] = await Promise.all(paths.map(readDataFile));
  return {
    cameras: parseCameras(cameras, paths[0]),
    images: parseImages(images, paths[1]),
    points: parsePoints(points, paths[2]),
  };
}

/** Parses the bytes of a `cameras.bin`; `path` is for error messages. Camera models of every kind are read. */
export function parseCameras(bytes: Uint8Array, path: string): Map<number, ColmapCamera> {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("cameras", SMALLEST_CAMERA);
  const cameras = new Map<number, ColmapCamera>();
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const id = reader.i32("a camera's id");
    if (cameras.has(id)) throw reader.error(`Camera ${id} is there twice`, start);
    const modelId = reader.i32("a camera's model");
    const model = COLMAP_MODELS[modelId];
    if (model === undefined) throw reader.error(`Camera ${id} has the unknown model id ${modelId}`, start + 4);
    const width = reader.u64("a camera's width");
    const height = reader.u64("a camera's height");
    if (width === 0 || height === 0) throw reader.error(`Camera ${id} is ${width} x ${height} pixels`, start + 8);
    const params = Array.from({ length: model.params }, () => reader.f64("a camera's parameters"));
    cameras.set(id, { id, model: model.name, width, height, params });
  }
  reader.end("cameras");
  return cameras;
}

/** Parses the bytes of an `images.bin`; `path` is for error messages. The 2-D keypoints are passed over. */
export function parseImages(bytes: Uint8Array, path: string): ColmapImage[] {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("images", SMALLEST_IMAGE);
  const images: ColmapImage[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const id = reader.i32("an image's id");
    const quaternion = Array.from({ length: 4 }, () => reader.f64("an image's rotation"));
    const translation = Array.from({ length: 3 }, () => reader.f64("an image's translation"));
    const length = Math.hypot(...quaternion);
    if (!(length > 0) || ![length, ...translation].every(Number.isFinite)) {
      throw reader.error(`Image ${id} has no usable pose`, start);
    }
    const cameraId = reader.i32("an image's camera id");
    const name = reader.text("an image's name");
    reader.skip(KEYPOINT * reader.count(`keypoints of ${name}`, KEYPOINT), "an image's keypoints");
    images.push({ id, quaternion, translation, cameraId, name });
  }
  reader.end("images");
  return images;
}

/**
 * Parses the bytes of a `points3D.bin` into positions and colours; `path` is for error messages. A position that is not
 * a finite float32 is an error: it would spread to everything trained from it.
 */
export function parsePoints(bytes: Uint8Array, path: string): PointCloud {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("points", SMALLEST_POINT);
  const positions = new Float32Array(3 * count);
  const colors = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    reader.skip(8, "a point's id");
    for (let axis = 0; axis < 3; axis++) {
      positions[3 * i + axis] = reader.f64("a point's position");
      if (!Number.isFinite(positions[3 * i + axis])) throw reader.error(`Point ${i} is not at a finite place`, start);
    }
    for (let channel = 0; channel < 3; channel++) colors[3 * i + channel] = reader.u8("a point's colour");
    reader.skip(F64, "a point's error");
    reader.skip(TRACK_ENTRY * reader.count("track entries of a point", TRACK_ENTRY), "a point's track");
  }
  reader.end("points");
  return { count, positions, colors };
}

/**
 * The intrinsics of a camera that has no lens distortion; `path` is for error messages. Throws a
 * {@linkcode DataError} for every model but PINHOLE and SIMPLE_PINHOLE, and for focal lengths that are not above zero.
 */
export function pinholeIntrinsics(camera: ColmapCamera, path: string): PinholeIntrinsics {
  const { id, model, params } = camera;
  let intrinsics: PinholeIntrinsics;
  if (model === "PINHOLE") {
    const [fx, fy, cx, cy] = params;
    intrinsics = { fx, fy, cx, cy };
  } else if (model === "SIMPLE_PINHOLE") {
    const [f, cx, cy] = params;
    intrinsics = { fx: f, fy: f, cx, cy };
  } else {
    throw new DataError(
      `Camera ${id} has the model ${model}, with lens distortion: undistort the photos first ` +
        `(colmap image_undistorter makes a PINHOLE model and the photos that go with it)`,
      { path },
    );
  }
  if (!(intrinsics.fx > 0 && intrinsics.fy > 0) || !Object.values(intrinsics).every(Number.isFinite)) {
    throw new DataError(`Camera ${id} has unusable parameters: ${params.join(", ")}`, { path });
  }
  return intrinsics;
}
