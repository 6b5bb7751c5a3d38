// The HTML of reports: one file without requests, dark or light as the reader has it, readable at the width of a phone.

import { escapeHtml } from "../../base/display.ts";
import { type Chart, CHART_STYLE, chartSvg } from "./chart.ts";

const STYLE = `:root { color-scheme: light dark; --text: #222; --muted: #5b6472; --line: #d9dde3; --ground: #fff;
  --raised: #f4f6f8; --accent: #0a63cc; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e8ee; --muted: #95a1b2; --line: #2f3846; --ground: #12161d; --raised: #1b212b; --accent: #5aa9ff;
    --bad: #ff8a80 }
}
* { box-sizing: border-box }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem;
  color: var(--text); background: var(--ground); overflow-wrap: anywhere }
h1 { line-height: 1.2 }
a { color: var(--accent) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 }
th, td { padding: .2rem .55rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
.names th, .names td, .numbers th:nth-child(-n+2), .numbers td:nth-child(-n+2) { text-align: left; white-space: normal }
.flags td:first-child { white-space: nowrap; font-size: .92em }
tr.other td { color: var(--muted); font-size: .92em }
tr.own td { font-weight: 600 }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .3rem 1rem }
dt { color: var(--muted) }
dd { margin: 0 }
code { font: .92em ui-monospace, monospace; background: var(--raised); padding: .1rem .25rem; border-radius: 3px }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 24rem)); gap: 1.5rem }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), max-content)); gap: 1rem }
figure { margin: 0 }
img { max-width: 100%; height: auto; display: block }
figcaption, .muted { color: var(--muted); font-size: .92em }
.problems { color: var(--bad) }
summary { cursor: pointer; margin: 1rem 0 }
@media (max-width: 62rem) {
  .numbers tr:first-child { display: none }
  .numbers, .numbers tbody { display: block }
  .numbers tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); padding: .4rem 0;
    border-bottom: 1px solid var(--line) }
  .numbers td { text-align: left; border: 0; padding: .1rem .5rem .1rem 0 }
  .numbers td:nth-child(-n+2) { grid-column: 1 / -1 }
  .numbers td:nth-child(n+3)::before { content: attr(data-head); display: block; color: var(--muted); font-weight: 400;
    font-size: .85em }
}
${CHART_STYLE}`;

/** A page, from its title and the elements of its body. */
export function htmlPage(title: string, body: readonly string[]): string {
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

/** A row of {@linkcode numbersTable}. */
export interface TableRow {
  cells: readonly string[];
  /** Its class. */
  kind?: string;
}

/** A table whose first two columns are names and whose others are numbers; on a narrow page each row is a block. */
export function numbersTable(heads: readonly string[], rows: readonly TableRow[]): string {
  const cell = (text: string, i: number) => `<td data-head="${escapeHtml(heads[i])}">${escapeHtml(text)}</td>`;
  const head = heads.map((text) => `<th>${escapeHtml(text)}</th>`).join("");
  return table("numbers", head, rows.map(({ cells, kind = "" }) => [kind, cells.map(cell).join("")]));
}

/** A table of names and texts; with `kind` of that class too. */
export function namesTable(heads: readonly string[], rows: readonly (readonly string[])[], kind = ""): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("");
  return table(`names ${kind}`.trim(), cells(heads, "th"), rows.map((row) => ["", cells(row, "td")]));
}

function table(kind: string, head: string, rows: (readonly [kind: string, cells: string])[]): string {
  const lines = rows.map(([kind, cells]) => `<tr${kind === "" ? "" : ` class="${kind}"`}>${cells}</tr>`);
  return `<table class="${kind}">\n<tr>${head}</tr>\n${lines.join("\n")}\n</table>`;
}

/** A list of texts. */
export function list(texts: readonly string[], kind = ""): string {
  const items = texts.map((text) => `<li>${escapeHtml(text)}</li>`).join("\n");
  return `<ul${kind === "" ? "" : ` class="${kind}"`}>\n${items}\n</ul>`;
}

/** Facts with their names. A text in an element of its own, such as a command, comes as HTML. */
export function facts(rows: readonly (readonly [name: string, text: string | { html: string }])[]): string {
  const items = rows.map(([name, text]) =>
    `<dt>${escapeHtml(name)}</dt><dd>${typeof text === "string" ? escapeHtml(text) : text.html}</dd>`
  );
  return `<dl>\n${items.join("\n")}\n</dl>`;
}

/** A command line. */
export function command(text: string): { html: string } {
  return { html: `<code>${escapeHtml(text)}</code>` };
}

/** Charts that have points, beside each other where there is room. */
export function chartsBlock(charts: readonly Chart[]): string {
  const drawn = charts.map(chartSvg).filter((svg) => svg !== undefined);
  return drawn.length === 0 ? "" : `<div class="charts">\n${drawn.join("\n")}\n</div>`;
}

/** A picture with a line about it: a JPEG file in the page, or the address of an image beside it. */
export interface ReportPicture {
  source: Uint8Array | string;
  caption: string;
}

/** Pictures beside each other where there is room. */
export function picturesBlock(pictures: readonly ReportPicture[]): string {
  const figures = pictures.map(({ source, caption }) => {
    const address = typeof source === "string" ? escapeHtml(source) : `data:image/jpeg;base64,${source.toBase64()}`;
    const text = escapeHtml(caption);
    return `<figure><img src="${address}" alt="${text}"><figcaption>${text}</figcaption></figure>`;
  });
  return figures.length === 0 ? "" : `<div class="pictures">\n${figures.join("\n")}\n</div>`;
}

/** A date and time to the minute, from an ISO text: `2026-11-28 08:25 UTC`. */
export function dateText(iso: string): string {
  return Number.isNaN(Date.parse(iso)) ? iso : `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
