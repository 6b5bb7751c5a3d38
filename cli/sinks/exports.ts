// Exports the last Gaussians of a run to other formats, beside their PLY.

import { dirname, join } from "@std/path";
import { exportSplats } from "../../export/export_splats.ts";
import type { TrainEvent } from "../../train/events.ts";
import { exportedText } from "../export.ts";
import { formatsOf } from "../options/export_rows.ts";
import type { Reporter } from "../progress.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes the files of `--export`. */
export class ExportSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;

  /** `folder` takes each event before this sink. */
  constructor(reporter: Reporter, setup: RunSetup, { folder }: { folder: FolderSink }) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
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
      const onNotice = (message: string) => this.#reporter.note(message);
      const file = await exportSplats(event.gaussians, join(dirname(ply), `point_cloud.${format}`), { onNotice });
      this.#reporter.note(exportedText(file));
      this.#reporter.event({ type: "export", ...file });
    }
  }
}
