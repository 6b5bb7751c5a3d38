// Charts of a scene's training: loss, PSNR of the held-out views, and Gaussians over time.

import { join } from "@std/path";
import { MODEL_FILES } from "../../load/model_folder.ts";
import type { Chart } from "../report/chart.ts";
import { readTrainLog, trainingCharts } from "../report/train_log.ts";
import type { SceneRow } from "./collect.ts";

/** The charts of a trained scene; none if it has no train.csv. Throws a `DataError` when that is damaged. */
export async function sceneCharts({ model, measures }: Pick<SceneRow, "model" | "measures">): Promise<Chart[]> {
  const rows = await readTrainLog(join(model, MODEL_FILES.log));
  if (rows === undefined) return [];
  const { loss, psnr, gaussians } = trainingCharts(rows, "seconds", measures.psnr);
  return [loss, psnr, gaussians];
}
