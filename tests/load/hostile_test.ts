// Damaged files of every format: a DataError that names the file, or a load whose numbers can be used; never a crash, a
// hang, or memory out of proportion to the file.

import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { encodeCameras, encodeImages, encodePoints } from "../../export/colmap.ts";
import { pointsPly, splatHeader } from "../../export/ply.ts";
import { parseCameras, parseImages, parsePoints } from "../../load/colmap_binary.ts";
import { COLMAP_MODELS, type ColmapCamera, type ColmapImage, intrinsicsOf } from "../../load/colmap_model.ts";
import { parseCamerasText, parseImagesText, parsePointsText } from "../../load/colmap_text.ts";
import { parsePointsPly, parseSplatsPly, splatsOf } from "../../load/ply.ts";
import { parseSplatCsv } from "../../load/splat_csv.ts";
import { parseSplatGlb } from "../../load/splat_glb.ts";
import { GLB_ATTRIBUTES, someSplats, splatsCsv, splatsGlb } from "../support/splat_files.ts";
import { parseTransforms } from "../../load/transforms_file.ts";
import { completeLens } from "../../load/undistort.ts";
import { capture } from "../../scripts/captures.ts";
import { Random } from "../reference/random.ts";
import { libraryMissing } from "../support/device.ts";
import { EXPORTED, type Format, PATH, smallest, text } from "./hostile_formats.ts";
import { countingAllocations, mutated } from "./mutations.ts";
import { repetitions } from "../support/long.ts";
import { colmapTexts } from "./texts.ts";

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

const MUTATIONS = repetitions(10_000);
const CUTS = 500;
const LONGEST_MILLISECONDS = 1000;
/** Memory in file sizes, and what a parser may take whatever the size. */
const MEMORY = 10;
const FREE = 4096;

/** Models whose lens is not supported, whatever the coefficients or with these. */
const REJECTED = ["RAD_TAN_THIN_PRISM_FISHEYE", "EQUIRECTANGULAR"];
const MODEL = {
  cameras: new Map(
    COLMAP_MODELS.map(({ name, params }, id): [number, ColmapCamera] => [
      id,
      {
        id,
        model: name,
        width: 640,
        height: 480,
        params: Array.from({ length: params }, (_, i) => i < 4 ? 300 : 0.01),
      },
    ]).filter(([, { model }]) => !REJECTED.includes(model)),
  ),
  images: Array.from({ length: 12 }, (_, id): ColmapImage => ({
    id,
    quaternion: [0.5, -0.5, 0.5, 0.5],
    translation: [id, 2, 3e-7],
    cameraId: id % 11,
    name: `folder ${id}/Käfer ${id}.jpg`,
  })),
  points: {
    count: 40,
    positions: Float32Array.from({ length: 120 }, (_, i) => Math.sin(i)),
    colors: Uint8Array.from({ length: 120 }, (_, i) => i),
  },
};
const TEXTS = colmapTexts(MODEL);
const FRAMES = Array.from({ length: 10 }, (_, i) => ({
  file_path: `./images/${i}.png`,
  transform_matrix: [[1, 0, 0, i], [0, -1, 0, 2], [0, 0, -1, 3], [0, 0, 0, 1]],
}));
const LENS = { fl_x: 50, fl_y: 60, cx: 21, cy: 14, w: 40, h: 30, k1: 0.01, k2: 0.1, p1: 0.001, p2: 0, aabb_scale: 4 };

const FORMATS: Format[] = [
  {
    name: "cameras.bin",
    bytes: encodeCameras(MODEL.cameras),
    parse: (bytes) => checkCameras(parseCameras(bytes, PATH)),
  },
  { name: "images.bin", bytes: imagesWithKeypoints(), parse: (bytes) => parseImages(bytes, PATH) },
  { name: "points3D.bin", bytes: encodePoints(MODEL.points), parse: (bytes) => parsePoints(bytes, PATH) },
  {
    name: "cameras.txt",
    bytes: text(TEXTS["cameras.txt"]),
    parse: (bytes) => checkCameras(parseCamerasText(bytes, PATH)),
  },
  { name: "images.txt", bytes: text(TEXTS["images.txt"]), parse: (bytes) => parseImagesText(bytes, PATH) },
  { name: "points3D.txt", bytes: text(TEXTS["points3D.txt"]), parse: (bytes) => parsePointsText(bytes, PATH) },
  {
    name: "transforms.json",
    bytes: text(JSON.stringify({ ...LENS, ply_file_path: "a.ply", train_filenames: ["a"], frames: FRAMES }, null, 1)),
    parse: checkTransforms,
  },
  {
    name: "transforms_train.json",
    bytes: text(JSON.stringify({ camera_angle_x: 0.69, frames: FRAMES })),
    parse: checkTransforms,
  },
  { name: "binary PLY of points", bytes: pointsPly(MODEL.points), parse: (bytes) => parsePointsPly(bytes, PATH) },
  { name: "ascii PLY of points", bytes: asciiPly(), parse: (bytes) => parsePointsPly(bytes, PATH) },
  { name: "PLY of Gaussians", bytes: splatsPly(), parse: (bytes) => parseSplatsPly(bytes, PATH) },
  ...EXPORTED,
  {
    name: "CSV of Gaussians",
    bytes: splatsCsv(someSplats(8, 0)),
    parse: (bytes) => splatsOf({ vertices: parseSplatCsv(bytes, PATH), comments: [] }, PATH),
  },
  { name: "GLB of Gaussians", bytes: splatsGlb(GLB_ATTRIBUTES), parse: (bytes) => parseSplatGlb(bytes, PATH) },
];

