// A scene made in memory: a few Gaussians seen from a circle of cameras, and points near them to start from.
import { randomWords } from "../../base/random.ts";
import type { Camera, Image8, PointCloud, Scene, View } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { renderImage8 } from "../../ffi/rasterizer.ts";
import { sceneExtent } from "../../load/scene.ts";
import { SeenPoints } from "../../load/seen_points.ts";

const WIDTH = 50; // no multiple of a tile
const HEIGHT = 37;
const RADIUS = 4;

/** A uniform number on [0, 1), the same in every run. */
function uniform(index: number): number {
  return randomWords({ seed: 11, stream: 99, iteration: 0, index })[0] / 2 ** 32;
}

/** A camera on a circle around the origin, at an angle in radians, looking at the origin. */
export function cameraAt(angle: number): Camera {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const rotation = [cos, 0, -sin, 0, 1, 0, sin, 0, cos]; // rows: right, down, forward = (sin, 0, cos)
  return {
    width: WIDTH,
    height: HEIGHT,
    fx: 45,
    fy: 46,
    cx: WIDTH / 2,
    cy: HEIGHT / 2,
    rotation,
    translation: [0, 0, RADIUS],
  };
}

/** Gaussians to photograph, and points near them to start from; the Gaussians are the caller's to dispose of. */
export function syntheticTruth(device: Device, count: number): { truth: Gaussians; points: PointCloud } {
  const positions = Float32Array.from({ length: 3 * count }, (_, i) => 2 * uniform(i) - 1);
  const colors = Uint8Array.from({ length: 3 * count }, (_, i) => Math.floor(256 * uniform(10_000 + i)));
  const truth = Gaussians.fromArrays(device, {
    means: positions,
    logScales: new Float32Array(3 * count).fill(Math.log(0.2)),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: new Float32Array(count).fill(2),
    sh: Float32Array.from(colors, (color) => (color / 255 - 0.5) / 0.28209479177387814),
    shDegree: 0,
  });
  // Off their places by up to 0.1, so that there is something to learn beside the scales.
  const nearby = positions.map((x, i) => x + 0.2 * uniform(20_000 + i) - 0.1);
  return { truth, points: { count, colors, positions: nearby } };
}

/**
 * Makes a scene of `views` training and two test views whose photos show `count` Gaussians.
 *
 * @param device Renders the photos
 * @param options Number of training views (default 6) and of Gaussians (default 60)
 */
export async function syntheticScene(
  device: Device,
  options: { views?: number; count?: number } = {},
): Promise<Scene> {
  const { views = 6, count = 60 } = options;
  const { truth: owned, points } = syntheticTruth(device, count);
  using truth = owned;
  const seen = new SeenPoints(points, undefined);
  const all: View[] = [];
  for (let k = 0; k < views + 2; k++) {
    const camera = cameraAt(2 * Math.PI * k / (views + 2));
    const photo: Image8 = await renderImage8(truth, camera);
    const { width, height, fx, fy } = camera;
    all.push({
      name: `photo_${k}`,
      path: `/nowhere/photo_${k}.png`,
      camera,
      original: { width: 2 * width, height: 2 * height, fx: 2 * fx, fy: 2 * fy },
      photo: () => Promise.resolve(photo),
      depths: () => seen.depths(camera, undefined),
    });
  }
  const test = [all[0], all[Math.floor(all.length / 2)]];
  const train = all.filter((view) => !test.includes(view));
  return {
    train,
    test,
    points,
    extent: sceneExtent(train.map((view) => view.camera)),
    source: "/nowhere",
  };
}
