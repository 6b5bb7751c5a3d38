// One capture in several formats, for the table of inputs: six views of some points, each photo of another pattern.

import { dirname, join } from "@std/path";
import { writeColmap } from "../../../export/colmap.ts";
import { rotationFromQuaternion } from "../../../load/camera.ts";
import type { ColmapModel } from "../../../load/colmap_model.ts";
import { pattern, raw } from "../fixtures.ts";
import { writeColmapTexts } from "../texts.ts";

/** Size of the photos in pixels. */
export const SIZE = { width: 24, height: 16 };

/** Where a photo was taken; world to camera, as COLMAP has it. */
export interface Shot {
  /** Path of the photo below `images`, as the format states it. */
  name: string;
  quaternion: [number, number, number, number];
  translation: [number, number, number];
}

/** What a capture states. */
export interface Content {
  shots: Shot[];
  /** Focal length and principal point in pixels, for the stated size. */
  lens: { f: number; cx: number; cy: number; width: number; height: number };
  /** x, y, z of each point. */
  positions: number[];
}

/** The content that every case starts from. */
export function cleanContent(): Content {
  const names = ["IMG_1.png", "IMG_2.png", "b.v2 (3).png", "größe 4.png", "IMG_5.png", "IMG_6.png"];
  return {
    shots: names.map((name, i) => ({
      name,
      quaternion: [Math.cos(0.03 * i), 0, Math.sin(0.03 * i), 0],
      translation: [0.9 * i - 2.25, 0.25, 0.125 * i],
    })),
    lens: { f: 30, cx: SIZE.width / 2, cy: SIZE.height / 2, ...SIZE },
    positions: Array.from({ length: 90 }, (_, i) => Math.sin(7 * i) * 2 + (i % 3 === 2 ? 6 : 0)),
  };
}

/** Writes the photos, in the order of the names in {@linkcode cleanContent}, under the names of `shots`. */
export async function writePhotos(folder: string, shots: readonly Shot[]): Promise<void> {
  const { width, height } = SIZE;
  for (const [i, { name }] of shots.entries()) {
    const pixels = pattern(width, height).map((value) => Math.max(value - 20 * i, 0));
    const path = join(folder, "images", name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, await raw(pixels, width, height).png().toBuffer());
  }
}

/** Writes what a format states of a capture, without photos. */
export type Writer = (folder: string, content: Content) => Promise<void>;

/** The formats, by the names that the documentation has for them. */
export const WRITERS = {
  "COLMAP, binary": (folder, content) => writeColmap(join(folder, "sparse", "0"), colmapModel(content)),
  "COLMAP, text": (folder, content) => writeColmapTexts(join(folder, "sparse", "0"), colmapModel(content)),
  "transforms.json": writeTransforms,
  "OpenSfM": writeOpenSfm,
  "Bundler": writeBundler,
} as const satisfies Record<string, Writer>;

/** A format. */
export type FormatName = keyof typeof WRITERS;

const GREY = 200;

function colmapModel({ shots, lens: { f, cx, cy, width, height }, positions }: Content): ColmapModel {
  return {
    cameras: new Map([[1, { id: 1, model: "PINHOLE", width, height, params: [f, f, cx, cy] }]]),
    images: shots.map((shot, i) => ({ id: i + 1, cameraId: 1, ...shot })),
    points: {
      count: positions.length / 3,
      positions: new Float64Array(positions),
      colors: new Uint8Array(positions.length).fill(GREY),
    },
  };
}

/** The matrix from the camera, with y up and z backwards, to the world. */
async function writeTransforms(folder: string, content: Content): Promise<void> {
  const { shots, lens: { f, cx, cy, width: w, height: h }, positions } = content;
  const frames = shots.map(({ name, quaternion, translation }) => {
    const r = rotationFromQuaternion(quaternion);
    const center = [0, 1, 2].map((k) =>
      -(r[k] * translation[0] + r[k + 3] * translation[1] + r[k + 6] * translation[2])
    );
    const rows = [0, 1, 2].map((k) => [r[k], -r[k + 3], -r[k + 6], center[k]]);
    return { file_path: `images/${name}`, transform_matrix: [...rows, [0, 0, 0, 1]] };
  });
  const stated = { fl_x: f, fl_y: f, cx, cy, w, h, ply_file_path: "points.ply", frames };
  await Deno.writeTextFile(join(folder, "transforms.json"), JSON.stringify(stated));
  const header = ["ply", "format ascii 1.0", `element vertex ${positions.length / 3}`];
  const properties = [..."xyz"].map((axis) => `property double ${axis}`);
  const lines = Array.from({ length: positions.length / 3 }, (_, i) => positions.slice(3 * i, 3 * i + 3).join(" "));
  const ply = [...header, ...properties, "end_header", ...lines].join("\n");
  await Deno.writeTextFile(join(folder, "points.ply"), `${ply}\n`);
}

/** Focal lengths are fractions of the longer side, rotations axis and angle. */
async function writeOpenSfm(folder: string, { shots, lens, positions }: Content): Promise<void> {
  const { f, cx, cy, width, height } = lens;
  const side = Math.max(width, height);
  const camera = {
    projection_type: "brown",
    ...{ width, height, focal_x: f / side, focal_y: f / side },
    ...{ c_x: (cx - width / 2) / side, c_y: (cy - height / 2) / side, k1: 0, k2: 0, k3: 0, p1: 0, p2: 0 },
  };
  const points = Array.from({ length: positions.length / 3 }, (_, i) => [
    `${i}`,
    { color: [GREY, GREY, GREY], coordinates: positions.slice(3 * i, 3 * i + 3) },
  ]);
  const stated = shots.map(({ name, quaternion: [w, ...axis], translation }) => {
    const angle = 2 * Math.acos(Math.min(w, 1)), sine = Math.sin(angle / 2);
    const rotation = axis.map((value) => sine === 0 ? 0 : value * angle / sine);
    return [name, { camera: "c", rotation, translation }];
  });
  const reconstruction = {
    cameras: { c: camera },
    shots: Object.fromEntries(stated),
    points: Object.fromEntries(points),
  };
  await Deno.writeTextFile(join(folder, "reconstruction.json"), JSON.stringify([reconstruction]));
}

/** Cameras look along -z with y up; the principal point is the middle. */
async function writeBundler(folder: string, { shots, lens, positions }: Content): Promise<void> {
  const cameras = shots.map(({ quaternion, translation: [x, y, z] }) => {
    const r = rotationFromQuaternion(quaternion);
    const rows = [r.slice(0, 3), r.slice(3, 6).map((v) => -v), r.slice(6, 9).map((v) => -v), [x, -y, -z]];
    return [`${lens.f} 0 0`, ...rows.map((row) => row.join(" "))].join("\n");
  });
  const points = Array.from(
    { length: positions.length / 3 },
    (_, i) => `${positions.slice(3 * i, 3 * i + 3).join(" ")}\n${GREY} ${GREY} ${GREY}\n0`,
  );
  const head = `# Bundle file v0.3\n${shots.length} ${points.length}`;
  await Deno.writeTextFile(join(folder, "bundle.out"), [head, ...cameras, ...points, ""].join("\n"));
  await Deno.writeTextFile(join(folder, "list.txt"), shots.map(({ name }) => `images/${name}\n`).join(""));
}
