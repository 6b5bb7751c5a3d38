// Scores the held-out views of a trained model folder, in a process of its own: the device is then free for the next
// run. Arguments: the folder, and the file of LPIPS weights if there is one. Prints JSON: a list of view records.

import { join } from "@std/path";
import { exposureOf } from "../../base/exposure.ts";
import { libraryOptions } from "../../base/option.ts";
import { parseWithConfig } from "../../cli/config.ts";
import { deviceOptions } from "../../cli/device.ts";
import { failureOf } from "../../cli/exit.ts";
import { namedLibrary } from "../../cli/paths.ts";
import { viewParity } from "../../cli/train_options.ts";
import { loadLpips } from "../../eval/lpips/lpips.ts";
import { backgroundOf } from "../../eval/render_record.ts";
import { scoreImages } from "../../eval/scores.ts";
import { openDevice } from "../../ffi/device.ts";
import { renderColors } from "../../ffi/rasterizer.ts";
import { loadPly } from "../../init/gaussians.ts";
import { readExposures } from "../../load/exposures.ts";
import { lastIteration, MODEL_FILES, pointCloudPath } from "../../load/model_folder.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { loadScene } from "../../load/scene.ts";
import { exposed } from "../../measure/exposure.ts";
import { withPhotosAhead } from "../../measure/photos.ts";
import { clampColors, toFloat } from "../../measure/pixels.ts";
import type { ViewRecord } from "./records.ts";

/** Renders the views that a run held out, as floats in [0, 1], and scores them. */
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
  const iteration = await lastIteration(folder);
  using gaussians = await loadPly(device, pointCloudPath(folder, iteration));
  const exposures = await readExposures(folder, iteration);
  const records: ViewRecord[] = [];
  for (const { view, photo: decoded } of withPhotosAhead(scene.test)) {
    const render = await renderColors(gaussians, view.camera, { background });
    const image = clampColors(exposed(render, exposureOf(exposures, view.name)));
    const photo = toFloat(await decoded, background);
    records.push({ name: view.name, scores: await scoreImages(device, image, photo, weights) });
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
