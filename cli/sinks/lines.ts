// Prints the lines of a run: the memory plan, densification and evaluations, and the result.

import { join } from "@std/path";
import { formatBytes } from "../../base/format.ts";
import type {
  DensifyEvent,
  DoneEvent,
  EvaluateEvent,
  PlanEvent,
  SaveEvent,
  TrainEvent,
  TrainResult,
} from "../../train/events.ts";
import { checkpointBytes } from "../../train/plan.ts";
import type { TimePlan } from "../../train/time_plan.ts";
import { count, duration, planText, rate } from "../format.ts";
import { flagOf } from "../option.ts";
import type { Reporter } from "../progress.ts";
import type { FolderSink } from "./folder.ts";
import type { RecordSink } from "./record.ts";
import type { ReportSink } from "./report.ts";
import { takesCheckpoints } from "../train_options.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Prints a run as lines of text. */
export class LinesSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  readonly #record: RecordSink;
  readonly #report: ReportSink;

  /** `folder`, `record` and `report` take each event before this sink. */
  constructor(
    reporter: Reporter,
    setup: RunSetup,
    { folder, record, report }: { folder: FolderSink; record: RecordSink; report: ReportSink },
  ) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
    this.#record = record;
    this.#report = report;
  }

  async event(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "plan":
        this.#reporter.note(`Memory: ${planText(event.plan)}`);
        if (takesCheckpoints(this.#setup.values)) this.#reporter.note(describeCheckpoints(checkpointBytes(event.plan)));
        if (event.timePlan !== null) this.#reporter.note(describePlan(event.timePlan));
        if (event.exposure.reason !== undefined) this.#reporter.note(describeExposure(event.exposure));
        if (event.scaled !== undefined) this.#reporter.note(describeScaling(event.scaled, this.#setup.values));
        break;
      case "iterations":
        this.#reporter.note(describeDecision(event.timePlan, this.#setup.folder));
        break;
      case "densify":
        this.#reporter.note(describeDensification(event));
        break;
      case "evaluate":
        this.#reporter.note(describeEvaluation(event));
        break;
      case "save":
        if (event.nonFinite) this.#reporter.warn(describeLeftOut(event, this.#folder.pathOf(event.iteration)));
        // Only then: the result of a run that does not fail names its last PLY.
        if (event.ending === "failed" || event.ending === "diverged") this.#noteSaved(event);
        break;
      case "warning":
        this.#reporter.warn(event.message);
        break;
      case "done":
        await this.#sumUp(event);
        break;
    }
  }

  #noteSaved({ iteration, ending }: SaveEvent): void {
    const path = this.#folder.pathOf(iteration);
    if (path !== undefined) this.#reporter.note(`The run has ${ending}. Iteration ${iteration} was saved: ${path}`);
    this.#noteReport();
  }

  #noteReport(): void {
    if (this.#report.path !== undefined) this.#reporter.note(`Report: ${this.#report.path}`);
  }

  async #sumUp({ result }: DoneEvent): Promise<void> {
    if (result.timedOut) this.#reporter.note(describeStop(result, this.#setup.values));
    const { train, total } = this.#record.seconds;
    this.#reporter.note(
      result.iteration === 0
        ? "No iteration was finished"
        : `${count(result.iteration)} iterations in ${duration(train)} ` +
          `(${rate(result.iteration / train, "it")}), ${duration(total)} in all: ` +
          `${count(result.count)} Gaussians, loss ${result.loss.toFixed(7)}, peak memory ${
            formatBytes(result.peakMemory)
          }${result.peakHostMemory > 0 ? `, in host memory ${formatBytes(result.peakHostMemory)}` : ""}`,
    );
    if (this.#folder.path === undefined) return;
    this.#reporter.note(`Splats: ${this.#folder.path}`);
    this.#noteReport();
    const { last, later } = await this.#folder.earlierRun();
    if (later.length === 0) return;
    this.#reporter.note(
      `An earlier run left iterations ${
        later.join(", ")
      } in this folder; render uses ${last} unless --iteration is given`,
    );
  }
}

