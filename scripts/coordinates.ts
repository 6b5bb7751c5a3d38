// Trains a COLMAP capture scaled and moved, as COLMAP files and as a transforms.json: PSNR must not depend on where the
// capture is and how large. `--help` says how to call it.

import { join, resolve } from "@std/path";
import { cameraInFrame, type Frame, pointsInFrame } from "../base/frame.ts";
import type { OptionRow } from "../base/option.ts";
import { parse } from "../cli/argv.ts";
import { UsageError } from "../cli/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { writeColmap } from "../export/colmap.ts";
import { type Device, openDevice } from "../ffi/device.ts";
import { rotationFromQuaternion } from "../load/camera.ts";
import { readColmap } from "../load/colmap.ts";
import { type ColmapModel, intrinsicsOf } from "../load/colmap_model.ts";
import { loadScene } from "../load/scene.ts";
import { evaluate } from "../measure/evaluate.ts";
import { train } from "../train/loop.ts";
import { runMain } from "./main.ts";

const COMMAND = "deno run -A scripts/coordinates.ts";

const HELP =
  `Trains a COLMAP capture scaled and moved, as COLMAP files and as a transforms.json with a PLY of doubles, and prints
a Markdown table: the PSNR of its held-out views, and the frame that was chosen.

Usage: ${COMMAND} -s CAPTURE [options]

  -s FOLDER       capture with a model in sparse/0, of cameras without distortion
  --images NAME   folder of its photos (default: images)
  --resolution N  as in train (default: -1)
  --iterations N  length of each run (default: 300)
  --budget N      Gaussians at the end (default: 20000)
  --backend NAME  auto, cuda or cpu (default: auto)
  --help          this text`;

const OPTIONS = [{
  title: "Runs",
  rows: [
    { name: "source_path", short: "s", kind: "string", default: "", help: "capture" },
    { name: "images", kind: "string", default: "images", help: "photos" },
    { name: "resolution", kind: "integer", default: -1, minimum: -1, help: "size" },
    { name: "iterations", kind: "integer", default: 300, minimum: 1, help: "length" },
    { name: "budget", kind: "integer", default: 20_000, minimum: 1, help: "count" },
    { name: "backend", kind: "string", choices: ["auto", "cuda", "cpu"], default: "auto", help: "backend" },
  ] as const satisfies readonly OptionRow[],
}] as const satisfies readonly OptionGroup[];

/** Where captures are brought to: a national grid, and far off on all axes. */
const GRID = [500_123.4, 4_649_776.3, 245.1] as const;
const FAR = [5e6, 5e6, 5e6] as const;
const NOWHERE = [0, 0, 0] as const;
const PLACES: readonly Frame[] = [
  ...[1, 1e-4, 1e-3, 0.02, 0.1, 10, 1e3, 1e4].map((scale): Frame => ({ origin: NOWHERE, scale })),
  ...[GRID, FAR].map((origin): Frame => ({ origin, scale: 1 })),
  { origin: FAR, scale: 0.01 },
];

/** Writes what a format states of a model; photos are in `images`. */
const WRITERS: Readonly<Record<string, (folder: string, model: ColmapModel) => Promise<void>>> = {
  "COLMAP": (folder, model) => writeColmap(join(folder, "sparse", "0"), model),
  "transforms.json": writeTransforms,
};

async function writeTransforms(folder: string, { cameras, images, points }: ColmapModel): Promise<void> {
  const frames = images.map(({ name, cameraId, quaternion, translation: [tx, ty, tz] }) => {
    const { fx, fy, cx, cy, width, height } = intrinsicsOf(cameras.get(cameraId)!, name);
    const r = rotationFromQuaternion(quaternion);
    // From the camera, with y up and z backwards, to the world.
    const rows = [0, 1, 2].map((k) => [
      ...[r[k], -r[k + 3], -r[k + 6]],
      -(r[k] * tx + r[k + 3] * ty + r[k + 6] * tz),
    ]);
    const lens = { fl_x: fx, fl_y: fy, cx, cy, w: width, h: height };
    return { file_path: `images/${name}`, transform_matrix: [...rows, [0, 0, 0, 1]], ...lens };
  });
  await Deno.writeTextFile(join(folder, "transforms.json"), JSON.stringify({ ply_file_path: "points.ply", frames }));
  const properties = [
    ...["x", "y", "z"].map((name) => `property double ${name}`),
    ...["red", "green", "blue"].map((name) => `property uchar ${name}`),
  ];
  const header = ["ply", "format ascii 1.0", `element vertex ${points.count}`, ...properties, "end_header"];
  const lines = Array.from({ length: points.count }, (_, i) => {
    const [from, to] = [3 * i, 3 * i + 3];
    return [...points.positions.subarray(from, to), ...points.colors.subarray(from, to)].join(" ");
  });
  await Deno.writeTextFile(join(folder, "points.ply"), [...header, ...lines, ""].join("\n"));
}

/** A model whose coordinates are those of `place`: at `origin + scale · (x, y, z)`. */
function placed(model: ColmapModel, place: Frame): ColmapModel {
  const images = model.images.map((image) => {
    const rotation = rotationFromQuaternion(image.quaternion);
    return { ...image, translation: cameraInFrame({ ...image, rotation }, { from: place }).translation };
  });
  return {
    ...model,
    images,
    points: { ...model.points, positions: pointsInFrame(model.points.positions, { from: place }) },
  };
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values } = parse(argv, OPTIONS);
  if (values.source_path === "") throw new UsageError("Missing -s: which capture to train on");
  const source = resolve(values.source_path);
  const model = await readColmap(join(source, "sparse", "0"));
  using device = await openDevice({ backend: values.backend, seed: 0 });
  console.log(`${device.reason}\n\n| factor | moved by | ${Object.keys(WRITERS).join(" | ")} | frame |`);
  console.log(`| --- | --- |${" --- |".repeat(Object.keys(WRITERS).length + 1)}`);
  for (const place of PLACES) {
    const cells = [];
    let frame: Frame | undefined;
    for (const write of Object.values(WRITERS)) {
      const folder = await Deno.makeTempDir({ prefix: "tame_coordinates_" });
      try {
        await Deno.symlink(join(source, values.images), join(folder, "images"));
        await write(folder, placed(model, place));
        const run = await trained(device, folder, values);
        cells.push(`${run.psnr.toFixed(2)} dB`);
        frame = run.frame;
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
    const moved = place.origin.every((value) => value === 0) ? "" : place.origin.join(", ");
    console.log(
      `| ${place.scale} | ${moved} | ${cells.join(" | ")} | (${frame?.origin.join(", ")}), ${frame?.scale} |`,
    );
  }
  return EXIT.done;
}

/** Trains a capture, and scores its held-out views. */
async function trained(
  device: Device,
  folder: string,
  { iterations, budget, resolution }: { iterations: number; budget: number; resolution: number },
): Promise<{ psnr: number; frame?: Frame }> {
  const scene = await loadScene(folder, { resolution, eval: true });
  const options = { mode: "final_count", iterations, budget, testIterations: [], saveIterations: [] } as const;
  for await (const event of train(device, scene, { ...options, checkpointSeconds: -1 })) {
    if (event.type !== "done") continue;
    using gaussians = event.gaussians;
    return { psnr: (await evaluate(gaussians, scene.test)).psnr, frame: scene.frame };
  }
  throw new Error("The run ended without a result");
}

if (import.meta.main) await runMain(main, COMMAND);
