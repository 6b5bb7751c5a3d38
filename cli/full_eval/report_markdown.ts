// report.md: the tables, with links to the figures.

import { chartsFile } from "../report/chart.ts";
import type { DatasetReport } from "./collect.ts";
import { FIGURES, type Report, type SceneFigures } from "./report_contents.ts";
import { HEADS, problems, remarks, tableLines } from "./report_table.ts";
import { madeWith, SCENE_HEADS, sceneLines, sharedOptionsText } from "./scene_options.ts";

/** The text of report.md. */
export function markdownReport(report: Report, figures: readonly SceneFigures[]): string {
  const { title, datasets } = report;
  const failed = problems(datasets);
  const blocks = [
    `# ${cell(title)}`,
    madeWith(report),
    ...(failed.length === 0 ? [] : ["Not complete:", failed.map((text) => `- ${cell(text)}`).join("\n")]),
    markdownTables(datasets),
    "## What the numbers are",
    remarks(datasets).map((text) => `- ${cell(text)}`).join("\n"),
    "## How the scenes were trained",
    cell(sharedOptionsText(datasets)),
    table(SCENE_HEADS, sceneLines(datasets), SCENE_HEADS.length),
    ...(figures.length === 0 ? [] : ["## Scenes"]),
    ...figures.flatMap(({ scene, charts, crops }) => [
      `### ${cell(scene)}`,
      ...(chartsFile(charts) === undefined ? [] : [`![Loss, PSNR and Gaussians over time](${FIGURES}/${scene}.svg)`]),
      ...crops.map(({ file, caption }) => `![${cell(caption)}](${FIGURES}/${file})\n${cell(caption)}`),
    ]),
  ];
  return blocks.join("\n\n") + "\n";
}

/** Only the tables. */
export function markdownTables(datasets: readonly DatasetReport[]): string {
  return datasets.flatMap((
    dataset,
  ) => [`## ${cell(dataset.title)}`, table(HEADS, tableLines(dataset).map(({ cells }) => cells), 2)]).join("\n\n");
}

/** A table whose first `names` columns are texts, and whose others are numbers. */
function table(heads: readonly string[], lines: readonly (readonly string[])[], names: number): string {
  const rule = heads.map((_, index) => index < names ? "---" : "---:");
  return [heads, rule, ...lines.map((cells) => cells.map(cell))].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Escapes text for Markdown. */
function cell(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|#]/g, "\\$&").replaceAll("\n", " ");
}
