// The charts of a run over its iterations: loss, PSNR, Gaussians, speed, memory.

import uPlot from "uplot";
import { formatBytes } from "../../base/format.ts";
import { logarithmicTicks } from "../../base/ticks.ts";
import type { Sample, Score } from "../protocol.ts";
import { byId, make } from "./dom.ts";
import { short, whole } from "./format.ts";

/** Height of a chart in pixels, and of what is above it. */
const HEIGHT = { least: 84, most: 150, head: 34 };

/** Width of the numbers beside the axis. */
const AXIS_WIDTH = 50;

/** One line of a chart. */
interface Line {
  label: string;
  /** A variable of the style sheet. */
  color: string;
}

/** One chart. */
interface Chart {
  title: string;
  lines: readonly Line[];
  logarithmic?: boolean;
  /** Marks the points, if there are few. */
  points?: boolean;
  text: (value: number) => string;
}

type Values = (number | null)[];

const CHARTS: Readonly<Record<string, Chart>> = {
  loss: { title: "Loss", lines: [{ label: "", color: "--accent" }], logarithmic: true, text: short },
  psnr: {
    title: "PSNR",
    lines: [{ label: "held out ", color: "--accent" }, { label: "training ", color: "--muted" }],
    points: true,
    text: (value) => `${value.toFixed(2)} dB`,
  },
  count: { title: "Gaussians", lines: [{ label: "", color: "--good" }], text: whole },
  rate: { title: "Speed", lines: [{ label: "", color: "--warn" }], text: (value) => `${short(value)} it/s` },
  memory: { title: "Memory", lines: [{ label: "", color: "--muted" }], text: formatBytes },
};

/** All charts. */
export class Charts {
  #samples: Sample[] = [];
  #scores: Score[] = [];
  #plots = new Map<string, { plot: uPlot; value: HTMLElement }>();
  #drawing = false;

  constructor() {
    this.#create();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#create());
    for (const id of ["charts", "panel_run"]) {
      new ResizeObserver(() => this.#resize()).observe(byId(id, HTMLElement));
    }
  }

  /** Shows what was reported so far. */
  reset(samples: Sample[], scores: Score[]): void {
    this.#samples = samples;
    this.#scores = scores;
    this.#update();
  }

  /** Adds a point; `thinned` as in the protocol. */
  addSample(sample: Sample, thinned: boolean): void {
    if (thinned) this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
    this.#samples.push(sample);
    this.#update();
  }

  /** Adds the PSNR of an evaluation. */
  addScore(score: Score): void {
    this.#scores.push(score);
    this.#update();
  }

  #create(): void {
    const folder = byId("charts", HTMLElement);
    for (const { plot } of this.#plots.values()) plot.destroy();
    folder.replaceChildren();
    this.#plots = new Map(
      Object.entries(CHARTS).map(([name, chart]) => {
        const box = make("section", "chart");
        const head = make("div", "chart_head");
        const value = make("b");
        head.append(make("span", "", chart.title), value);
        box.append(head);
        folder.append(box);
        const show = (plot: uPlot): void => {
          value.textContent = valueText(chart, plot);
        };
        const plot = new uPlot(optionsOf(chart, { show, iterations: () => this.#iterations() }), [[]], box);
        return [name, { plot, value }];
      }),
    );
    this.#update();
  }

  #resize(): void {
    const size = chartSize();
    if (size.width === 0) return; // in a tab that is hidden
    for (const { plot } of this.#plots.values()) plot.setSize(size);
  }

  /** Draws with the next frame of the screen, however many points came since. */
  #update(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      for (const [name, { plot, value }] of this.#plots) {
        const data = this.#data(name);
        plot.setData(data);
        plot.root.hidden = data[0].length === 0;
        value.textContent = valueText(CHARTS[name], plot);
      }
    });
  }

  /** The same range in all charts. */
  #iterations(): [first: number, last: number] {
    const all = [...this.#samples.slice(0, 1), ...this.#samples.slice(-1), ...this.#scores].map((one) => one.iteration);
    return all.length === 0 ? [0, 1] : [Math.min(...all), Math.max(...all, Math.min(...all) + 1)];
  }

  #data(name: string): uPlot.AlignedData {
    if (name === "psnr") return this.#psnr();
    const key = name as "loss" | "count" | "rate" | "memory";
    const values = this.#samples.map((sample) => sample[key]);
    return [this.#samples.map(({ iteration }) => iteration), values];
  }

  #psnr(): uPlot.AlignedData {
    const iterations = [...new Set(this.#scores.map(({ iteration }) => iteration))].sort((a, b) => a - b);
    const of = (set: Score["set"]): Values =>
      iterations.map((iteration) =>
        this.#scores.findLast((score) => score.set === set && score.iteration === iteration)?.psnr ?? null
      );
    return [iterations, of("test"), of("train")];
  }
}

