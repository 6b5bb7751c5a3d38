// Plots a benchmark of sizes: time and memory against the size, both logarithmic. What grows in proportion is parallel
// to the dashed line.

import type { TopLevelSpec } from "vega-lite";
import { drawSvg } from "../vega_svg.ts";
import { amountOf, type Scale, type ScalePoint } from "./scale.ts";
import type { ScaleReport } from "./scale_report.ts";

const WIDTH = 380;
const HEIGHT = 320;

const AMOUNTS: Record<Scale, string> = { gaussians: "Gaussians", pixels: "pixels", threads: "threads" };
/** Vega's tableau10 with a darker yellow, which must be visible on white. Grey is the dashed line's. */
const COLOURS = ["#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#b79a20", "#b279a2"];
const PROPORTIONAL = "in proportion";
const GREY = "#888";
const SOLID = [1, 0];
const DASHED = [4, 4];

/** A point of one of a panel's curves. */
interface Mark {
  amount: number;
  value: number;
  curve: string;
}

/** Draws milliseconds a step, whole and by phase, beside the memory that the device holds. */
export async function scalePlot({ scale, points }: ScaleReport): Promise<string> {
  const curves = (values: (point: ScalePoint) => Record<string, number>): Mark[] =>
    points.flatMap((point) => {
      const amount = amountOf(scale, point);
      return Object.entries(values(point)).map(([curve, value]) => ({ amount, value, curve }));
    });
  const times = curves(({ parts: [whole, ...phases] }) => ({
    "whole step": 1000 * whole.least,
    ...Object.fromEntries(phases.map(({ name, least }) => [name.replace("phase: ", ""), 1000 * least])),
  }));
  const memory = curves(({ memory, trainingState, gaussians }) => ({
    "in all": memory / 2 ** 20,
    "parameters, optimizer, statistics": trainingState * gaussians / 2 ** 20,
  }));
  const withGuide = scale === "threads" ? (marks: Mark[]) => marks : withProportional;
  const spec: TopLevelSpec = {
    background: "white",
    hconcat: [
      panel(scale, withGuide(times), { title: "Time of a step", unit: "milliseconds" }),
      panel(scale, withGuide(memory), { title: "Memory of the device", unit: "MiB" }),
    ],
    resolve: { scale: { color: "independent" } },
  };
  return await drawSvg(spec);
}

/** Adds the curve of something that grows as the size does, through the end of the first curve. */
function withProportional(marks: Mark[]): Mark[] {
  const first = marks.filter(({ curve }) => curve === marks[0].curve);
  const end = first.at(-1);
  if (end === undefined) return marks;
  const guide = first.map(({ amount }) => ({ amount, value: end.value * amount / end.amount, curve: PROPORTIONAL }));
  return [...marks, ...guide];
}

function panel(scale: Scale, marks: Mark[], { title, unit }: { title: string; unit: string }) {
  const curves = [...new Set(marks.map(({ curve }) => curve))];
  const amounts = [...new Set(marks.map(({ amount }) => amount))];
  return {
    title,
    data: { values: marks.filter(({ value }) => value > 0) }, // 0 has no logarithm
    width: WIDTH,
    height: HEIGHT,
    mark: { type: "line", point: true } as const,
    encoding: {
      x: {
        field: "amount",
        type: "quantitative",
        title: AMOUNTS[scale],
        scale: { type: "log", nice: false },
        axis: { values: amounts, format: ".2~s", labelFlush: false },
      },
      y: { field: "value", type: "quantitative", title: unit, scale: { type: "log" } },
      color: {
        field: "curve",
        type: "nominal",
        title: null,
        scale: { domain: curves, range: curves.map((curve, i) => curve === PROPORTIONAL ? GREY : COLOURS[i]) },
        legend: { labelLimit: 0 },
      },
      strokeDash: {
        condition: { test: `datum.curve === '${PROPORTIONAL}'`, value: DASHED },
        value: SOLID,
      },
    } as const,
  };
}
