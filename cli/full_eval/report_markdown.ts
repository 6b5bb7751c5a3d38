// report.md: the tables, with links to the figures.

import type { DatasetReport } from "./collect.ts";
import { FIGURES, type Report, type SceneFigures } from "./report_contents.ts";
import { HEADS, problems, remarks, tableLines } from "./report_table.ts";

/** The text of report.md. */
export function markdownReport(report: Report, figures: readonly SceneFigures[]): string {
  const { title, versions, datasets } = report;
  const failed = problems(datasets);
  const blocks = [
    `# ${cell(title)}`,
    `tame ${versions.tame}, Deno ${versions.deno}`,
    ...(failed.length === 0 ? [] : ["Not complete:", failed.map((text) => `- ${cell(text)}`).join("\n")]),
    markdownTables(datasets),
    "## What the numbers are",
    remarks(datasets).map((text) => `- ${cell(text)}`).join("\n"),
    ...(figures.length === 0 ? [] : ["## Scenes"]),
    ...figures.flatMap(({ scene, plot, crops }) => [
      `### ${cell(scene)}`,
      ...(plot === undefined ? [] : [`![Loss, PSNR and Gaussians over time](${FIGURES}/${scene}.svg)`]),
      ...crops.map(({ file, caption }) => `![${cell(caption)}](${FIGURES}/${file})\n${cell(caption)}`),
    ]),
  ];
  return blocks.join("\n\n") + "\n";
}

/** Only the tables. */
export function markdownTables(datasets: readonly DatasetReport[]): string {
  return datasets.flatMap((dataset) => [`## ${cell(dataset.title)}`, table(tableLines(dataset))]).join("\n\n");
}

function table(lines: readonly { cells: string[] }[]): string {
  const rule = HEADS.map((_, index) => index < 2 ? "---" : "---:");
  return [HEADS, rule, ...lines.map(({ cells }) => cells.map(cell))].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Escapes text for Markdown. */
function cell(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|#]/g, "\\$&").replaceAll("\n", " ");
}
