// Writes a COLMAP model as its three binary files (https://colmap.github.io/format.html): little-endian, unpadded.

import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic.ts";
import type { CapturePoints } from "../load/capture.ts";
import { COLMAP_MODELS, type ColmapCamera, type ColmapImage, type ColmapModel } from "../load/colmap_model.ts";

/** What COLMAP itself writes for a point whose reprojection error was never computed. */
const UNKNOWN_ERROR = -1;

/**
 * Writes `cameras.bin`, `images.bin` and `points3D.bin` into a folder, which is created if it is missing; in a capture
 * it is `sparse/0`. Images have no 2D keypoints and points no tracks. Throws a `RangeError` for a camera whose model is
 * unknown or has another number of parameters.
 *
 * @example
 * ```ts ignore
 * import { writeColmap } from "./colmap.ts";
 * import { readColmap } from "../load/colmap.ts";
 *
 * await writeColmap("captures/copy/sparse/0", await readColmap("captures/garden/sparse/0"));
 * ```
 */
export async function writeColmap(dir: string, model: ColmapModel): Promise<void> {
  const files: [string, Uint8Array][] = [
    ["cameras.bin", encodeCameras(model.cameras)],
    ["images.bin", encodeImages(model.images)],
    ["points3D.bin", encodePoints(model.points)],
  ];
  await Deno.mkdir(dir, { recursive: true });
  for (const [name, bytes] of files) await writeFileAtomic(join(dir, name), bytes);
}

/** The bytes of a `cameras.bin`. */
export function encodeCameras(cameras: Map<number, ColmapCamera>): Uint8Array {
  const writer = new ByteWriter();
  writer.u64(cameras.size);
  for (const camera of cameras.values()) {
    const model = COLMAP_MODELS.findIndex(({ name }) => name === camera.model);
    if (COLMAP_MODELS[model]?.params !== camera.params.length) {
      throw new RangeError(`Camera ${camera.id} has the model ${camera.model} with ${camera.params.length} parameters`);
    }
    writer.i32(camera.id);
    writer.i32(model);
    writer.u64(camera.width);
    writer.u64(camera.height);
    camera.params.forEach((value) => writer.f64(value));
  }
  return writer.bytes();
}

/** The bytes of an `images.bin`. */
export function encodeImages(images: ColmapImage[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u64(images.length);
  for (const image of images) {
    writer.i32(image.id);
    [...image.quaternion, ...image.translation].forEach((value) => writer.f64(value));
    writer.i32(image.cameraId);
    writer.text(image.name);
    writer.u64(0); // keypoints
  }
  return writer.bytes();
}

/** The bytes of a `points3D.bin`; ids count from 1. */
export function encodePoints(points: CapturePoints): Uint8Array {
  const writer = new ByteWriter();
  writer.u64(points.count);
  for (let i = 0; i < points.count; i++) {
    writer.u64(i + 1);
    points.positions.subarray(3 * i, 3 * i + 3).forEach((value) => writer.f64(value));
    points.colors.subarray(3 * i, 3 * i + 3).forEach((value) => writer.u8(value));
    writer.f64(UNKNOWN_ERROR);
    writer.u64(0); // track entries
  }
  return writer.bytes();
}

/** Little-endian bytes in a buffer that doubles when it is full. */
class ByteWriter {
  #view = new DataView(new ArrayBuffer(1024));
  #length = 0;

  u8(value: number): void {
    const offset = this.#grow(1);
    this.#view.setUint8(offset, value);
  }

  i32(value: number): void {
    const offset = this.#grow(4);
    this.#view.setInt32(offset, value, true);
  }

  u64(value: number): void {
    const offset = this.#grow(8);
    this.#view.setBigUint64(offset, BigInt(value), true);
  }

  f64(value: number): void {
    const offset = this.#grow(8);
    this.#view.setFloat64(offset, value, true);
  }

  /** UTF-8 and a zero byte. */
  text(value: string): void {
    for (const byte of new TextEncoder().encode(value)) this.u8(byte);
    this.u8(0);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#length);
  }

  /** Adds some bytes and returns the offset of the first. */
  #grow(length: number): number {
    const offset = this.#length;
    this.#length += length;
    if (this.#length > this.#view.byteLength) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(larger.buffer);
    }
    return offset;
  }
}
