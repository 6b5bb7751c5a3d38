// A benchmark's numbers as a table.

import { count, rate } from "../../cli/format.ts";
import type { Machine } from "./machine.ts";
import type { Part } from "./measure.ts";

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

/** All that a benchmark found; what --json writes. */
export interface BenchReport {
  machine: Machine;
  capture: { name: string; views: number; width: number; height: number; points: number };
  parts: Part[];
  training: Training;
}

/** The report for people. */
export function reportText({ machine, capture, parts, training }: BenchReport): string {
  const { cpu, cores, backend, device, code, threads, tame, deno, target } = machine;
  const where = backend === "cpu" ? `CPU backend, ${threads} threads, ${code}` : `CUDA backend, ${device}, ${code}`;
  const names = Math.max(...parts.map(({ name }) => name.length));
  const works = Math.max(...parts.map(({ work }) => work.length));
  const line = ({ name, work, seconds, least, runs }: Part): string =>
    `${name.padEnd(names)}  ${work.padEnd(works)}  ${milliseconds(seconds)}  ${milliseconds(least)}  ` +
    String(runs).padStart(4);
  return [
    `tame ${tame}, Deno ${deno}, ${target}`,
    `${cpu}, ${cores} cores; ${where}`,
    `Capture ${capture.name}: ${capture.views} photos of ${capture.width} x ${capture.height}, ` +
    `${count(capture.points)} points`,
    "",
    `${"".padEnd(names)}  ${"".padEnd(works)}  ${"median ms".padStart(10)}  ${"least ms".padStart(10)}  runs`,
    ...parts.map(line),
    "",
    `${count(training.iterations)} iterations of ${count(training.gaussians)} Gaussians in ` +
    `${training.seconds.toFixed(2)} s: ${rate(training.iterationsPerSecond, "it")}, loss ${training.loss.toFixed(4)}`,
  ].join("\n");
}

function milliseconds(seconds: number): string {
  return (1000 * seconds).toFixed(2).padStart(10);
}
