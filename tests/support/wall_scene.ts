// A scene of one textured wall before a row of cameras, without a device: photos are computed from its formula.

import type { Camera, Image8, Scene, View } from "../../base/scene.ts";
import { sceneExtent } from "../../load/scene.ts";
import { Random } from "../reference/random.ts";

const WIDTH = 64, HEIGHT = 48, DISTANCE = 4;

/** The wall's colour at a place, 0.15 to 0.55: smooth, different in each channel. */
function wall(x: number, y: number, channel: number): number {
  return 0.35 + 0.1 * Math.sin(5 * x + channel) + 0.1 * Math.cos(4 * y - 2 * x + 2 * channel);
}

/** What multiplies the wall's colour in a photo, at a pixel's column (0 to 1). */
export type Look = (view: number, channel: number, across: number) => number;

/**
 * Makes training views of the wall, named in their order, and points on it.
 *
 * @param views Number of views
 * @param look What multiplies the colours. Default 1
 * @param noise Largest deviation of a byte at random, the same in every scene. Default 0
 */
export function wallScene(views: number, look: Look = () => 1, noise = 0): Scene {
  const train = Array.from({ length: views }, (_, view): View => {
    const camera: Camera = {
      ...{ width: WIDTH, height: HEIGHT, fx: 60, fy: 60, cx: WIDTH / 2, cy: HEIGHT / 2 },
      rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      translation: [0.8 - 1.6 * view / (views - 1), 0, 0],
    };
    const name = `photo_${String(view).padStart(2, "0")}`;
    const random = new Random(view);
    const photo = photograph(
      camera,
      (channel, across) => look(view, channel, across),
      () => noise * random.uniform(-1, 1),
    );
    return { name, path: `/nowhere/${name}.png`, camera, original: camera, photo: () => Promise.resolve(photo) };
  });
  const across = 40, count = across * across;
  const positions = Float32Array.from({ length: 3 * count }, (_, i) => {
    const point = Math.floor(i / 3);
    return [6 * (point % across) / across - 3, 3.6 * Math.floor(point / across) / across - 1.8, DISTANCE][i % 3];
  });
  const colors = Uint8Array.from(
    { length: 3 * count },
    (_, i) => Math.round(255 * wall(positions[i - i % 3], positions[i - i % 3 + 1], i % 3)),
  );
  const extent = sceneExtent(train.map(({ camera }) => camera));
  return { train, test: [], points: { count, positions, colors }, extent, source: "/nowhere" };
}

function photograph(
  { translation, fx, fy, cx, cy }: Camera,
  look: (channel: number, across: number) => number,
  noise: () => number,
) {
  const data = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const pixel = Math.floor(i / 3), column = pixel % WIDTH + 0.5, row = Math.floor(pixel / WIDTH) + 0.5;
    const x = (column - cx) / fx * DISTANCE - translation[0], y = (row - cy) / fy * DISTANCE - translation[1];
    return Math.round(Math.min(Math.max(255 * look(i % 3, column / WIDTH) * wall(x, y, i % 3) + noise(), 0), 255));
  });
  return { width: WIDTH, height: HEIGHT, channels: 3, data } satisfies Image8;
}
