// Writes the demo scene as a capture: photos, COLMAP model, and a note that identifies it. A temporary name comes
// first.
import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { writePng } from "../eval/png.ts";
import { writeColmap } from "../export/colmap.ts";
import { orbit, type PosedCamera } from "./cameras.ts";
import { photographAll } from "./photographers.ts";
import { triangulate } from "./points.ts";
import { stillLife } from "./still_life.ts";

/** Raised with every change that changes a byte of the capture. */
export const SCENE_VERSION = 1;

/** File in a capture's folder that says which demo scene it holds. */
const NOTE = "demo_scene.json";

/** How many photos of which size, in pixels. */
export interface CaptureSize {
  views: number;
  width: number;
  height: number;
}

/** The demo's default size. */
export const DEFAULT_SIZE: Readonly<CaptureSize> = { views: 40, width: 320, height: 240 };

/**
 * Writes the capture of a size into `folder`: `images/view_000.png`…, `sparse/0/*.bin`. The same size gives the same
 * bytes. An older demo capture there is replaced. Returns the number of points.
 *
 * @throws {DataError} When the folder holds something else.
 */
export async function writeCapture(folder: string, size: CaptureSize): Promise<number> {
  const existing = await noteOf(folder);
  if (existing === undefined && await isOccupied(folder)) {
    throw new DataError("Folder is not empty and has no demo capture: choose another, or move it away", {
      path: folder,
    });
  }
  const draft = `${folder}.${crypto.randomUUID()}.tmp`;
  try {
    const points = await fillCapture(draft, size);
    await removeFolder(folder);
    await Deno.rename(draft, folder);
    return points;
  } catch (error) {
    await removeFolder(draft);
    throw error;
  }
}

/** Whether `folder` already holds exactly the capture that {@linkcode writeCapture} would write. */
export async function holdsCapture(folder: string, size: CaptureSize): Promise<boolean> {
  return await noteOf(folder) === noteText(size);
}

/** Writes photos, model and note into a new folder; returns the number of points. */
async function fillCapture(folder: string, size: CaptureSize): Promise<number> {
  await Deno.mkdir(join(folder, "images"), { recursive: true });
  const posed = orbit(size.views, size);
  const cameras = posed.map(({ camera }) => camera);
  const photos = photographAll(cameras, (index, data) => {
    return writePng(join(folder, "images", photoName(index)), {
      width: size.width,
      height: size.height,
      channels: 3,
      data,
    });
  });
  const [points] = await Promise.all([writeModel(join(folder, "sparse", "0"), posed, size), photos]);
  await Deno.writeTextFile(join(folder, NOTE), noteText(size));
  return points;
}

function photoName(index: number): string {
  return `view_${String(index).padStart(3, "0")}.png`;
}

/** Writes the COLMAP model of the posed cameras; returns its number of points. */
async function writeModel(folder: string, posed: PosedCamera[], { width, height }: CaptureSize): Promise<number> {
  const points = triangulate(stillLife(), posed.map(({ camera }) => camera));
  const { fx, fy, cx, cy } = posed[0].camera;
  const images = posed.map(({ camera, quaternion }, index) => ({
    id: index + 1,
    quaternion,
    translation: camera.translation,
    cameraId: 1,
    name: photoName(index),
  }));
  const cameras = new Map([[1, { id: 1, model: "PINHOLE", width, height, params: [fx, fy, cx, cy] }]]);
  await writeColmap(folder, { cameras, images, points });
  return points.count;
}

function noteText({ views, width, height }: CaptureSize): string {
  return JSON.stringify({ scene: "tame demo", version: SCENE_VERSION, views, width, height }) + "\n";
}

/** The note in a folder; undefined when there is none. */
async function noteOf(folder: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(join(folder, NOTE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function isOccupied(folder: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(folder)) return true;
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
