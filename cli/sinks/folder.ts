// Writes the model folder of a run: the files that describe the capture, and a PLY for every save.

import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { rowNamed } from "../../base/option.ts";
import { DEFAULT_NEAR } from "../../base/scene.ts";
import { checkDisk, planDisk, type PlannedRun } from "../../export/disk_plan.ts";
import { savePointCloud, startModelFolder } from "../../export/model_folder.ts";
import { statOrUndefined } from "../../load/files.ts";
import { lastIteration, MODEL_FILES, pointCloudPath, savedIterations } from "../../load/model_folder.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { largestCount } from "../../train/budget.ts";
import type { PlanEvent, SaveEvent, TrainEvent } from "../../train/events.ts";
import { checkpointBytes } from "../../train/plan.ts";
import { formatsOf } from "../options/export_rows.ts";
import { previewedIterations, takesCheckpoints, viewParity } from "../train_options.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes the model folder. */
export class FolderSink implements Sink {
  readonly essential = true;
  readonly #setup: RunSetup;
  /** Paths of the PLYs by iteration. */
  readonly #saved = new Map<number, string>();
  #begun = false;
  /** Whether photos are still being loaded, or all are; undefined if they do not stay in memory. */
  #photos: "arriving" | "loaded" | undefined;
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

  /** Path of the PLY that this run saved at an iteration; undefined if it did not. */
  pathOf(iteration: number): string | undefined {
    return this.#saved.get(iteration);
  }

  async event(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "plan":
        await checkDisk(this.#setup.folder, planDisk(plannedRun(event, this.#setup)));
        break;
      case "photo":
        this.#photos = event.loaded === event.total ? "loaded" : "arriving";
        break;
      case "step":
        if (this.#photos === "loaded") {
          this.#photos = undefined; // a folder that cannot be started is tried again at the next save, not before
          await this.#begin();
        }
        break;
      case "checkpoint":
      case "preview":
        await this.#begin();
        break;
      case "save":
        await this.#save(event);
        break;
    }
  }

  async #save({ gaussians, iteration, ending, exposures }: SaveEvent): Promise<void> {
    const { folder, run } = this.#setup;
    this.#saved.delete(iteration); // until this save is written
    const lost = ending === "failed" || ending === "diverged";
    if (lost && this.#photos === "arriving" && await holdsModel(folder)) {
      throw new Error(
        `Not saved: the run has ${ending} in its first epoch, and ${folder} has the model of an earlier run`,
      );
    }
    const path = pointCloudPath(folder, iteration);
    if (ending === "diverged" && await statOrUndefined(path) !== undefined) {
      throw new Error(`Not saved: the run has diverged, and there is an earlier save of this iteration, ${path}`);
    }
    await this.#begin();
    this.#path = await savePointCloud(gaussians, folder, iteration, exposures);
    this.#saved.set(iteration, this.#path);
    // What a run saves after it has diverged is no result of it, which `render` would take.
    if (ending !== "diverged" && !run.saved.includes(iteration)) run.saved.push(iteration);
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
   * leaves an earlier model unchanged. Starts it again if it was deleted.
   */
  async #begin(): Promise<void> {
    const { scene, folder } = this.#setup;
    if (this.#begun && await statOrUndefined(join(folder, MODEL_FILES.cfgArgs)) !== undefined) return;
    await startModelFolder(folder, scene, cfgArgs(this.#setup));
    this.#begun = true;
  }
}

/** What the run writes; of the iterations to save, those that happen. */
function plannedRun(event: PlanEvent, { values, scene }: RunSetup): PlannedRun {
  const { iterations, save_iterations } = values;
  const { gaussians, target, densification } = event;
  const saved = new Set([...save_iterations.filter((t) => t >= 1 && t < iterations), iterations]);
  return {
    scene,
    count: largestCount({ start: gaussians.count, target }, densification.length),
    shDegree: gaussians.shDegree,
    saves: saved.size,
    previews: previewedIterations(values).length,
    iterations,
    checkpointBytes: takesCheckpoints(values) ? checkpointBytes(event.plan) : undefined,
    exports: formatsOf(values.export),
  };
}

/** Whether a folder has saved Gaussians. */
async function holdsModel(folder: string): Promise<boolean> {
  try {
    return (await savedIterations(folder)).length > 0;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** How the capture was loaded, in the format that 3DGS tools read. */
function cfgArgs({ values, scene, folder }: RunSetup): Record<string, string | number | boolean> {
  const { referenceCameras, coverage } = viewParity(values);
  const near = (scene.train[0].camera.near ?? DEFAULT_NEAR) * (scene.frame?.scale ?? 1); // in the capture's units
  return {
    data_device: values.data_device,
    eval: values.eval,
    images: values.images,
    model_path: folder,
    resolution: values.resolution,
    sh_degree: values.sh_degree,
    source_path: scene.source,
    white_background: values.white_background,
    ...changed(values, ["test_every", "test_offset"]),
    ...(near === DEFAULT_NEAR ? {} : { near }),
    ...(values.allow_outside ? { allow_outside: true } : {}),
    ...(values.missing === undefined ? {} : { missing: values.missing }),
    ...(values.undistort_fov === undefined ? {} : { undistort_fov: values.undistort_fov }),
    ...(referenceCameras ? { reference_cameras: true } : {}),
    ...(coverage === undefined ? {} : { coverage }),
  };
}

/** Options of loading that are not the defaults; other tools of the family do not know them. */
function changed(
  values: RunSetup["values"],
  names: readonly ("test_every" | "test_offset")[],
): Record<string, number> {
  const other = names.filter((name) => values[name] !== rowNamed(LOAD_ROWS, name).default);
  return Object.fromEntries(other.map((name) => [name, values[name]]));
}