/** Two keypoints for the last image, as COLMAP keeps them. */
function imagesWithKeypoints(): Uint8Array {
  const head = encodeImages(MODEL.images);
  const bytes = new Uint8Array(head.length + 48).fill(0x3f, head.length);
  bytes.set(head);
  bytes[head.length - 8] = 2;
  return bytes;
}

/** With an element and lists before the vertices. */
function asciiPly(): Uint8Array {
  const { positions, colors } = MODEL.points;
  const rows = Array.from(
    { length: 40 },
    (_, i) => [...positions.slice(3 * i, 3 * i + 3), ...colors.slice(3 * i, 3 * i + 3)],
  );
  return text(
    "ply\nformat ascii 1.0\nelement face 2\nproperty list uchar int vertex_indices\nelement vertex 40\n" +
      "property double x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\n" +
      `property uchar blue\nend_header\n3 1 2 3\n1 7\n${rows.map((row) => row.join(" ")).join("\n")}\n`,
  );
}

function splatsPly(): Uint8Array {
  const header = splatHeader(12, 1, ["tame"]);
  const rows = Float32Array.from({ length: 12 * 26 }, (_, i) => Math.sin(i));
  return new Uint8Array([...header, ...new Uint8Array(rows.buffer)]);
}

/** As loading does it: the intrinsics of each camera, whose numbers must be of use. */
function checkCameras(cameras: Map<number, ColmapCamera>): unknown {
  for (const camera of cameras.values()) {
    const { fx, fy, cx, cy } = intrinsicsOf(camera, PATH);
    assert([fx, fy, cx, cy].every((value) => Math.abs(Math.fround(value)) < 1e10) && Math.fround(fx) > 0);
  }
  return cameras;
}

function checkTransforms(bytes: Uint8Array): void {
  for (const { intrinsics, rotation, translation } of parseTransforms(bytes, PATH).frames) {
    const { fx, fy } = intrinsics({ width: 40, height: 30 });
    const numbers = [fx, fy, ...rotation, ...translation];
    assert(numbers.every((value) => Number.isFinite(Math.fround(value))));
  }
}

/** Parses, and gives the error if there is one; asserts on time, memory and the kind of error. */
function survive({ name, parse }: Format, bytes: Uint8Array, what: string): DataError | undefined {
  let failure: unknown;
  const start = performance.now();
  const allocated = countingAllocations(() => {
    try {
      parse(bytes);
    } catch (error) {
      failure = error;
    }
  });
  const where = `${name}, ${what}`;
  assertLessOrEqual(performance.now() - start, LONGEST_MILLISECONDS, where);
  assertLessOrEqual(allocated, MEMORY * bytes.length + FREE, where);
  if (failure === undefined) return undefined;
  if (!(failure instanceof DataError)) throw failure;
  assertEquals(failure.path, PATH, where);
  assert(failure.message.includes(PATH), where);
  return failure;
}

for (const format of FORMATS) {
  const { name, bytes } = format;

  Deno.test(`parsing ends in a DataError or a load when any part of the end is cut off: ${name}`, () => {
    assert(bytes.length <= 4096, `${bytes.length} bytes`);
    assertEquals(survive(format, bytes, "whole"), undefined);
    for (let length = 0; length < bytes.length; length++) {
      const error = survive(format, bytes.slice(0, length), `${length} bytes`);
      if (name.endsWith(".bin")) assert(error !== undefined && error.offset! <= length, `${length} bytes`);
      if (name.endsWith(".json")) assert(error !== undefined, `${length} bytes`);
      if (name.endsWith(".txt")) assert(error === undefined || error.line! >= 1, `${length} bytes`);
    }
  });

  Deno.test(`parsing ends in a DataError or a load when bytes are changed at random: ${name}`, () => {
    const random = new Random(bytes.length);
    let failed = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      if (survive(format, mutated(bytes, random), `mutation ${i}`) !== undefined) failed++;
    }
    // Both ways are taken.
    assert(failed > MUTATIONS / 20 && failed < MUTATIONS, `${failed} of ${MUTATIONS} failed`);
  });
}

