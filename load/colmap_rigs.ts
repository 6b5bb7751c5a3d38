// COLMAP's rigs and frames (rigs and frames, .bin or .txt; COLMAP 3.12 and later), as far as they give poses to images
// that have none of their own: https://colmap.github.io/format.html, https://colmap.github.io/rigs.html.

import { DataError } from "../base/errors.ts";
import { ByteReader } from "./bytes.ts";
import { rotationFromQuaternion } from "./camera.ts";
import { isPose, type Pose } from "./colmap_model.ts";
import { LineReader } from "./lines.ts";

/** The pose of each camera from the rig that it is part of, by the camera's id; undefined where it is not known. */
export type Rigs = Map<number, Pose | undefined>;

/** An image that a camera of a rig took in a frame, a moment at which the rig's sensors measured. */
export interface FrameImage {
  /** COLMAP's frame id. */
  frameId: number;
  /** From the world to the rig. */
  pose: Pose;
  /** The camera's id. */
  camera: number;
  /** The image's id. */
  imageId: number;
}

/** The reference sensor is the origin of the rig. */
const IDENTITY: Pose = { quaternion: [1, 0, 0, 0], translation: [0, 0, 0] };

/** The type of a camera among the sensors; others measure no images. */
const CAMERA = 0;
const CAMERA_WORD = "CAMERA";

/** The longest name of a type of sensors. */
const LONGEST_TYPE = 32;

/** Largest id of an image, a camera, a rig or a frame: 32 bits. */
const LARGEST_ID = 2 ** 32 - 1;

const POSE = 7 * 8;
/** id, number of sensors. */
const SMALLEST_RIG = 4 + 4;
/** type, id, whether the pose is known. */
const SMALLEST_SENSOR = 4 + 4 + 1;
/** id, rig's id, pose, number of data. */
const SMALLEST_FRAME = 4 + 4 + POSE + 4;
/** type and id of the sensor, id of the image. */
const DATUM = 4 + 4 + 8;

/** Parses the bytes of a `rigs.bin`; `path` is for error messages. */
export function parseRigs(bytes: Uint8Array, path: string): Rigs {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("rigs", SMALLEST_RIG);
  const rigs: Rigs = new Map();
  for (let i = 0; i < count; i++) {
    const id = reader.u32("a rig's id");
    const sensors = countOf(reader, `sensors of rig ${id}`, SMALLEST_SENSOR - 1);
    for (let k = 0; k < sensors; k++) {
      const start = reader.offset;
      const type = reader.i32("a sensor's type");
      const sensor = reader.u32("a sensor's id");
      const known = k > 0 && reader.u8("whether a sensor's pose is known") !== 0;
      const pose = known ? readPose(reader, `Sensor ${sensor} of rig ${id}`) : undefined;
      if (type !== CAMERA) continue;
      if (rigs.has(sensor)) throw reader.error(`Camera ${sensor} is in a rig twice`, start);
      rigs.set(sensor, k === 0 ? IDENTITY : pose);
    }
  }
  reader.end("rigs");
  return rigs;
}

/** Parses the bytes of a `frames.bin`; `path` is for error messages. */
export function parseFrames(bytes: Uint8Array, path: string): FrameImage[] {
  const reader = new ByteReader(bytes, path);
  const count = reader.count("frames", SMALLEST_FRAME);
  const images: FrameImage[] = [];
  for (let i = 0; i < count; i++) {
    const id = reader.u32("a frame's id");
    reader.skip(4, "a frame's rig");
    const pose = readPose(reader, `Frame ${id}`);
    const data = countOf(reader, `data of frame ${id}`, DATUM);
    for (let k = 0; k < data; k++) {
      const type = reader.i32("a sensor's type");
      const sensor = reader.u32("a sensor's id");
      const imageId = reader.u64("an image's id");
      if (type === CAMERA) images.push({ frameId: id, pose, camera: sensor, imageId });
    }
  }
  reader.end("frames");
  return images;
}

/** A 32-bit count of records, which the rest of the file can hold. */
function countOf(reader: ByteReader, what: string, recordBytes: number): number {
  const start = reader.offset;
  const count = reader.u32(`the number of ${what}`);
  if (count <= reader.remaining / recordBytes) return count;
  throw reader.error(`File states ${count} ${what}, but ${reader.remaining} bytes follow`, start);
}

function readPose(reader: ByteReader, owner: string): Pose {
  const start = reader.offset;
  const quaternion = Array.from({ length: 4 }, () => reader.f64(`the rotation of ${owner}`));
  const translation = Array.from({ length: 3 }, () => reader.f64(`the translation of ${owner}`));
  if (!isPose(quaternion, translation)) throw reader.error(`${owner} has no usable pose`, start);
  return { quaternion, translation };
}

