// Exports the last Gaussians of a run to other formats, beside their PLY.

import { dirname, join } from "@std/path";
import { exportSplats } from "../../export/export_splats.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import type { TrainEvent } from "../../train/events.ts";
import { exportedText } from "../export.ts";
import { failureOf } from "../exit.ts";
import { formatsOf } from "../options/export_rows.ts";
import type { Reporter } from "../progress.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes the files of `--export`. */
export class ExportSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  readonly #signal: AbortSignal;
  #complete = true;

  /** `folder` takes each event before this sink; `signal` ends the exports. */
  constructor(
    reporter: Reporter,
    setup: RunSetup,
    { folder, signal }: { folder: FolderSink; signal: AbortSignal },
  ) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
    this.#signal = signal;
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
        await this.#export(event.gaussians, path);
      } catch (error) {
        this.#complete = false;
        if (this.#signal.aborted) {
          this.#reporter.warn(`Interrupted: ${path} is not exported; deno task export does it later`);
          return;
        }
        this.#reporter.warnOfRun(event.iteration, `Cannot export ${path}: ${failureOf(error, () => "").message}`);
      }
    }
  }

  async #export(gaussians: Gaussians, path: string): Promise<void> {
    const onNotice = (message: string) => this.#reporter.note(message);
    const file = await exportSplats(gaussians, path, { onNotice, signal: this.#signal });
    this.#reporter.note(exportedText(file));
    this.#reporter.event({ type: "export", ...file });
  }
}
