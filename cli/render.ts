// `render`: writes images of a trained model's views with their photos, or of a camera path.

import { basename, extname, join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Camera, Scene } from "../base/scene.ts";
import { parseKeyframes } from "../eval/keyframes.ts";
import { keyframePath, orbitPath, pathAtWidth, spiralPath } from "../eval/paths.ts";
import {
  pathFolder,
  RENDER_FOLDERS,
  type RenderedImages,
  renderPath,
  rendersPath,
  renderViews,
} from "../eval/render.ts";
import { backgroundOf, type RenderRecord, writeRenderRecord } from "../eval/render_record.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { loadPly } from "../init/gaussians.ts";
import { readDataFile } from "../load/bytes.ts";
import { isFileName } from "../load/checks.ts";
import { readExposures } from "../load/exposures.ts";
import { statOrUndefined } from "../load/files.ts";
import { fileHash } from "../load/file_hash.ts";
import { pointCloudPath, readCfgArgs } from "../load/model_folder.ts";
import { compareCodePoints } from "../load/order.ts";
import { readRunConfig } from "../load/run_config.ts";
import { loadScene } from "../load/scene.ts";
import { LARGEST_DEPTH } from "../measure/pixels.ts";
import { parse } from "./argv.ts";
import { openChosenDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { findFfmpeg, makeVideo } from "./ffmpeg.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import type { OptionValues } from "./option.ts";
import { RENDER_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { requirePermissions } from "./permissions.ts";
import { Reporter } from "./progress.ts";
import { chosenIteration } from "./saved_iteration.ts";
import { VERBS } from "./verbs.ts";

/** Paths that are made from the capture's cameras. */
const PATHS = ["orbit", "spiral"];

type RenderValues = OptionValues<typeof RENDER_OPTIONS>;

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "render",
      summary: VERBS.render.summary,
      usage: "-m MODEL [options]",
      example: "deno task render -m out/fox --path orbit --frames 240 --video mp4",
      table: RENDER_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, RENDER_OPTIONS);
  if (values.model_path === "") throw new UsageError("Missing --model_path: which trained model to render");
  if (values.video !== undefined && values.path === undefined) {
    throw new UsageError("--video needs --path: a video is of a camera path, orbit, spiral or a file of keyframes");
  }
  if (values.width !== undefined && values.path === undefined) {
    throw new UsageError("--width needs --path: views are rendered at the size of their photos, which -r chooses");
  }
  const reporter = new Reporter(values);
  const ffmpeg = values.video === undefined ? undefined : await findFfmpeg();
  if (ffmpeg !== undefined) requirePermissions({ task: "render", argv }, { writes: true, runs: "ffmpeg" });
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: stopping after this view"));
  const { signal } = interrupt;

  const folder = userPath(values.model_path);
  const capture = await captureOf(folder, values);
  const iteration = await chosenIteration(folder, values.iteration);
  await noteEarlierRun(folder, iteration, reporter);
  using device = await openChosenDevice(values, reporter);
  const path = pointCloudPath(folder, iteration);
  const ply = await fileHash(path); // before it is read: of a file that is replaced meanwhile, images are out of date
  using gaussians = await loadPly(device, path, { signal, onNotice: (message) => reporter.warn(message) });
  const { frame } = gaussians;
  const scene = await loadScene(capture.source, { ...capture, frame, library: namedLibrary(), signal });
  const work: Work = { values, folder, capture, iteration, ply, scene, gaussians, reporter, signal };
  try {
    if (values.path === undefined) await renderSets(work);
    else await renderAlong(work, values.path, ffmpeg);
  } finally {
    reporter.finish();
  }
  await reporter.delivered();
  return EXIT.done;
}

/** How the capture was loaded for training, with the overrides of the command line. */
type Capture = Omit<RenderRecord, "iteration" | "ply" | "set" | "exposure">;