function describeCheckpoints(bytes: number): string {
  return `Checkpoints: about ${
    formatBytes(bytes)
  } of host memory and of disk each; two are kept while one is written, ` +
    `${formatBytes(3 * bytes)}`;
}

/** About how many iterations fill --max_seconds. */
function describePlan({ maxSeconds, iterations, most, expectedSeconds, rehearsalSeconds }: TimePlan): string {
  const all = iterations === most ? "all of its " : "";
  return `--max_seconds ${maxSeconds}: this run takes about ${all}${iterations} iterations, in ` +
    `${duration(expectedSeconds)} with the ${duration(rehearsalSeconds)} in which that was measured; ` +
    `the number is decided after densification`;
}

/** How many iterations were decided to fill --max_seconds. */
function describeDecision({ maxSeconds, iterations }: TimePlan, folder: string): string {
  return `--max_seconds ${maxSeconds}: this run takes ${iterations} iterations; ` +
    `--config ${join(folder, "config.json")} gives the same result`;
}

/** What the run learns for each photo. */
function describeExposure({ exposure, reason }: PlanEvent["exposure"]): string {
  return `${reason}: --exposure ${exposure}${exposure === "none" ? "" : ` learns them; --exposure none does not`}`;
}

/** Where and why a run ended before its last iteration. */
function describeStop({ iteration }: TrainResult, { max_seconds, iterations }: RunSetup["values"]): string {
  return `Stopped by --max_seconds ${max_seconds} after ${iteration} of ${iterations} iterations; --resume with more ` +
    `seconds goes on`;
}

/** Describes a scaled schedule in one line. */
function describeScaling(scaled: Readonly<Record<string, number>>, { iterations }: RunSetup["values"]): string {
  const options = Object.entries(scaled).map(([name, value]) => `${flagOf(name)} ${value}`);
  return `The schedule is scaled to ${count(iterations)} iterations: ${
    options.join(", ")
  }; give any of them to set it yourself`;
}

/** A densification event in one line. */
function describeDensification(event: DensifyEvent): string {
  const { iteration, pruned, cloned, split, filled, target } = event;
  const byGradient = filled === 0 ? "" : ` (${count(filled)} of them by gradient alone)`;
  const short = event.count < target ? `, target ${count(target)}` : "";
  return `Iteration ${iteration}: ${count(pruned)} pruned, ${count(cloned)} cloned, ` +
    `${count(split)} split${byGradient}: ${count(event.count)} Gaussians${short}${describeNonFinite(event)}`;
}

function describeEvaluation(event: EvaluateEvent): string {
  const { iteration, set, views, psnr, ssim, l1, corrected } = event;
  const correctedText = corrected === undefined
    ? ""
    : `; colour-corrected: PSNR ${corrected.psnr.toFixed(2)} dB, SSIM ${corrected.ssim.toFixed(4)}`;
  return `Iteration ${iteration}, ${views} ${set} views: PSNR ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}, ` +
    `L1 ${l1.toFixed(4)}${correctedText}${describeNonFinite(event)}`;
}

/** The Gaussians that are not finite, as the end of a line; nothing if there are none. */
function describeNonFinite({ nonFinite }: { nonFinite: number }): string {
  return nonFinite === 0 ? "" : `, ${count(nonFinite)} Gaussians not finite`;
}

/** Which Gaussians a save leaves out. */
function describeLeftOut({ iteration, gaussians, nonFinite = 0 }: SaveEvent, path: string | undefined): string {
  const which = `${count(nonFinite)} of ${count(gaussians.count)} Gaussians are not finite`;
  return `Iteration ${iteration}: ${which}${path === undefined ? "" : `, and are left out of ${path}`}`;
}
