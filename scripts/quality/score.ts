// Scores the held-out views of a trained model folder, in a process of its own: the device is then free for the next
// run. Arguments: the folder, and the file of LPIPS weights if there is one. Prints JSON: a list of view records.

import { join } from "@std/path";
import { libraryOptions } from "../../base/option.ts";
import { parseWithConfig } from "../../cli/config.ts";
import { deviceOptions } from "../../cli/device.ts";
import { failureOf } from "../../cli/exit.ts";
import { namedLibrary } from "../../cli/paths.ts";
import { viewParity } from "../../cli/train_options.ts";
import { colorCorrected } from "../../eval/color_correction.ts";
import { loadLpips } from "../../eval/lpips/lpips.ts";
import { backgroundOf } from "../../eval/render_record.ts";
import { scoreImages } from "../../eval/scores.ts";
import { openDevice } from "../../ffi/device.ts";
import { psnr, ssim } from "../../ffi/metrics.ts";
import { renderColors } from "../../ffi/rasterizer.ts";
import { loadPly } from "../../init/gaussians.ts";
import { lastIteration, MODEL_FILES, pointCloudPath } from "../../load/model_folder.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { loadScene } from "../../load/scene.ts";
import { withPhotosAhead } from "../../measure/photos.ts";
import { clampColors, toFloat } from "../../measure/pixels.ts";
import type { ViewRecord } from "./records.ts";

/** Renders the views that a run held out, as floats in [0, 1], and scores them, also with their colours corrected. */
async function scoreHeldOut(folder: string, lpips: string | undefined): Promise<ViewRecord[]> {
  // The run's own options: what was held out in training is what is scored.
  const { values } = await parseWithConfig([`--config=${join(folder, MODEL_FILES.config)}`]);
  const scene = await loadScene(values.source_path, {
    ...libraryOptions(LOAD_ROWS, values),
    ...viewParity(values),
    library: namedLibrary(),
  });
  const background = backgroundOf({ whiteBackground: values.white_background });
  using device = await openDevice(deviceOptions(values));
  using weights = lpips === undefined ? undefined : await loadLpips(device, lpips);
  using gaussians = await loadPly(device, pointCloudPath(folder, await lastIteration(folder)));
  const records: ViewRecord[] = [];
  for (const { view, photo: decoded } of withPhotosAhead(scene.test)) {
    const render = clampColors(await renderColors(gaussians, view.camera, { background }));
    const photo = toFloat(await decoded, background);
    const corrected = colorCorrected(render, photo);
    const scores = {
      ...await scoreImages(device, render, photo, weights),
      ...{ PSNR_cc: psnr(device, corrected, photo), SSIM_cc: ssim(device, corrected, photo) },
    };
    records.push({ name: view.name, scores });
  }
  return records;
}

if (import.meta.main) {
  try {
    const [folder, lpips] = Deno.args;
    console.log(JSON.stringify(await scoreHeldOut(folder, lpips)));
  } catch (error) {
    const { code, message } = failureOf(error, () => "Run: deno task quality");
    console.error(`Error: ${message}`);
    Deno.exitCode = code;
  }
}
