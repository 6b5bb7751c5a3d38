// Line charts as SVG, in the colours of the page that they are in. A charting library would be loaded at the end of every
// run, or be a script that the page runs.

import { escapeHtml } from "../../base/display.ts";
import { linearTicks, logarithmicTicks } from "../../base/ticks.ts";

/** A point of a chart. */
export interface Point {
  x: number;
  y: number;
}

/** One line over an axis. */
export interface Chart {
  title: string;
  /** What is along x. */
  along: string;
  /** By ascending x; those that are not finite are left out. */
  points: readonly Point[];
  logarithmic?: boolean;
  /** Marks the points, if they are few. */
  marked?: boolean;
  /** A value as text. */
  text: (value: number) => string;
}

/** Size of a chart in the units of its drawing, which are pixels where it is 320 pixels wide. */
const SIZE = { width: 320, height: 180 };

/** The lines' part of it: beside it are the numbers of the axes, above it the title and the last value. */
const PLOT = { left: 44, right: 304, top: 30, bottom: 150 };

/** Numbers along an axis at most. */
const TICKS = { x: 5, y: 5 };

/** Room above and below the values, in parts of their range. */
const ROOM = 0.06;

/** What the style sheet of a page with charts needs. */
export const CHART_STYLE = `.chart { display: block; width: 100%; height: auto }
.chart text { font: 11px system-ui, sans-serif; fill: var(--muted) }
.chart .title { font-weight: 600; fill: var(--text) }
.chart .last { fill: var(--text); text-anchor: end }
.chart .low { text-anchor: middle }
.chart .side { text-anchor: end }
.chart .grid { stroke: var(--line); fill: none }
.chart .line { stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; fill: none }
.chart .mark { fill: var(--accent) }`;

/** Colours of charts in a file of their own. */
const ALONE = ":root { --text: #222; --muted: #667; --line: #ddd; --accent: #0a63cc }";

/** A chart as an element of a page; undefined if it has no point. */
export function chartSvg(chart: Chart): string | undefined {
  const drawn = drawing(chart);
  return drawn === undefined
    ? undefined
    : `<svg class="chart" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${
      escapeHtml(drawn.label)
    }">${drawn.body}</svg>`;
}

/** Charts beside each other as an SVG file; undefined if none has a point. */
export function chartsFile(charts: readonly Chart[]): string | undefined {
  const drawn = charts.map(drawing).filter((one) => one !== undefined);
  if (drawn.length === 0) return undefined;
  const [width, height] = [SIZE.width * drawn.length, SIZE.height];
  const groups = drawn.map(({ body }, i) => `<g class="chart" transform="translate(${i * SIZE.width} 0)">${body}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}"><style>${ALONE} ${CHART_STYLE}</style>` +
    `<rect width="${width}" height="${height}" fill="white"/>${groups.join("")}</svg>\n`;
}

function drawing(chart: Chart): { label: string; body: string } | undefined {
  const { title, along, logarithmic = false, marked = false, text } = chart;
  const points = chart.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y) && (!logarithmic || y > 0));
  if (points.length === 0) return undefined;
  const [first, last] = [points[0], points[points.length - 1]];
  const across = axis([Math.min(0, first.x), last.x > 0 ? last.x : 1], [PLOT.left, PLOT.right]);
  const up = axis(range(points.map(({ y }) => y), logarithmic), [PLOT.bottom, PLOT.top], logarithmic);
  const places = points.map(({ x, y }) => [across.place(x), up.place(y)] as const);
  const body = [
    `<text class="title" x="0" y="14">${escapeHtml(title)}</text>`,
    `<text class="last" x="${PLOT.right}" y="14">${escapeHtml(text(last.y))}</text>`,
    ...up.ticks(TICKS.y).map(({ place, value }) =>
      `<path class="grid" d="M${PLOT.left} ${place}H${PLOT.right}"/>` +
      `<text class="side" x="${PLOT.left - 6}" y="${tenth(place + 4)}">${short(value)}</text>`
    ),
    ...across.ticks(TICKS.x).map(({ place, value }) =>
      `<text class="low" x="${place}" y="${PLOT.bottom + 15}">${short(value)}</text>`
    ),
    `<text class="last" x="${PLOT.right}" y="${PLOT.bottom + 28}">${escapeHtml(along)}</text>`,
    `<path class="line" d="M${places.map(([x, y]) => `${x} ${y}`).join("L")}"/>`,
    ...(marked || places.length === 1
      ? places.map(([x, y]) => `<circle class="mark" cx="${x}" cy="${y}" r="2.5"/>`)
      : []),
  ];
  const label = `${title}, from ${text(first.y)} to ${text(last.y)}, ${short(last.x)} ${along}`;
  return { label, body: body.join("") };
}

/** The range of the values with some room, also if all are the same. */
function range(values: readonly number[], logarithmic: boolean): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (logarithmic) return [low * (1 - ROOM), high * (1 + ROOM)];
  const room = ROOM * (high - low) || 0.05 * Math.abs(high) || 1;
  return [low < 0 ? low - room : Math.max(0, low - room), high + room];
}

/** Where values are between two ends of a drawing. */
function axis([low, high]: [number, number], [start, end]: [number, number], logarithmic = false) {
  const scale = logarithmic ? Math.log : (value: number) => value;
  const place = (value: number): number =>
    tenth(start + (end - start) * (scale(value) - scale(low)) / (scale(high) - scale(low)));
  const ticks = (most: number): { place: number; value: number }[] => {
    const round = logarithmic ? logarithmicTicks(low, high) : [];
    const values = round.length < 2 ? linearTicks(low, high, most) : fewer(round, most);
    return values.map((value) => ({ place: place(value), value }));
  };
  return { place, ticks };
}

/** The powers of ten alone, if there are too many numbers. */
function fewer(ticks: readonly number[], most: number): number[] {
  const powers = ticks.filter((value) => Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6));
  return ticks.length <= most || powers.length < 2 ? [...ticks] : powers;
}

function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}

/** 15059 → "15.06k", 0.0312 → "0.0312". */
function short(value: number): string {
  const unit = ([[1e9, "G"], [1e6, "M"], [1e4, "k"]] as const).find(([least]) => Math.abs(value) >= least);
  if (unit === undefined) return String(Number(value.toPrecision(4)));
  const [least, letter] = unit;
  return `${Number((value / (least === 1e4 ? 1e3 : least)).toPrecision(4))}${letter}`;
}
