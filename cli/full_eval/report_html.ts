// report.html: the report in one file, including its images.

import { escapeHtml } from "../../base/display.ts";
import type { Report, SceneFigures } from "./report_contents.ts";
import { HEADS, problems, remarks, type TableLine, tableLines } from "./report_table.ts";

const STYLE =
  `body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
tr.other td { color: #667; font-size: .92em }
tr.own td { font-weight: 600 }
figure { display: inline-block; margin: 0 1rem 1rem 0 }
figcaption { color: #667; font-size: .92em }
.problems { color: #a00 }
.wide { overflow-x: auto }`;

/** The text of report.html. */
export function htmlReport(report: Report, figures: readonly SceneFigures[]): string {
  const { title, versions, datasets } = report;
  const failed = problems(datasets);
  const list = (texts: string[], kind = "") =>
    `<ul${kind}>\n${texts.map((text) => `<li>${escapeHtml(text)}</li>`).join("\n")}\n</ul>`;
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>tame ${escapeHtml(versions.tame)}, Deno ${escapeHtml(versions.deno)}</p>`,
    ...(failed.length === 0 ? [] : ["<p>Not complete:</p>", list(failed, ' class="problems"')]),
    ...datasets.flatMap((dataset) => [`<h2>${escapeHtml(dataset.title)}</h2>`, table(tableLines(dataset))]),
    "<h2>What the numbers are</h2>",
    list(remarks(datasets)),
    ...(figures.length === 0 ? [] : ["<h2>Scenes</h2>"]),
    ...figures.map(sceneSection),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
${STYLE}
</style>
${body.join("\n")}
</html>
`;
}

function table(lines: readonly TableLine[]): string {
  const head = HEADS.map((text) => `<th>${escapeHtml(text)}</th>`).join("");
  const rows = lines.map(({ cells, own }) =>
    `<tr class="${own ? "own" : "other"}">${cells.map((text) => `<td>${escapeHtml(text)}</td>`).join("")}</tr>`
  );
  return `<div class="wide"><table>\n<tr>${head}</tr>\n${rows.join("\n")}\n</table></div>`;
}

function sceneSection({ scene, plot, crops }: SceneFigures): string {
  const images = crops.map(({ jpeg, caption }) =>
    `<figure><img src="data:image/jpeg;base64,${jpeg.toBase64()}" alt="${escapeHtml(caption)}">` +
    `<figcaption>${escapeHtml(caption)}</figcaption></figure>`
  );
  return [
    `<h3>${escapeHtml(scene)}</h3>`,
    ...(plot === undefined ? [] : [`<div class="wide">${plot}</div>`]),
    ...images,
  ]
    .join("\n");
}
