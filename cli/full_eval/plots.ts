// Plots of a scene's training: loss, PSNR of the held-out views, and Gaussians over time, drawn by Vega-Lite.

import { parse } from "@std/csv";
import { join } from "@std/path";
import type { TopLevelSpec } from "vega-lite";
import { DataError } from "../../base/errors.ts";
import { parseNumber } from "../../base/numbers.ts";
import { statOrUndefined } from "../../load/files.ts";
import { MODEL_FILES } from "../../load/model_folder.ts";
import { drawSvg } from "../svg.ts";
import type { SceneRow } from "./collect.ts";

/** The data of the plots of a run. */
export interface Series {
  losses: { seconds: number; loss: number }[];
  gaussians: { seconds: number; gaussians: number }[];
  psnr: { seconds: number; psnr: number }[];
}

/** Maximum points of a curve; more would not be visible. */
const POINTS = 300;

const WIDTH = 310;
const HEIGHT = 160;

/** The plots of a trained scene as SVG; undefined if it has no train.csv. Throws a `DataError` when that is damaged. */
export async function scenePlot({ model, measures }: SceneRow): Promise<string | undefined> {
  const path = join(model, MODEL_FILES.log);
  if (!(await statOrUndefined(path))?.isFile) return undefined;
  return await drawSvg(plotSpec(seriesOf(await Deno.readTextFile(path), path, measures.psnr)));
}

/** The curves of the train.csv at `path`: the mean loss over the iterations of each point, and the Gaussians at its end. */
export function seriesOf(csv: string, path: string, finalPsnr?: number): Series {
  const rows = rowsOf(csv, path);
  const size = Math.max(1, Math.ceil(rows.length / POINTS));
  const series: Series = { losses: [], gaussians: [], psnr: [] };
  for (let first = 0; first < rows.length; first += size) {
    const group = rows.slice(first, first + size);
    const last = group[group.length - 1];
    const seconds = Number(last.seconds);
    series.losses.push({ seconds, loss: group.reduce((sum, row) => sum + Number(row.loss), 0) / group.length });
    series.gaussians.push({ seconds, gaussians: Number(last.gaussians) });
  }
  for (const { seconds, psnr } of rows) {
    if (psnr !== "" && psnr !== undefined) series.psnr.push({ seconds: Number(seconds), psnr: Number(psnr) });
  }
  const end = Number(rows.at(-1)?.seconds);
  if (finalPsnr !== undefined && Number.isFinite(finalPsnr) && series.psnr.at(-1)?.seconds !== end) {
    series.psnr.push({ seconds: end, psnr: finalPsnr });
  }
  return series;
}

/** The rows by column. Those that are plotted have numbers in every line. */
function rowsOf(csv: string, path: string): Record<string, string | undefined>[] {
  let rows: Record<string, string | undefined>[];
  try {
    rows = parse(csv, { skipFirstRow: true });
  } catch (cause) {
    throw new DataError("File is not a table of numbers", { path, cause });
  }
  for (const [i, row] of rows.entries()) {
    const wrong = ["seconds", "loss", "gaussians"].find((column) => parseNumber(row[column] ?? "") === undefined);
    if (wrong !== undefined) throw new DataError(`Column ${wrong} has no number`, { path, line: i + 2 });
  }
  return rows;
}

/** The plots side by side as a Vega-Lite specification; PSNR only if there are at least two evaluations. */
function plotSpec({ losses, gaussians, psnr }: Series): TopLevelSpec {
  const seconds = {
    field: "seconds",
    type: "quantitative",
    title: "seconds of training",
    scale: { domainMin: 0 },
  } as const;
  const panel = (values: object[], field: string, title: string, how: { points?: boolean; log?: boolean }) => ({
    data: { values },
    width: WIDTH,
    height: HEIGHT,
    mark: { type: "line", point: how.points === true } as const,
    encoding: {
      x: seconds,
      y: {
        field,
        type: "quantitative",
        title,
        scale: how.log ? { type: "log" } as const : { zero: false },
      } as const,
    },
  });
  return {
    background: "white",
    hconcat: [
      panel(losses, "loss", "loss", { log: true }),
      ...(psnr.length < 2 ? [] : [panel(psnr, "psnr", "PSNR of held-out views, dB", { points: true })]),
      panel(gaussians, "gaussians", "Gaussians", {}),
    ],
  };
}
