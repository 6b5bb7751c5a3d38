// Writes the reports of a benchmark: report.md, .csv, .json and .html, with plots and crops in report/, and timing.txt.

import { join } from "@std/path";
import { removeOrphans, writeFileAtomic } from "../../base/atomic.ts";
import { DataError } from "../../base/errors.ts";
import project from "../../deno.json" with { type: "json" };
import { chartsFile } from "../report/chart.ts";
import type { DatasetReport } from "./collect.ts";
import { worstCrops } from "./crops.ts";
import type { Job } from "./jobs.ts";
import { sceneCharts } from "./plots.ts";
import type { SceneRecord } from "./record.ts";
import { FIGURES, type Report, type SceneFigures } from "./report_contents.ts";
import { csvReport } from "./report_csv.ts";
import { htmlReport } from "./report_html.ts";
import { markdownReport } from "./report_markdown.ts";
import type { Group } from "./scenes.ts";

/** A report with its date and the versions of this program. */
export function reportOf(title: string, datasets: DatasetReport[]): Report {
  return {
    title,
    date: new Date().toISOString(),
    versions: { tame: project.version, deno: Deno.version.deno },
    datasets,
  };
}

/**
 * Writes all files of a report into a folder; resolves to their paths. `onMissing` is called for a scene whose figures
 * cannot be drawn, with the reason.
 */
export async function writeReports(
  folder: string,
  report: Report,
  onMissing: (scene: string, reason: string) => void,
): Promise<string[]> {
  const figures = await drawFigures(report, onMissing);
  await Deno.mkdir(join(folder, FIGURES), { recursive: true });
  for (const written of [folder, join(folder, FIGURES)]) await removeOrphans(written);
  for (const { scene, charts, crops } of figures) {
    const plot = chartsFile(charts);
    if (plot !== undefined) await writeFileAtomic(join(folder, FIGURES, `${scene}.svg`), plot);
    for (const { file, jpeg } of crops) await writeFileAtomic(join(folder, FIGURES, file), jpeg);
  }
  const files: [string, string][] = [
    ["report.json", JSON.stringify(jsonReport(report), null, 1) + "\n"],
    ["report.csv", csvReport(report)],
    ["report.md", markdownReport(report, figures)],
    ["report.html", htmlReport(report, figures)],
  ];
  for (const [name, text] of files) await writeFileAtomic(join(folder, name), text);
  return files.map(([name]) => join(folder, name));
}

async function drawFigures(
  { datasets }: Report,
  onMissing: (scene: string, reason: string) => void,
): Promise<SceneFigures[]> {
  const figures: SceneFigures[] = [];
  for (const row of datasets.flatMap(({ rows }) => rows)) {
    if (row.method === undefined) continue;
    try {
      const crops = row.problem === undefined ? await worstCrops(row) : [];
      figures.push({ scene: row.scene, charts: await sceneCharts(row), crops });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onMissing(row.scene, error.message);
    }
  }
  return figures;
}

/** The report without the folders of its scenes. */
function jsonReport({ title, date, versions, datasets }: Report): object {
  return {
    title,
    date,
    versions,
    datasets: datasets.map(({ rows, ...dataset }) => ({
      ...dataset,
      scenes: rows.map(({ scene, problem, device, started, options, measures, scores, references }) => ({
        scene,
        problem,
        device,
        started,
        options,
        measures,
        scores,
        references,
      })),
    })),
  };
}

/** The reference's timing.txt: minutes of the training processes of each of the paper's datasets. */
export function timingText(jobs: readonly Job[], records: ReadonlyMap<Job, SceneRecord>): string {
  const minutes = (group: Group): number =>
    jobs.filter((job) => job.group === group)
      .reduce((sum, job) => sum + (records.get(job)?.done.train?.seconds ?? 0), 0) / 60;
  return `m360: ${minutes("m360")} minutes \n tandt: ${minutes("tandt")} minutes \n db: ${minutes("db")} minutes\n`;
}
