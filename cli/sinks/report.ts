// Writes the report of a run, `report.html`, into its model folder when the run ends, however it does.

import { join, relative } from "@std/path";
import { writeFileAtomic } from "../../base/atomic.ts";
import { exposureOf } from "../../base/exposure.ts";
import type { View } from "../../base/scene.ts";
import { statOrUndefined } from "../../load/files.ts";
import { MODEL_FILES, previewPath } from "../../load/model_folder.ts";
import type { EvaluateEvent, RunEnding, TrainEvent, TrainResult } from "../../train/events.ts";
import { failureOf } from "../exit.ts";
import { count } from "../format.ts";
import type { Reporter } from "../progress.ts";
import type { ReportPicture } from "../report/page.ts";
import { jpegOf, renderBesidePhoto } from "../report/pictures.ts";
import { runReport } from "../report/run_report.ts";
import { readTrainLog } from "../report/train_log.ts";
import { backgroundOf, previewedIterations } from "../train_options.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Held-out views in the report. */
const WORST_VIEWS = 3;

/** Largest width of a picture of two images, in pixels. */
const PICTURE_WIDTH = 960;

/** Writes `report.html`. A failure is a warning: the model lacks nothing without it. */
export class ReportSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  readonly #argv: readonly string[];
  #path: string | undefined;
  #evaluation: EvaluateEvent | undefined;
  /** PSNR by view: of the evaluation in progress, and of the last one of held-out views. */
  #views: { name: string; psnr: number }[] = [];
  #scored: { name: string; psnr: number }[] = [];

  /** `folder`, and the sinks of train.csv and of previews, take each event before this sink. */
  constructor(
    reporter: Reporter,
    setup: RunSetup,
    { folder, argv }: { folder: FolderSink; argv: readonly string[] },
  ) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
    this.#argv = argv;
  }

  /** Path of the report that was written. */
  get path(): string | undefined {
    return this.#path;
  }

  async event(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "view":
        this.#views.push({ name: event.name, psnr: event.psnr });
        break;
      case "evaluate":
        if (event.set === "test") [this.#evaluation, this.#scored] = [event, this.#views];
        this.#views = [];
        break;
      case "save": // a run that throws has no `done`
        if (event.ending === "failed" || event.ending === "diverged") await this.#write(event, event.ending);
        break;
      case "done":
        await this.#write(event, endingOf(event.result), event.result);
        break;
    }
  }

  async #write(event: TrainEvent, ending: RunEnding, result?: TrainResult): Promise<void> {
    const { iteration } = event;
    if (!this.#folder.begun) return;
    const { folder } = this.#setup;
    const path = join(folder, MODEL_FILES.report);
    try {
      const html = runReport(this.#setup, {
        argv: this.#argv,
        result,
        ending,
        iteration,
        totalSeconds: performance.now() / 1000,
        rows: await readTrainLog(join(folder, MODEL_FILES.log)) ?? [],
        evaluation: this.#evaluation,
        worst: result === undefined ? [] : await this.#worst(event),
        previews: await this.#previews(iteration),
      });
      await writeFileAtomic(path, html);
      this.#path = path;
    } catch (error) {
      this.#reporter.warnOfRun(iteration, `Cannot write ${path}: ${failureOf(error, () => "").message}`);
    }
  }

  /** The views that scored worst at the last evaluation, as they are now. */
  async #worst(event: TrainEvent): Promise<ReportPicture[]> {
    const { gaussians, iteration } = event;
    const exposures = event.type === "done" ? event.exposures : undefined;
    const { scene, values } = this.#setup;
    const background = backgroundOf(values);
    const views = new Map<string, View>(scene.test.map((view) => [view.name, view]));
    const pictures: ReportPicture[] = [];
    for (const { name, psnr } of this.#scored.toSorted((a, b) => a.psnr - b.psnr).slice(0, WORST_VIEWS)) {
      const exposure = exposureOf(exposures, name);
      const pair = await renderBesidePhoto(gaussians, views.get(name)!, background, exposure);
      const source = await jpegOf(pair, PICTURE_WIDTH);
      const at = this.#evaluation!.iteration;
      const then = at === iteration ? "" : ` at iteration ${count(at)}`;
      pictures.push({
        source,
        caption: `${name}, ${psnr.toFixed(2)} dB${then}: render on the left, photo on the right`,
      });
    }
    return pictures;
  }

  /** The sheet of all previews, or where there is none, the last one. */
  async #previews(iteration: number): Promise<ReportPicture[]> {
    const { folder, values } = this.#setup;
    const previewed = previewedIterations(values).filter((previewed) => previewed <= iteration);
    const last = previewed.at(-1);
    if (last === undefined) return [];
    const all = `Iterations ${previewed.map(count).join(", ")}, and the photo`;
    const one = `Iteration ${count(last)}: render on the left, photo on the right`;
    for (const [path, caption] of [[previewPath(folder, "sheet"), all], [previewPath(folder, last), one]]) {
      if (await statOrUndefined(path) !== undefined) return [{ source: relative(folder, path), caption }];
    }
    return [];
  }
}

function endingOf({ aborted, timedOut }: TrainResult): RunEnding {
  if (aborted) return "aborted";
  return timedOut ? "timedOut" : "finished";
}
