// COLMAP's text files (cameras.txt, images.txt, points3D.txt): https://colmap.github.io/format.html.

import type { CapturePoints } from "./capture.ts";
import { COLMAP_MODELS, type ColmapCamera, type ColmapImage, isPose, type Pose } from "./colmap_model.ts";
import { LineReader } from "./lines.ts";

/** The longest name of a camera model that an error repeats. */
const LONGEST_MODEL = 64;

/** Parses the bytes of a `cameras.txt`: `ID MODEL WIDTH HEIGHT PARAMS…` a line; `path` is for error messages. */
export function parseCamerasText(bytes: Uint8Array, path: string): Map<number, ColmapCamera> {
  const lines = new LineReader(bytes, path);
  const cameras = new Map<number, ColmapCamera>();
  while (lines.nextRecord()) {
    const id = lines.integer("a camera's id");
    if (cameras.has(id)) throw lines.error(`Camera ${id} is defined twice`);
    const name = lines.word("a camera's model", LONGEST_MODEL);
    const model = COLMAP_MODELS.find((model) => model.name === name);
    if (model === undefined) throw lines.error(`Camera ${id} has the unknown model ${name}`);
    const width = lines.integer("a camera's width");
    const height = lines.integer("a camera's height");
    if (width < 1 || height < 1) throw lines.error(`Camera ${id} is ${width} x ${height} pixels`);
    const params = Array.from({ length: model.params }, () => lines.number("a camera's parameter"));
    if (!lines.blank) throw lines.error(`Camera ${id} has more than the ${model.params} parameters of ${name}`);
    cameras.set(id, { id, model: name, width, height, params });
  }
  return cameras;
}

/**
 * Parses the bytes of an `images.txt`: a line `ID QW QX QY QZ TX TY TZ CAMERA_ID NAME`, where the name is the rest of
 * the line, and a line of keypoints, which may be empty; `path` is for error messages. Comments are allowed anywhere,
 * blank lines before an image. An image without a usable pose has that of its id in `poses`.
 */
export function parseImagesText(bytes: Uint8Array, path: string, poses?: ReadonlyMap<number, Pose>): ColmapImage[] {
  const lines = new LineReader(bytes, path);
  const images: ColmapImage[] = [];
  while (lines.nextRecord()) {
    const id = lines.integer("an image's id");
    const quaternion = Array.from({ length: 4 }, () => lines.number("an image's rotation"));
    const translation = Array.from({ length: 3 }, () => lines.number("an image's translation"));
    const pose = isPose(quaternion, translation) ? { quaternion, translation } : poses?.get(id);
    if (pose === undefined) throw lines.error(`Image ${id} has no usable pose`);
    const cameraId = lines.integer("an image's camera id");
    const name = lines.rest("an image's name");
    images.push({ id, ...pose, cameraId, name });
    skipKeypoints(lines, name);
  }
  return images;
}

/** Skips the line of keypoints after an image. Any other line is an error, or the next image would be skipped. */
function skipKeypoints(lines: LineReader, name: string): void {
  do {
    if (!lines.next()) return; // an empty last line without a newline
  } while (lines.comment);
  if (lines.blank) return;
  const digits = lines.endsInDigits();
  if (lines.skipWords() % 3 !== 0 || !digits) {
    throw lines.error(`Expected the keypoints of ${name}: three numbers each, or an empty line`);
  }
}

/**
 * Parses the bytes of a `points3D.txt`: `ID X Y Z R G B ERROR TRACK…` a line, into positions and colours, unchanged;
 * `path` is for error messages.
 */
export function parsePointsText(bytes: Uint8Array, path: string): CapturePoints {
  let count = 0;
  for (const lines = new LineReader(bytes, path); lines.nextRecord();) count++;
  const positions = new Float64Array(3 * count);
  const colors = new Uint8Array(3 * count);
  const lines = new LineReader(bytes, path);
  for (let i = 0; lines.nextRecord(); i++) {
    lines.word("a point's id", 20);
    for (let axis = 0; axis < 3; axis++) positions[3 * i + axis] = lines.number("a point's position");
    for (let channel = 0; channel < 3; channel++) {
      const value = lines.integer("a point's colour");
      if (value < 0 || value > 255) throw lines.error(`A point's colour is ${value}: expected 0 to 255`);
      colors[3 * i + channel] = value;
    }
    lines.number("a point's error");
  }
  return { count, positions, colors };
}
