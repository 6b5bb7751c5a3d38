// Captures on disk of a few Gaussians, each with one thing that not every capture has.
import { join } from "@std/path";
import type { Camera, Image8 } from "../../base/scene.ts";
import { writeColmap } from "../../export/colmap.ts";
import type { Device } from "../../ffi/device.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { render, renderImage8 } from "../../ffi/rasterizer.ts";
import { resizeCamera } from "../../load/camera.ts";
import type { ColmapCamera, ColmapImage } from "../../load/colmap_model.ts";
import { raw } from "../load/fixtures.ts";
import { cameraAt, syntheticTruth } from "./synthetic_scene.ts";

/** What a capture has. */
export type Feature = "alpha" | "masks" | "principal point" | "sizes";

/** With hold-out the first and the ninth are test views. */
const VIEWS = 10;
const HELD_OUT = [0, 8];

/**
 * Writes a capture of ten views into a folder:
 *
 * - `alpha`: photos with alpha; where they are clear their colours are noise
 * - `masks`: each training photo shows a bright board that is not there, which its mask leaves out
 * - `principal point`: it lies off the middle, by more in later photos
 * - `sizes`: photos of three sizes
 */
export async function writeFeaturedCapture(device: Device, folder: string, feature: Feature): Promise<void> {
  const { truth: owned, points } = syntheticTruth(device, 60);
  using truth = owned;
  const cameras = new Map<number, ColmapCamera>();
  const images: ColmapImage[] = [];
  for (const name of ["images", "masks"]) await Deno.mkdir(join(folder, name));
  for (let i = 0; i < VIEWS; i++) {
    const angle = 2 * Math.PI * i / VIEWS;
    const camera = cameraOf(angle, i, feature);
    const { width, height, fx, fy, cx, cy, translation } = camera;
    cameras.set(i + 1, { id: i + 1, model: "PINHOLE", width, height, params: [fx, fy, cx, cy] });
    const quaternion: ColmapImage["quaternion"] = [Math.cos(angle / 2), 0, -Math.sin(angle / 2), 0];
    images.push({
      id: i + 1,
      name: `${i}.png`,
      cameraId: i + 1,
      quaternion,
      translation: translation as [number, number, number],
    });
    const photo = feature === "alpha" ? await clearPhoto(truth, camera) : await renderImage8(truth, camera);
    if (feature === "masks" && !HELD_OUT.includes(i)) {
      const mask = putBoard(photo, i);
      await write(join(folder, "masks", `${i}.png`), raw(mask, width, height).toColourspace("b-w"));
    }
    await write(join(folder, "images", `${i}.png`), raw(photo.data, width, height));
  }
  await writeColmap(join(folder, "sparse", "0"), { cameras, images, points });
}

function cameraOf(angle: number, index: number, feature: Feature): Camera {
  const camera = cameraAt(angle);
  const { width, height, cx, cy } = camera;
  if (feature === "principal point") return { ...camera, cx: cx + 4 + index / 2, cy: cy - 3 - index / 3 };
  if (feature !== "sizes") return camera;
  const scale = [1, 2, 1.5][index % 3];
  return resizeCamera(camera, { width: Math.round(scale * width), height: Math.round(scale * height) });
}

/** The Gaussians over nothing: straight colours, and where next to nothing is to be seen, noise. */
async function clearPhoto(truth: Gaussians, camera: Camera): Promise<Image8> {
  const { width, height, rgb, alpha } = await render(truth, camera);
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
    const [pixel, channel] = [i >> 2, i & 3];
    const opacity = alpha![pixel];
    if (channel === 3) return Math.round(255 * opacity);
    if (opacity < 1 / 255) return (37 * pixel + 101 * channel) % 256;
    return Math.round(255 * Math.min(1, rgb[3 * pixel + channel] / opacity));
  });
  return { width, height, channels: 4, data };
}

/** Paints a board over a part of the photo; returns the mask that leaves it out. */
function putBoard({ width, height, data }: Image8, index: number): Uint8Array {
  const left = (7 * index) % (width - 16);
  const top = (5 * index) % (height - 20);
  const mask = new Uint8Array(width * height).fill(255);
  for (let y = top; y < top + 20; y++) {
    for (let x = left; x < left + 16; x++) {
      data.set([255, 240, 20], 3 * (y * width + x));
      mask[y * width + x] = 0;
    }
  }
  return mask;
}

async function write(path: string, image: ReturnType<typeof raw>): Promise<void> {
  await Deno.writeFile(path, await image.png().toBuffer());
}
