// A benchmark's numbers as tables.

import { count, rate } from "../../cli/format.ts";
import type { Bound, Ceilings } from "./ceilings.ts";
import { type Machine, machineLines } from "./machine.ts";
import type { Part } from "./measure.ts";
import type { StepCounts } from "./steps.ts";
import { columns } from "./table.ts";

/** A training run as a whole. */
export interface Training {
  iterations: number;
  gaussians: number;
  /** Degree of the spherical harmonics that the Gaussians have memory for. */
  shDegree: number;
  /** Seconds of training steps: photos, first Gaussians and start of the process not counted. */
  seconds: number;
  iterationsPerSecond: number;
  /** Moving average of the loss at the end. */
  loss: number;
}

/** The results of a benchmark of a capture, as --json writes them. */
export interface BenchReport {
  machine: Machine;
  capture: { name: string; views: number; width: number; height: number; points: number };
  parts: Part[];
  /** The counts of a step, as means over the views. */
  counts: StepCounts;
  /** Absent without build/libceilings.so. */
  ceilings?: Ceilings;
  bounds?: Bound[];
  training: Training;
}

/** The report of a capture as text. */
export function reportText({ machine, capture, parts, counts, ceilings, bounds, training }: BenchReport): string {
  const names = Math.max(...parts.map(({ name }) => name.length));
  const works = Math.max(...parts.map(({ work }) => work.length));
  const row = ({ name, work, seconds, least, runs }: Part): string =>
    `${name.padEnd(names)}  ${work.padEnd(works)}  ${milliseconds(seconds)}  ${milliseconds(least)}  ` +
    String(runs).padStart(4);
  return [
    ...machineLines(machine),
    `Capture ${capture.name}: ${capture.views} photos of ${capture.width} x ${capture.height}, ` +
    `${count(capture.points)} points`,
    "",
    `${"".padEnd(names)}  ${"".padEnd(works)}  ${"median ms".padStart(10)}  ${"least ms".padStart(10)}  runs`,
    ...parts.map(row),
    "",
    `A step has ${count(Math.round(counts.visible))} Gaussians visible, ${count(Math.round(counts.instances))} ` +
    `(tile, splat) pairs, and computes ${count(Math.round(counts.evaluated))} (pixel, splat) pairs, of which ` +
    `${count(Math.round(counts.blended))} take part`,
    ...ceilings === undefined || bounds === undefined ? [] : boundLines(ceilings, bounds),
    `${count(training.iterations)} iterations of ${count(training.gaussians)} Gaussians in ` +
    `${training.seconds.toFixed(2)} s: ${rate(training.iterationsPerSecond, "it")}, loss ${training.loss.toFixed(4)}`,
  ].join("\n");
}

/** Rows that two benchmarks share, with the ratio of their times. */
export function againstText(now: Part[], before: Part[]): string {
  const rows = now.flatMap(({ name, work, least }) => {
    const other = before.find((part) => part.name === name && part.work === work);
    if (other === undefined) return [];
    return [[name, work, (1000 * other.least).toFixed(2), (1000 * least).toFixed(2), (least / other.least).toFixed(2)]];
  });
  return columns([["part", "on", "before ms", "now ms", "ratio"], ...rows], 2).join("\n");
}

function boundLines({ flops, bandwidth }: Ceilings, bounds: Bound[]): string[] {
  return [
    "",
    `The processor does at most ${(flops / 1e9).toFixed(0)} Gflop/s and ${
      (bandwidth / 1e9).toFixed(1)
    } GB/s to memory:`,
    ...columns(
      [["phase", "does", "of the ceiling"]].concat(bounds.map(({ phase, unit, perSecond, share }) => [
        phase,
        `${(perSecond / 1e9).toFixed(1)} ${unit === "flop" ? "Gflop/s" : "GB/s"}`,
        `${(100 * share).toFixed(0)} %`,
      ])),
    ),
    "",
  ];
}

function milliseconds(seconds: number): string {
  return (1000 * seconds).toFixed(2).padStart(10);
}