/** Parses the bytes of a `rigs.txt`: `ID NUMBER TYPE ID` and, for each further sensor, `TYPE ID KNOWN [POSE]`. */
export function parseRigsText(bytes: Uint8Array, path: string): Rigs {
  const lines = new LineReader(bytes, path);
  const rigs: Rigs = new Map();
  while (lines.nextRecord()) {
    const id = idOf(lines, "a rig's id");
    const sensors = lines.integer("the number of a rig's sensors");
    for (let k = 0; k < sensors; k++) {
      const type = lines.word("a sensor's type", LONGEST_TYPE);
      const sensor = idOf(lines, "a sensor's id");
      const known = k > 0 && lines.integer("whether a sensor's pose is known") !== 0;
      const pose = known ? poseOf(lines, `Sensor ${sensor} of rig ${id}`) : undefined;
      if (type !== CAMERA_WORD) continue;
      if (rigs.has(sensor)) throw lines.error(`Camera ${sensor} is in a rig twice`);
      rigs.set(sensor, k === 0 ? IDENTITY : pose);
    }
    if (!lines.blank) throw lines.error(`Rig ${id} has more than its ${sensors} sensors`);
  }
  return rigs;
}

/** Parses the bytes of a `frames.txt`: `ID RIG POSE NUMBER` and, for each datum, `TYPE SENSOR IMAGE`. */
export function parseFramesText(bytes: Uint8Array, path: string): FrameImage[] {
  const lines = new LineReader(bytes, path);
  const images: FrameImage[] = [];
  while (lines.nextRecord()) {
    const id = idOf(lines, "a frame's id");
    idOf(lines, "a frame's rig");
    const pose = poseOf(lines, `Frame ${id}`);
    const data = lines.integer("the number of a frame's data");
    for (let k = 0; k < data; k++) {
      const type = lines.word("a sensor's type", LONGEST_TYPE);
      const sensor = idOf(lines, "a sensor's id");
      const imageId = idOf(lines, "an image's id");
      if (type === CAMERA_WORD) images.push({ frameId: id, pose, camera: sensor, imageId });
    }
    if (!lines.blank) throw lines.error(`Frame ${id} has more than its ${data} data`);
  }
  return images;
}

function idOf(lines: LineReader, what: string): number {
  const id = lines.integer(what);
  if (id < 0 || id > LARGEST_ID) throw lines.error(`${what} is ${id}: expected 0 to ${LARGEST_ID}`);
  return id;
}

function poseOf(lines: LineReader, owner: string): Pose {
  const quaternion = Array.from({ length: 4 }, () => lines.number(`the rotation of ${owner}`));
  const translation = Array.from({ length: 3 }, () => lines.number(`the translation of ${owner}`));
  if (!isPose(quaternion, translation)) throw lines.error(`${owner} has no usable pose`);
  return { quaternion, translation };
}

/**
 * The pose of each image of the frames, by the image's id: camera from rig, after rig from world. An image whose camera
 * has no known pose in its rig is left out. Throws a `DataError` for a camera that is in no rig; `path` is the file of
 * the frames.
 */
export function posesOfFrames(images: FrameImage[], rigs: Rigs, path: string): Map<number, Pose> {
  const poses = new Map<number, Pose>();
  for (const { frameId, pose, camera, imageId } of images) {
    if (!rigs.has(camera)) {
      throw new DataError(`Frame ${frameId} has an image of camera ${camera}, which is in no rig`, { path });
    }
    const sensor = rigs.get(camera);
    if (sensor !== undefined) poses.set(imageId, compose(sensor, pose));
  }
  return poses;
}

/** `second`, then `first`, as one pose. */
function compose(first: Pose, second: Pose): Pose {
  const [aw, ax, ay, az] = first.quaternion;
  const [bw, bx, by, bz] = second.quaternion;
  const r = rotationFromQuaternion(first.quaternion);
  const [x, y, z] = second.translation;
  return {
    quaternion: [
      aw * bw - ax * bx - ay * by - az * bz,
      aw * bx + ax * bw + ay * bz - az * by,
      aw * by - ax * bz + ay * bw + az * bx,
      aw * bz + ax * by - ay * bx + az * bw,
    ],
    translation: first.translation.map((own, i) => own + r[3 * i] * x + r[3 * i + 1] * y + r[3 * i + 2] * z),
  };
}
