// A capture on disk that takes milliseconds to write and to train: cameras in a row before a wall of coloured points.

import { join } from "@std/path";
import { cameraInFrame, type Frame, pointsInFrame } from "../../base/frame.ts";
import { writePng } from "../../eval/png.ts";
import { writeColmap } from "../../export/colmap.ts";

/** Photos of the capture; with hold-out, two of them are test views. */
export const TINY_VIEWS = 9;

const SIZE = { width: 48, height: 32 };

/** Writes nine cameras in a row that look at a wall of coloured points, each with a photo of one colour. */
export async function writeTinyCapture(
  folder: string,
  options: {
    /** Points on either side of the wall. Default 20. */
    across?: number;
    /** The photos' folder. Default "images". */
    images?: string;
    /** The frame in which cameras and points have their usual coordinates. Default the capture's own. */
    frame?: Frame;
  } = {},
): Promise<void> {
  const { across = 20, images = "images", frame: from } = options;
  const { width, height } = SIZE;
  const positions = Float64Array.from({ length: 3 * across * across }, (_, i) => {
    const point = Math.floor(i / 3);
    return [2 * (point % across) / across - 1, 2 * Math.floor(point / across) / across - 1, 4][i % 3];
  });
  const colors = Uint8Array.from(positions, (_, i) => (37 * i) % 256);
  await writeColmap(join(folder, "sparse", "0"), {
    cameras: new Map([[1, { id: 1, model: "PINHOLE", width, height, params: [50, 50, width / 2, height / 2] }]]),
    images: Array.from({ length: TINY_VIEWS }, (_, i) => ({
      id: i + 1,
      quaternion: [1, 0, 0, 0],
      translation: cameraInFrame({ rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [(i - 4) / 10, 0, 0] }, { from })
        .translation,
      cameraId: 1,
      name: `photo${i}.png`,
    })),
    points: { count: across * across, positions: pointsInFrame(positions, { from }), colors },
  });
  await Deno.mkdir(join(folder, images));
  for (let i = 0; i < TINY_VIEWS; i++) {
    const data = new Uint8Array(3 * width * height).fill(20 * i);
    await writePng(join(folder, images, `photo${i}.png`), { width, height, channels: 3, data });
  }
}