/** What is rendered, and how. */
interface Work {
  values: RenderValues;
  folder: string;
  capture: Capture;
  iteration: number;
  /** SHA-256 of the PLY. */
  ply: string;
  scene: Scene;
  gaussians: Gaussians;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Background, planes and progress of a set of images. */
function imageOptions({ values, capture, reporter, signal }: Work, label: string, unit: string) {
  return {
    background: backgroundOf(capture),
    alpha: values.alpha,
    depthScale: values.depth ? values.depth_scale : undefined,
    signal,
    onView: (done: number, total: number) => reporter.progress({ label, done, total, unit }),
  };
}

async function renderSets(work: Work): Promise<void> {
  const { values, folder, capture, iteration, ply, scene, gaussians, reporter } = work;
  const exposures = values.no_exposure ? undefined : await readExposures(folder, iteration);
  const exposure = exposures !== undefined;
  for (const set of ["train", "test"] as const) {
    const views = scene[set];
    if (set === "train" ? values.skip_train : values.skip_test) continue;
    if (views.length === 0) {
      reporter.note(`There are no ${set} views${set === "test" ? ": hold some out with --eval" : ""}`);
      continue;
    }
    const path = rendersPath(folder, set, iteration);
    const options = { ...imageOptions(work, `Rendering ${set} views`, "view"), exposures };
    const rendered = await renderViews(gaussians, views, path, options);
    await writeRenderRecord(path, { iteration, ply, set, ...capture, ...(exposure ? { exposure } : {}) });
    reporter.finish();
    reporter.note(`${views.length} ${set} views${exposure ? " with the exposures of their photos" : ""}: ${path}`);
    warnOfClampedDepths(rendered, views.length, work);
    reporter.event({ type: "render", set, iteration, views: views.length, path });
  }
}

/** Says which scale would keep all depths, rounded down to three digits. */
function warnOfClampedDepths({ clamped, farthest }: RenderedImages, images: number, { values, reporter }: Work): void {
  if (clamped === 0) return;
  const scale = LARGEST_DEPTH / farthest;
  const digits = 2 - Math.floor(Math.log10(scale));
  const rounded = Number(`${Math.floor(scale * 10 ** digits)}e${-digits}`);
  reporter.warn(
    `${clamped} of ${images} depth images have depths of up to ${farthest.toPrecision(4)} units, which --depth_scale ` +
      `${values.depth_scale} clamps to ${LARGEST_DEPTH}: use --depth_scale ${rounded}`,
  );
}

/** Renders a path, and encodes its video if there is an ffmpeg. */
async function renderAlong(work: Work, path: string, ffmpeg: string | undefined): Promise<void> {
  const { values, folder, iteration, gaussians, reporter } = work;
  const { name, cameras: chosen } = await chosenPath(work, path);
  const cameras = values.width === undefined ? chosen : pathAtWidth(chosen, values.width);
  const target = pathFolder(folder, name, iteration);
  const rendered = await renderPath(gaussians, cameras, target, imageOptions(work, `Rendering ${name}`, "frame"));
  reporter.finish();
  reporter.note(`${cameras.length} frames: ${target}`);
  warnOfClampedDepths(rendered, cameras.length, work);
  const format = values.video;
  const video = ffmpeg === undefined ? undefined : join(target, `${name}.${format}`);
  if (format !== undefined && ffmpeg === undefined) {
    reporter.warn("No video: there is no ffmpeg on PATH. Install it and render again, or encode the frames yourself");
  }
  if (ffmpeg !== undefined && format !== undefined && video !== undefined) {
    await makeVideo(ffmpeg, { images: join(target, RENDER_FOLDERS.renders), path: video, format, fps: values.fps });
    reporter.note(`Video: ${video}`);
  }
  const event = { type: "render", set: "path", iteration, views: cameras.length, path: target };
  reporter.event(video === undefined ? event : { ...event, video });
}

async function chosenPath({ values, scene }: Work, path: string): Promise<{ name: string; cameras: Camera[] }> {
  const views = [...scene.train, ...scene.test].sort((a, b) => compareCodePoints(a.name, b.name));
  const cameras = views.map(({ camera }) => camera);
  const { frames } = values;
  if (path === "orbit") return { name: path, cameras: orbitPath(cameras, frames) };
  if (path === "spiral") return { name: path, cameras: spiralPath(cameras, frames) };
  const file = userPath(path);
  if (await statOrUndefined(file) === undefined) {
    const near = nearest(path, PATHS);
    const hint = near === undefined ? "" : `. Did you mean "${near}"?`;
    throw new UsageError(`Cannot use "${path}" as --path: it takes orbit, spiral or an existing JSON file${hint}`);
  }
  const { keyframes, loop } = parseKeyframes(
    new TextDecoder().decode(await readDataFile(file)),
    file,
    { views, frame: scene.frame },
  );
  const name = basename(file, extname(file));
  if (!isFileName(name)) {
    throw new DataError("The path is named after its file, which has no name before its extension: rename it", {
      path: file,
    });
  }
  return { name, cameras: keyframePath(keyframes, { frames, loop }) };
}

async function captureOf(folder: string, values: RenderValues): Promise<Capture> {
  const stored = await readCfgArgs(folder);
  const source = values.source_path === undefined ? stored.source_path : userPath(values.source_path);
  if (source === undefined) {
    throw new DataError("cfg_args names no source_path: give the capture with -s", { path: folder });
  }
  return {
    source,
    images: values.images ?? stored.images,
    resolution: values.resolution ?? stored.resolution,
    eval: values.eval || stored.eval === true,
    testEvery: values.test_every ?? stored.test_every,
    testOffset: values.test_offset ?? stored.test_offset,
    whiteBackground: values.white_background || stored.white_background === true,
    near: values.near ?? stored.near,
    allowOutside: values.allow_outside || stored.allow_outside === true,
    missing: values.missing ?? stored.missing,
    undistortFov: values.undistort_fov ?? stored.undistort_fov,
    referenceCameras: stored.reference_cameras === true,
    coverage: stored.coverage ?? "alpha",
  };
}

/** Says so if the Gaussians of an iteration are not of the run that the folder describes. */
async function noteEarlierRun(folder: string, iteration: number, reporter: Reporter): Promise<void> {
  const run = (await readRunConfig(folder))?.run;
  if (run === undefined || run.saved.includes(iteration)) return;
  reporter.warn(
    `The Gaussians of iteration ${iteration} are of an earlier run than cfg_args and config.json in ${folder}: they ` +
      "are rendered with the capture and options of the last run",
  );
}
