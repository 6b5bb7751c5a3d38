// `render`: the views of a trained model as pictures, with their photos beside them.

import { rendersPath, renderViews } from "../eval/render.ts";
import { lastIteration, pointCloudPath, readCfgArgs, savedIterations } from "../export/model_folder.ts";
import { DataError } from "../load/errors.ts";
import { loadScene } from "../load/scene.ts";
import { loadPly } from "../init/gaussians.ts";
import { parse } from "./argv.ts";
import { openChosenDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import type { OptionValues } from "./option.ts";
import { RENDER_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { Reporter } from "./progress.ts";
import { VERBS } from "./verbs.ts";

type RenderValues = OptionValues<typeof RENDER_OPTIONS>;

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "render",
      summary: VERBS.render.summary,
      usage: "-m MODEL [options]",
      example: "deno task render -m out/fox --skip_train",
      table: RENDER_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, RENDER_OPTIONS);
  if (values.model_path === "") throw new UsageError("Missing --model_path: which trained model to render");
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: stopping after this view"));
  const { signal } = interrupt;

  const folder = userPath(values.model_path);
  const capture = await captureOf(folder, values);
  const iteration = await chosenIteration(folder, values.iteration);
  using device = await openChosenDevice(values, reporter);
  const scene = await loadScene(capture.source, { ...capture, library: namedLibrary(), signal });
  using gaussians = await loadPly(device, pointCloudPath(folder, iteration));
  const background: [number, number, number] = capture.whiteBackground ? [1, 1, 1] : [0, 0, 0];
  try {
    for (const set of ["train", "test"] as const) {
      const views = scene[set];
      if (set === "train" ? values.skip_train : values.skip_test) continue;
      if (views.length === 0) {
        reporter.note(`There are no ${set} views${set === "test" ? ": --eval holds some out" : ""}`);
        continue;
      }
      const path = rendersPath(folder, set, iteration);
      const onView = (done: number, total: number) =>
        reporter.progress({ label: `Rendering ${set} views`, done, total, unit: "view" });
      await renderViews(gaussians, views, path, { background, signal, onView });
      reporter.finish();
      reporter.note(`${views.length} ${set} views: ${path}`);
      reporter.event({ type: "render", set, iteration, views: views.length, path });
    }
  } finally {
    reporter.finish();
  }
  return EXIT.done;
}

/** How the capture was loaded for training, with what the command line says otherwise. */
interface Capture {
  source: string;
  images?: string;
  resolution?: number;
  eval: boolean;
  whiteBackground: boolean;
  near?: number;
  referenceCameras: boolean;
}

async function captureOf(folder: string, values: RenderValues): Promise<Capture> {
  const stored = await readCfgArgs(folder);
  const text = (name: string) => typeof stored[name] === "string" ? stored[name] as string : undefined;
  const number = (name: string) => typeof stored[name] === "number" ? stored[name] as number : undefined;
  const source = values.source_path === undefined ? text("source_path") : userPath(values.source_path);
  if (source === undefined) {
    throw new DataError("cfg_args names no source_path: give the capture with -s", { path: folder });
  }
  return {
    source,
    images: values.images ?? text("images"),
    resolution: values.resolution ?? number("resolution"),
    eval: values.eval || stored.eval === true,
    whiteBackground: values.white_background || stored.white_background === true,
    near: values.near ?? number("near"),
    referenceCameras: stored.reference_cameras === true,
  };
}

async function chosenIteration(folder: string, wanted: number): Promise<number> {
  if (wanted === -1) return await lastIteration(folder);
  const saved = await savedIterations(folder);
  if (saved.includes(wanted)) return wanted;
  throw new DataError(`No Gaussians of iteration ${wanted} were saved, only of ${saved.join(", ")}`, { path: folder });
}