const PARSERS: Record<string, (bytes: Uint8Array) => unknown> = {
  "cameras.bin": (bytes) => parseCameras(bytes, PATH),
  "images.bin": (bytes) => parseImages(bytes, PATH),
  "points3D.bin": (bytes) => parsePoints(bytes, PATH),
  "cameras.txt": (bytes) => parseCamerasText(bytes, PATH),
  "images.txt": (bytes) => parseImagesText(bytes, PATH),
  "points3D.txt": (bytes) => parsePointsText(bytes, PATH),
  "transforms.json": checkTransforms,
};

for (const [folder, ...parts] of [["fox", "sparse", "sparse_txt"], ["caliterra", "sparse"]] as const) {
  const root = capture(folder, ...parts);
  Deno.test({
    name: `parsing ends in a DataError or a load when a real file is cut off at random: ${folder}`,
    ignore: root === undefined,
    async fn(): Promise<void> {
      const files = parts.flatMap((part) =>
        [...Deno.readDirSync(`${root}/${part}/0`)].map((entry) => `${part}/0/${entry.name}`)
      ).concat(folder === "fox" ? ["transforms.json"] : []);
      for (const file of files) {
        const parse = PARSERS[file.split("/").at(-1)!];
        if (parse === undefined) continue;
        const bytes = await Deno.readFile(`${root}/${file}`);
        const random = new Random(bytes.length);
        for (let i = 0; i < CUTS; i++) {
          // Short ones more often: long ones say the same and take longer.
          const length = Math.floor(bytes.length ** random.uniform());
          const error = survive({ name: file, bytes, parse }, bytes.subarray(0, length), `${length} bytes`);
          if (file.endsWith(".bin")) assert(error !== undefined, `${file}, ${length} bytes`);
        }
      }
    },
  });
}

Deno.test("parsing keeps at most ten times the file when a file is all records, as small as they get", () => {
  const count = 20_000;
  const camera = { model: "SIMPLE_PINHOLE", width: 1, height: 1, params: [1, 2, 3] };
  const cameras = new Map(Array.from({ length: count }, (_, id): [number, ColmapCamera] => [id, { id, ...camera }]));
  const images = Array.from({ length: count }, () => ({ ...MODEL.images[0], name: "a" }));
  const [camerasBin, imagesBin, , camerasText, imagesText, pointsText, json] = FORMATS;
  const full: Format[] = [
    { ...camerasBin, bytes: encodeCameras(cameras) },
    { ...imagesBin, bytes: encodeImages(images) },
    { ...camerasText, bytes: text([...cameras.keys()].map((id) => `${id} SIMPLE_PINHOLE 64 64 50 32 32`).join("\n")) },
    { ...imagesText, bytes: text("1 0.5 -0.5 0.5 0.5 1.25 2.5 0.75 1 a.jpg\n\n".repeat(count)) },
    { ...pointsText, bytes: text("1 0 0 0 0 0 0 0\n".repeat(count)) },
    { ...json, bytes: text(`{"frames": [${'{"a":1},'.repeat(count)}1]}`) },
    { ...json, bytes: text(`{"frames": [${"[],  ".repeat(count)}1]}`) },
    { ...json, bytes: text(`{"frames": [${"1,".repeat(count)}1]}`) },
    { ...json, bytes: text(`{"frames": [${'"",'.repeat(count)}1]}`) },
    ...smallest(count),
  ];
  for (const { name, bytes, parse } of full) {
    collectGarbage();
    const before = Deno.memoryUsage().heapUsed;
    const kept: unknown[] = [];
    try {
      kept.push(parse(bytes));
    } catch (error) {
      assert(error instanceof DataError);
    }
    collectGarbage();
    const grown = Deno.memoryUsage().heapUsed - before;
    assertLessOrEqual(grown, MEMORY * bytes.length, `${name}, ${bytes.length} bytes, ${kept.length} kept`);
  }
});

Deno.test({
  name: "completeLens() ends in a DataError or a pinhole when cameras are changed at random",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const random = new Random(5);
    const bytes = encodeCameras(MODEL.cameras);
    let made = 0;
    for (let i = 0; i < 100; i++) {
      try {
        for (const camera of parseCameras(mutated(bytes, random), PATH).values()) {
          const { distortion, ...pinhole } = intrinsicsOf({ ...camera, width: 640, height: 480 }, PATH);
          if (distortion === undefined) continue;
          const fov = i % 2 === 0 ? undefined : 1 + 169 * random.uniform();
          const lens = await completeLens({ ...pinhole, ...distortion }, { name: "Camera", path: PATH, fov });
          const [widest, highest] = fov === undefined ? [1280, 960] : [16384, 16384];
          assert(lens.pinhole.width >= 1 && lens.pinhole.width <= widest && lens.pinhole.height <= highest);
          assert(lens.fov.every((degrees) => degrees >= 0 && degrees <= 720), `${lens.fov}`);
          made++;
        }
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }
    assert(made > 25, `${made}`);
  },
});
