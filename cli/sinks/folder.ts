// Writes the model folder of a run: the files that describe the capture, and a PLY for every save.

import { rowNamed } from "../../base/option.ts";
import { savePointCloud, startModelFolder } from "../../export/model_folder.ts";
import { lastIteration, savedIterations } from "../../load/model_folder.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import type { TrainEvent } from "../../train/events.ts";
import { viewParity } from "../train_options.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes the model folder. */
export class FolderSink implements Sink {
  readonly #setup: RunSetup;
  #begun = false;
  #photosRead = false;
  #path: string | undefined;

  constructor(setup: RunSetup) {
    this.#setup = setup;
  }

  /** Whether this run has started the folder. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Path of the last PLY. */
  get path(): string | undefined {
    return this.#path;
  }

  async event(event: TrainEvent): Promise<void> {
    const { folder, run } = this.#setup;
    switch (event.type) {
      case "photo":
        this.#photosRead = event.loaded === event.total;
        break;
      case "step":
        if (this.#photosRead) await this.#begin();
        break;
      case "save":
        await this.#begin();
        this.#path = await savePointCloud(event.gaussians, folder, event.iteration);
        if (!run.saved.includes(event.iteration)) run.saved.push(event.iteration);
        break;
    }
  }

  /** The last iteration of this run, and later iterations that an earlier, longer run saved in the same folder. */
  async earlierRun(): Promise<{ last: number; later: number[] }> {
    const { folder, run } = this.#setup;
    const last = await lastIteration(folder);
    const iterations = await savedIterations(folder);
    return { last, later: iterations.filter((iteration) => iteration > last && !run.saved.includes(iteration)) };
  }

  /**
   * Starts the model folder only when the run has something to write: a run that is rejected, or fails at a photo,
   * leaves an earlier model unchanged.
   */
  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const { scene, folder } = this.#setup;
    await startModelFolder(folder, scene, cfgArgs(this.#setup));
  }
}

/** How the capture was loaded, in the format that 3DGS tools read. */
function cfgArgs({ values, scene, folder }: RunSetup): Record<string, string | number | boolean> {
  const { referenceCameras, coverage } = viewParity(values);
  return {
    data_device: values.data_device,
    eval: values.eval,
    images: values.images,
    model_path: folder,
    resolution: values.resolution,
    sh_degree: values.sh_degree,
    source_path: scene.source,
    white_background: values.white_background,
    ...changed(values, ["test_every", "test_offset", "near"]),
    ...(values.allow_outside ? { allow_outside: true } : {}),
    ...(referenceCameras ? { reference_cameras: true } : {}),
    ...(coverage === undefined ? {} : { coverage }),
  };
}

/** Options of loading that are not the defaults; other tools of the family do not know them. */
function changed(
  values: RunSetup["values"],
  names: readonly ("test_every" | "test_offset" | "near")[],
): Record<string, number> {
  const other = names.filter((name) => values[name] !== rowNamed(LOAD_ROWS, name).default);
  return Object.fromEntries(other.map((name) => [name, values[name]]));
}
