// `demo`: writes the synthetic capture, trains it, renders and scores the held-out views, and shows some in one image.

import { basename, join } from "@std/path";
import type { Image8 } from "../base/scene.ts";
import { type CaptureSize, DEFAULT_SIZE, holdsCapture, writeCapture } from "../demo/capture.ts";
import { imageGrid } from "../eval/image_grid.ts";
import { writePng } from "../eval/png.ts";
import { RENDER_FOLDERS, rendersPath } from "../eval/render.ts";
import { readMeans } from "../eval/results.ts";
import { readImage } from "../load/images.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import { parse } from "./argv.ts";
import { EXIT } from "./exit.ts";
import { count, duration } from "./format.ts";
import { asksForHelp, helpText } from "./help.ts";
import { run as runMetrics } from "./metrics.ts";
import { DEMO_OPTIONS } from "./options.ts";
import { userPath } from "./paths.ts";
import { run as runRender } from "./render.ts";
import { run as runTrain } from "./train.ts";
import { VERBS } from "./verbs.ts";

/** A short run needs higher learning rates than the defaults, which are for 30 000 iterations, and no densification. */
const SHORT_RUN = [
  "--opacity_lr=0.05",
  "--scaling_lr=0.015",
  "--rotation_lr=0.003",
  "--budget=1",
  "--densify_until_iter=0",
  "--test_iterations=-1",
];

/** Held-out views in the image. */
const IMAGE_ROWS = 2;

/** Runs the demo with the arguments after the verb; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "demo",
      summary: VERBS.demo.summary,
      usage: "[-m OUT]",
      example: "deno task demo -m out/demo --backend cpu",
      table: DEMO_OPTIONS,
    }));
    return EXIT.done;
  }
  const { model_path, iterations, backend, threads } = parse(argv, DEMO_OPTIONS).values;
  return await demo(userPath(model_path), { size: DEFAULT_SIZE, iterations, backend, threads });
}

/** Writes the capture into `model`, trains, renders and scores it there, and prints the paths. */
export async function demo(
  model: string,
  settings: { size: CaptureSize; iterations: number; backend: string; threads: number },
): Promise<number> {
  const started = performance.now();
  const capture = join(model, "capture");
  await provideCapture(capture, settings.size);

  const { iterations } = settings;
  const device = [`--backend=${settings.backend}`, `--threads=${settings.threads}`];
  const steps: [(argv: string[]) => Promise<number>, string[]][] = [
    [runTrain, ["-s", capture, "-m", model, "--eval", `--iterations=${iterations}`, ...SHORT_RUN, ...device]],
    [runRender, ["-m", model, `--iteration=${iterations}`, "--skip_train", "--quiet", ...device]],
    [runMetrics, ["-m", model, "--quiet", ...device]],
  ];
  for (const [runVerb, verbArgv] of steps) {
    const code = await runVerb(verbArgv);
    if (code !== EXIT.done) return code;
  }

  const renders = rendersPath(model, "test", iterations);
  const image = join(model, "render_and_photo.png");
  await writePng(image, await renderBesidePhoto(renders));
  console.log(`Held-out views: ${await scores(model, iterations)}`);
  console.log(`Renders:        ${join(renders, RENDER_FOLDERS.renders)}`);
  console.log(`Image:          ${image} (renders on the left, photos on the right)`);
  console.log(`Splats:         ${pointCloudPath(model, iterations)}`);
  console.log(`The demo took ${duration((performance.now() - started) / 1000)}`);
  return EXIT.done;
}

/** Writes the capture unless it exists, and prints which. */
async function provideCapture(folder: string, size: CaptureSize): Promise<void> {
  if (await holdsCapture(folder, size)) {
    console.log(`Capture: ${folder} (written earlier)`);
    return;
  }
  const started = performance.now();
  const points = await writeCapture(folder, size);
  const seconds = duration((performance.now() - started) / 1000);
  console.log(`Capture: ${folder} (${size.views} photos, ${count(points)} points, ${seconds})`);
}

/** The scores that `metrics` wrote for the renders of an iteration. */
async function scores(model: string, iteration: number): Promise<string> {
  const { PSNR, SSIM } = (await readMeans(model))[basename(rendersPath(model, "test", iteration))];
  return `PSNR ${(PSNR ?? Infinity).toFixed(2)} dB, SSIM ${SSIM!.toFixed(4)}`;
}

/** The first renders of a folder, each with its photo on the right, one pair below the other. */
async function renderBesidePhoto(folder: string): Promise<Image8> {
  const sides = [RENDER_FOLDERS.renders, RENDER_FOLDERS.photos];
  const names = Array.from({ length: IMAGE_ROWS }, (_, index) => `${String(index).padStart(5, "0")}.png`);
  const paths = names.flatMap((name) => sides.map((side) => join(folder, side, name)));
  return imageGrid(await Promise.all(paths.map((path) => readImage(path))), sides.length);
}