/** All charts fill the panel, where it is beside the viewport and has a height of its own. */
function chartSize(): { width: number; height: number } {
  const width = byId("charts", HTMLElement).clientWidth;
  if (!matchMedia("(min-width: 761px)").matches) return { width, height: HEIGHT.least };
  const each = byId("panel_run", HTMLElement).clientHeight / Object.keys(CHARTS).length - HEIGHT.head;
  return { width, height: Math.floor(Math.max(HEIGHT.least, Math.min(HEIGHT.most, each))) };
}

function optionsOf(
  chart: Chart,
  { show, iterations }: { show: (plot: uPlot) => void; iterations: () => [number, number] },
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const font = "11px system-ui, sans-serif";
  const axis = { stroke: color("--muted"), font, grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  return {
    ...chartSize(),
    legend: { show: false },
    cursor: { y: false, sync: { key: "run" }, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, 14, 0, 0],
    scales: {
      x: { time: false, range: iterations },
      y: chart.logarithmic ? { distr: 3, range: logarithmicRange } : { range },
    },
    series: [
      {},
      ...chart.lines.map((line) => ({
        stroke: color(line.color),
        width: 1.5,
        spanGaps: true,
        points: { show: chart.points === true, size: 5 },
      })),
    ],
    axes: [
      { ...axis, size: 18, gap: 2, space: 60, values: (_, ticks) => ticks.map(tick) },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 4,
        space: 24,
        ...(chart.logarithmic
          ? {
            splits: (_: uPlot, _axis: number, low: number, high: number) => logarithmicTicks(low, high),
            filter: (_, splits) => splits,
          }
          : {}),
        values: (_, ticks) => ticks.map((value) => axisText(chart, value)),
      },
    ],
    hooks: { setCursor: [show] },
  };
}

/** Some room above and below, also if all values are the same. */
function range(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1]; // nothing yet
  const room = 0.08 * (high - low) || 0.05 * Math.abs(high) || 1;
  return [low < 0 ? low - room : Math.max(0, low - room), high + room];
}

function logarithmicRange(_: uPlot, low: number | null, high: number | null): [number, number] {
  return low === null || high === null || low <= 0 ? [0.01, 1] : [0.93 * low, 1.07 * high];
}

function tick(value: number | null): string {
  if (value === null) return "";
  return Math.abs(value) >= 10_000 ? `${short(value / 1000)}k` : String(Number(value.toPrecision(4)));
}

function axisText(chart: Chart, value: number | null): string {
  if (value === null) return "";
  return chart.text === formatBytes ? formatBytes(value).replace(/\.\d/, "") : tick(value);
}

/** The values at the cursor, or the last ones. */
function valueText({ lines, text }: Chart, { cursor: { idx }, data }: uPlot): string {
  if (data[0].length === 0) return "–";
  return lines.flatMap(({ label }, i) => {
    const values: ArrayLike<number | null | undefined> | undefined = data[i + 1];
    if (values === undefined) return [];
    const value = idx === null || idx === undefined
      ? Array.from(values).findLast((one) => one !== null && one !== undefined)
      : values[idx];
    return value === null || value === undefined ? [] : [`${label}${text(value)}`];
  }).join(" · ");
}
