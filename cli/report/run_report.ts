// report.html of one run: how it went, its charts, pictures, settings, and what it ran on.

import { escapeHtml } from "../../base/display.ts";
import { formatBytes } from "../../base/format.ts";
import type { OptionRow } from "../../base/option.ts";
import { quote } from "../../base/quote.ts";
import project from "../../deno.json" with { type: "json" };
import type { EvaluateEvent, RunEnding, TrainResult } from "../../train/events.ts";
import { count, duration, rate } from "../format.ts";
import { TRAIN_OPTIONS } from "../options.ts";
import type { RunSetup } from "../sinks/sink.ts";
import type { TrainValues } from "../train_options.ts";
import {
  chartsBlock,
  command,
  dateText,
  facts,
  htmlPage,
  namesTable,
  picturesBlock,
  type ReportPicture,
} from "./page.ts";
import { type LogRow, trainingCharts } from "./train_log.ts";

/** What a run has at its end. */
export interface RunReport {
  /** The words after the verb. */
  argv: readonly string[];
  /** What it ended with; undefined if it failed. */
  result?: TrainResult;
  ending: RunEnding;
  /** The last finished iteration. */
  iteration: number;
  /** Seconds from the start of the program to now. */
  totalSeconds: number;
  /** Rows of train.csv. */
  rows: readonly LogRow[];
  /** The last evaluation of the held-out views. */
  evaluation?: Pick<EvaluateEvent, "iteration" | "views" | "psnr" | "ssim">;
  /** Held-out views with the lowest PSNR. */
  worst: readonly ReportPicture[];
  /** Previews, by addresses beside the report. */
  previews: readonly ReportPicture[];
}

/** Options that the facts have. */
const ELSEWHERE: readonly string[] = ["source_path", "model_path", "config", "resume", "start_checkpoint"];

const HOW_IT_ENDED: Readonly<Record<RunEnding, string>> = {
  finished: "",
  aborted: ": stopped",
  timedOut: ": stopped by --max_seconds",
  failed: ": failed",
  diverged: ": diverged",
};

/** The text of a run's report.html. */
export function runReport(setup: RunSetup, report: RunReport): string {
  const { values, scene, run } = setup;
  const { ending, iteration, worst, previews } = report;
  const name = scene.source.split("/").findLast((part) => part !== "") ?? scene.source;
  const done = `${count(iteration)} of ${count(values.iterations)} iterations${HOW_IT_ENDED[ending]}`;
  const changed = settings(values).filter(({ text, usual }) => text !== usual);
  return htmlPage(`${name}, ${done}`, [
    `<h1>${escapeHtml(name)}</h1>`,
    `<p${ending === "finished" ? "" : ' class="problems"'}>${escapeHtml(`${dateText(run.started)}, ${done}`)}</p>`,
    facts(runFacts(setup, report)),
    ...section("Charts", chartsBlock(Object.values(trainingCharts(report.rows, "iteration")))),
    ...section("Held-out views with the lowest PSNR", picturesBlock(worst)),
    ...section("Previews", picturesBlock(previews)),
    "<h2>Settings</h2>",
    changed.length === 0 ? "<p>All settings are the defaults.</p>" : namesTable(
      ["option", "value", "default"],
      changed.map(({ flag, text, usual }) => [flag, text, usual]),
      "flags",
    ),
    "<details><summary>All settings</summary>",
    namesTable(["option", "value"], settings(values).map(({ flag, text }) => [flag, text]), "flags"),
    "</details>",
  ]);
}

function section(title: string, block: string): string[] {
  return block === "" ? [] : [`<h2>${escapeHtml(title)}</h2>`, block];
}

function runFacts({ scene, device, folder, loadSeconds }: RunSetup, report: RunReport): Parameters<typeof facts>[0] {
  const { argv, result, evaluation, rows, totalSeconds } = report;
  const seconds = result?.seconds ?? rows.at(-1)?.seconds ?? 0;
  const held = scene.test.length;
  const scores = evaluation === undefined ? [] : [
    [
      "held-out views",
      `PSNR ${evaluation.psnr.toFixed(2)} dB, SSIM ${evaluation.ssim.toFixed(4)}: means of ${
        count(evaluation.views)
      } at ` +
      `iteration ${count(evaluation.iteration)}`,
    ] as const,
  ];
  const memory = result === undefined ? [] : [
    [
      "peak memory",
      formatBytes(result.peakMemory) +
      (result.peakHostMemory > 0 ? `, in host memory ${formatBytes(result.peakHostMemory)}` : ""),
    ] as const,
  ];
  const times = [
    `${duration(seconds)} of training${seconds > 0 ? ` (${rate(report.iteration / seconds, "it")})` : ""}`,
    ...(result === undefined ? [] : [
      `${duration(loadSeconds + result.loadSeconds)} of loading`,
      `${duration(result.evaluationSeconds)} of evaluation`,
    ]),
    `${duration(totalSeconds)} in all`,
  ];
  return [
    ...scores,
    ["Gaussians", count(result?.count ?? rows.at(-1)?.gaussians ?? scene.points.count)],
    ...(result === undefined ? [] : [["loss", result.loss.toFixed(7)] as const]),
    ["time", times.join(", ")],
    ...memory,
    ["capture", scene.source],
    ["views", `${count(scene.train.length)} to train on, ${count(held)} held out`],
    ["points", count(scene.points.count)],
    ["machine", `${device.name}; ${device.reason}`],
    ["backend", device.backend],
    ["versions", `tame ${project.version}, Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.osRelease()}`],
    ["command", command(["deno", "task", "train", ...argv].map(quote).join(" "))],
    ["folder", folder],
  ];
}

/** The options with their values and defaults as text. */
function settings(values: TrainValues): { flag: string; text: string; usual: string }[] {
  const rows: readonly OptionRow[] = TRAIN_OPTIONS.flatMap(({ rows }) => [...rows]);
  return rows.filter(({ name }) => !ELSEWHERE.includes(name)).map(({ name, kind, default: usual }) => ({
    flag: `--${name}`,
    text: valueText(values[name as keyof TrainValues]),
    usual: valueText(usual ?? (kind === "flag" ? false : undefined)),
  }));
}

function valueText(value: unknown): string {
  if (value === undefined || value === "") return "unset";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(" ") || "none" : String(value);
}
