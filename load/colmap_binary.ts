// COLMAP's binary files (cameras.bin, images.bin, points3D.bin), as the format's documentation lays them out:
// https://colmap.github.io/format.html. Little-endian, unpadded.

import { ByteReader } from "./bytes.ts";
import type { CapturePoints } from "./capture.ts";
import { TrackBuilder } from "./tracks.ts";
import { COLMAP_MODELS, type ColmapCamera, type ColmapImage, isPose, type Pose } from "./colmap_model.ts";

const F64 = 8;
/** id, model, width, height and the two parameters of the smallest model. */
const SMALLEST_CAMERA = 4 + 4 + 8 + 8 + 2 * F64;
/** id, quaternion, translation, camera id, an empty name, the number of keypoints. */
const SMALLEST_IMAGE = 4 + 4 * F64 + 3 * F64 + 4 + 1 + 8;
/** x, y, id of the 3-D point. */
const KEYPOINT = 8 + 8 + 8;
/** id, position, colour, error, the length of the track. */
const SMALLEST_POINT = 8 + 3 * F64 + 3 + F64 + 8;
/** image id, keypoint index. */
const TRACK_ENTRY = 4 + 4;

/** Parses the bytes of a `cameras.bin`; `path` is for error messages. All camera models are accepted. */
export function parseCameras(bytes: Uint8Array, path: string): Map<number, ColmapCamera> {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("cameras", SMALLEST_CAMERA);
  const cameras = new Map<number, ColmapCamera>();
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const id = reader.i32("a camera's id");
    if (cameras.has(id)) throw reader.error(`Camera ${id} is defined twice`, start);
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

/**
 * Parses the bytes of an `images.bin`; `path` is for error messages. The 2D keypoints are skipped. An image without a
 * usable pose has that of its id in `poses`.
 */
export function parseImages(bytes: Uint8Array, path: string, poses?: ReadonlyMap<number, Pose>): ColmapImage[] {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("images", SMALLEST_IMAGE);
  const images: ColmapImage[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const id = reader.i32("an image's id");
    const quaternion = Array.from({ length: 4 }, () => reader.f64("an image's rotation"));
    const translation = Array.from({ length: 3 }, () => reader.f64("an image's translation"));
    const pose = isPose(quaternion, translation) ? { quaternion, translation } : poses?.get(id);
    if (pose === undefined) throw reader.error(`Image ${id} has no usable pose`, start);
    const cameraId = reader.i32("an image's camera id");
    const name = reader.text("an image's name");
    reader.skip(KEYPOINT * reader.count(`keypoints of ${name}`, KEYPOINT), "an image's keypoints");
    images.push({ id, ...pose, cameraId, name });
  }
  reader.end("images");
  return images;
}

/**
 * Parses the bytes of a `points3D.bin` into positions and colours, unchanged, and tracks if there are any; `path` is for
 * error messages.
 */
export function parsePoints(bytes: Uint8Array, path: string): CapturePoints {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("points", SMALLEST_POINT);
  const positions = new Float64Array(3 * count);
  const colors = new Uint8Array(3 * count);
  const builder = new TrackBuilder(count);
  for (let i = 0; i < count; i++) {
    reader.skip(8, "a point's id");
    for (let axis = 0; axis < 3; axis++) positions[3 * i + axis] = reader.f64("a point's position");
    for (let channel = 0; channel < 3; channel++) colors[3 * i + channel] = reader.u8("a point's colour");
    reader.skip(F64, "a point's error");
    for (let entries = reader.count("track entries of a point", TRACK_ENTRY); entries > 0; entries--) {
      builder.add(reader.i32("a point's track"));
      reader.skip(TRACK_ENTRY - 4, "a point's track");
    }
    builder.endPoint();
  }
  reader.end("points");
  const tracks = builder.finish();
  return { count, positions, colors, ...(tracks === undefined ? {} : { tracks }) };
}
