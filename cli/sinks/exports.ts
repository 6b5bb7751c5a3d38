// Exports the last Gaussians of a run to other formats, beside their PLY.

import { dirname, join } from "@std/path";
import type { TrainEvent } from "../../train/events.ts";
import { exportReported } from "../export.ts";
import { failureOf } from "../exit.ts";
import { formatsOf } from "../options/export_rows.ts";
import type { Reporter } from "../progress.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Called with the file that is exported, and the share of it that is done where that is known. */
export type ExportListener = (path: string, share: number | null) => void;

/** Writes the files of `--export`. */
export class ExportSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  readonly #signal: AbortSignal;
  readonly #onProgress: ExportListener | undefined;
  #complete = true;

  /** `folder` takes each event before this sink; `signal` ends the exports; `onProgress` is called while they go on. */
  constructor(
    reporter: Reporter,
    setup: RunSetup,
    { folder, signal, onProgress }: { folder: FolderSink; signal: AbortSignal; onProgress?: ExportListener },
  ) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Whether no format of a run that trained to its end is missing. */
  get complete(): boolean {
    return this.#complete;
  }

  async event(event: TrainEvent): Promise<void> {
    const ply = this.#folder.path;
    if (event.type !== "done" || ply === undefined) return;
    const formats = formatsOf(this.#setup.values.export);
    if (formats.length === 0) return;
    if (event.result.aborted) {
      this.#reporter.note("The run was interrupted: nothing is exported; deno task export does it later");
      return;
    }
    for (const format of formats) {
      const path = join(dirname(ply), `point_cloud.${format}`);
      try {
        this.#onProgress?.(path, null);
        await exportReported(event.gaussians, path, {
          reporter: this.#reporter,
          signal: this.#signal,
          onProgress: (share) => this.#onProgress?.(path, share),
        });
      } catch (error) {
        this.#reporter.finish();
        this.#complete = false;
        if (this.#signal.aborted) {
          this.#reporter.warn(`Interrupted: ${path} is not exported; deno task export does it later`);
          return;
        }
        this.#reporter.warnOfRun(event.iteration, `Cannot export ${path}: ${failureOf(error, () => "").message}`);
      }
    }
  }
}
