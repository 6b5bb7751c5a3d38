// report.html: the report in one file, including its images.

import { escapeHtml } from "../../base/display.ts";
import { chartsBlock, htmlPage, list, namesTable, numbersTable, picturesBlock } from "../report/page.ts";
import type { Report, SceneFigures } from "./report_contents.ts";
import { HEADS, problems, remarks, tableLines } from "./report_table.ts";
import { madeWith, SCENE_HEADS, sceneLines, sharedOptionsText } from "./scene_options.ts";

/** The text of report.html. */
export function htmlReport(report: Report, figures: readonly SceneFigures[]): string {
  const { title, datasets } = report;
  const failed = problems(datasets);
  return htmlPage(title, [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>${escapeHtml(madeWith(report))}</p>`,
    ...(failed.length === 0 ? [] : ["<p>Not complete:</p>", list(failed, "problems")]),
    ...datasets.flatMap((dataset) => [
      `<h2>${escapeHtml(dataset.title)}</h2>`,
      numbersTable(HEADS, tableLines(dataset).map(({ cells, own }) => ({ cells, kind: own ? "own" : "other" }))),
    ]),
    "<h2>What the numbers are</h2>",
    list(remarks(datasets)),
    "<h2>How the scenes were trained</h2>",
    `<p>${escapeHtml(sharedOptionsText(datasets))}</p>`,
    namesTable(SCENE_HEADS, sceneLines(datasets)),
    ...(figures.length === 0 ? [] : ["<h2>Scenes</h2>"]),
    ...figures.flatMap(({ scene, charts, crops }) => [
      `<h3>${escapeHtml(scene)}</h3>`,
      chartsBlock(charts),
      picturesBlock(crops.map(({ jpeg, caption }) => ({ source: jpeg, caption }))),
    ]),
  ]);
}
