// `metrics`: scores the rendered test views of model folders.

import { basename } from "@std/path";
import { DataError } from "../base/errors.ts";
import { findLpipsWeights, loadLpips, type LpipsNetwork } from "../eval/lpips/lpips.ts";
import { scoreModel } from "../eval/metrics.ts";
import { rendersPath } from "../eval/render.ts";
import { OutOfDateError } from "../eval/render_record.ts";
import type { Scores } from "../eval/scores.ts";
import type { Device } from "../ffi/device.ts";
import { statOrUndefined } from "../load/files.ts";
import { lastIteration } from "../load/model_folder.ts";
import { parse } from "./argv.ts";
import { openChosenDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { LPIPS_ADVICE } from "./lpips_advice.ts";
import { METRICS_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { Reporter } from "./progress.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "metrics",
      summary: VERBS.metrics.summary,
      usage: "-m MODEL …",
      example: "deno task metrics -m out/fox out/garden",
      notes: [
        "Writes the means to results.json and the scores of each image to per_view.json in the model folder. Names " +
        "that end with _float are scores of renders that were not rounded to 8 bits; PSNR_cc and SSIM_cc are scores " +
        "after a correction of each channel's gain and offset, by a regression of the render on the photo.",
      ],
      table: METRICS_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, METRICS_OPTIONS);
  if (values.model_paths.length === 0) throw new UsageError("Missing --model_paths: which rendered models to score");
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: stopping after this image"));
  using device = await openChosenDevice(values, reporter);
  using weights = await chosenWeights(device, values.lpips);
  let code: number = EXIT.done;
  let scored = false;
  for (const folder of values.model_paths.map((path) => userPath(path))) {
    const onImage = (done: number, total: number) =>
      reporter.progress({ label: `Scoring ${folder}`, done, total, unit: "image" });
    try {
      const onInexact = (method: string, reason: string) =>
        reporter.note(`${method}: only the 8-bit images are scored. ${reason}`);
      const onNotice = (method: string, message: string) => reporter.warn(`${folder} ${method}: ${message}`);
      const last = await lastMethod(folder);
      const onFailure = (method: string, error: DataError) => {
        reporter.warn(`Unable to compute metrics for ${method} of model ${folder}: ${error.message}`);
        // Old images of other iterations are what a later run into the folder leaves.
        if (method === last || !(error instanceof OutOfDateError)) code = EXIT.data;
      };
      const { signal } = interrupt;
      const options = { weights, library: namedLibrary(), signal, onImage, onInexact, onNotice, onFailure };
      const scores = await scoreModel(device, folder, options);
      reporter.finish();
      if (Object.keys(scores).length === 0) code = EXIT.data;
      for (const [method, { means, images }] of Object.entries(scores)) {
        scored = true;
        reporter.note(`${folder} ${method}, ${images.length} test views: ${scoresText(means)}`);
        reporter.event({ type: "metrics", model: folder, method, views: images.length, scores: means });
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reporter.warn(`Unable to compute metrics for model ${folder}: ${error.message}`);
      code = EXIT.data; // the other models are still scored
    } finally {
      reporter.finish();
    }
  }
  if (scored && weights === undefined) reporter.note(`LPIPS is not computed without weights. ${LPIPS_ADVICE}`);
  await reporter.delivered();
  return code;
}

/** The images of the last run's Gaussians; undefined if the folder does not tell. */
async function lastMethod(folder: string): Promise<string | undefined> {
  try {
    return basename(rendersPath(folder, "test", await lastIteration(folder)));
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

async function chosenWeights(device: Device, option: string | undefined): Promise<LpipsNetwork | undefined> {
  const file = findLpipsWeights(option);
  if (file === undefined) return undefined;
  const path = userPath(file);
  if (await statOrUndefined(path) === undefined) {
    const name = option === undefined ? "TAME_LPIPS" : "--lpips";
    throw new UsageError(`There is no file ${path}, which ${name} names. ${LPIPS_ADVICE}`);
  }
  return await loadLpips(device, path);
}

/** The scores of the 8-bit images in one line. */
function scoresText(means: Scores): string {
  const lpips = ["LPIPS", "LPIPS_alex"].filter((name) => name in means)
    .map((name) => `${name} ${means[name].toFixed(4)} (${means[`${name}_signed`].toFixed(4)} in [-1, 1])`);
  const corrected = `(colour-corrected ${means.PSNR_cc.toFixed(2)} dB, ${means.SSIM_cc.toFixed(4)})`;
  const structure = `SSIM ${means.SSIM.toFixed(4)} ${corrected}`;
  return [`PSNR ${means.PSNR.toFixed(2)} dB`, structure, ...lpips].join(", ");
}
