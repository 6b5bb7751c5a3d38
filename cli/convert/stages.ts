// The stages of a conversion that COLMAP does: features, matches, poses, undistorted photos.

import { dirname, join } from "@std/path";
import { writeFileAtomic } from "../../base/atomic.ts";
import { makeFolder } from "../../base/disk.ts";
import { DataError } from "../../base/errors.ts";
import type { FoundModel } from "../../load/colmap.ts";
import { readHeader } from "../../load/decoder.ts";
import { entriesOf, statOrUndefined } from "../../load/files.ts";
import { count } from "../format.ts";
import type { OptionValues } from "../option.ts";
import type { CONVERT_OPTIONS } from "../options.ts";
import type { Reporter } from "../progress.ts";
import { type Colmap, ColmapFailure } from "./colmap.ts";
import type { Source } from "./source.ts";
import { DATABASE, type Workspace } from "./workspace.ts";

/** The most photos whose pairs are all compared unless it is asked for: 45 000 pairs. */
const MOST_EXHAUSTIVE = 300;

/** What the stages share. */
export interface Job {
  source: Source;
  values: OptionValues<typeof CONVERT_OPTIONS>;
  colmap: Colmap;
  workspace: Workspace;
  reporter: Reporter;
  signal: AbortSignal;
}

/** How photos are compared. */
export type Matching = "exhaustive" | "sequential";

/** The matching that is asked for, or that the number of photos suggests. */
export function matchingOf({ values, source }: Pick<Job, "values" | "source">): Matching {
  if (values.matching !== "auto") return values.matching;
  return source.names.length <= MOST_EXHAUSTIVE ? "exhaustive" : "sequential";
}

/** Finds the features of all photos. */
export async function extractFeatures(job: Job): Promise<void> {
  const { source: { folder, names }, values: { camera }, workspace, reporter } = job;
  const oneCamera = await areOfOneSize(job);
  reporter.note(`${names.length} photos in ${folder}: ${oneCamera ? "one camera" : "a camera for each"} (${camera})`);
  const list = workspace.path("photos.txt");
  await writeFileAtomic(list, names.map((name) => `${name}\n`).join(""));
  await runStage(job, "feature_extractor", {
    label: "Features",
    options: [
      ...database(job),
      { names: ["image_path"], value: folder },
      { names: ["image_list_path"], value: list },
      { names: ["ImageReader.camera_model"], value: camera },
      { names: ["ImageReader.single_camera"], value: oneCamera ? "1" : "0" },
      useGpu(job, ["FeatureExtraction.use_gpu", "SiftExtraction.use_gpu"]),
    ],
    done: (line) => bracketed(line, "Processed file"),
  });
}

/** Whether all photos have one size, so that they can share a camera; says so if they have not. */
async function areOfOneSize({ source: { folder, names }, reporter, signal }: Job): Promise<boolean> {
  const sizes = new Map<string, string>();
  for (const name of names) {
    signal.throwIfAborted();
    const { width, height } = await readHeader("Photo", join(folder, name));
    const size = `${width} x ${height}`;
    if (!sizes.has(size)) sizes.set(size, name);
  }
  if (sizes.size === 1) return true;
  const [[first, a], [second, b]] = sizes;
  reporter.note(
    `The photos have ${sizes.size} sizes, so each has a camera of its own: ${a} is ${first}, ${b} ${second}`,
  );
  return false;
}

/** Compares the features of pairs of photos. */
export async function matchFeatures(job: Job, matching: Matching): Promise<void> {
  const { source: { names }, values, reporter } = job;
  const why = values.matching === "auto"
    ? `; --matching ${matching === "exhaustive" ? "sequential" : "exhaustive"} ` +
      `compares ${matching === "exhaustive" ? "neighbours only" : "all pairs"}`
    : "";
  const pairs = names.length * (names.length - 1) / 2;
  reporter.note(
    (matching === "exhaustive" ? `Matching all ${count(pairs)} pairs of photos` : "Matching each photo with the next") +
      why,
  );
  await runStage(job, `${matching}_matcher`, {
    label: "Matches",
    unit: matching === "exhaustive" ? "block" : "photo",
    options: [...database(job), useGpu(job, ["FeatureMatching.use_gpu", "SiftMatching.use_gpu"])],
    done: (line) => bracketed(line, "(?:Matching|Processing) (?:block|image)"),
  });
}

/** Makes models, which are sets of photos with poses and points, in a folder. */
export async function mapPhotos(job: Job, folder: string): Promise<void> {
  const { source, reporter } = job;
  reporter.note("Finding the poses of the photos");
  try {
    await runStage(job, "mapper", {
      label: "Poses",
      options: [
        ...database(job),
        { names: ["image_path"], value: source.folder },
        { names: ["output_path"], value: folder },
        // The default, 0, goes on for long without a gain (as the reference implementation's convert.py).
        { names: ["Mapper.ba_global_function_tolerance"], value: "0.000001", optional: true },
      ],
      done(line) {
        const registered = /Registering image #\d+ \((?:[a-z_]+=)?(\d+)/.exec(line)?.[1];
        return registered === undefined ? undefined : [Number(registered), source.names.length];
      },
    });
  } catch (error) {
    job.signal.throwIfAborted();
    if (!(error instanceof ColmapFailure) || (await entriesOf(folder)).length > 0) throw error;
    throw new Error(`${error.message}\n${noModel(job)}`, { cause: error });
  }
  if ((await entriesOf(folder)).length === 0) throw new Error(noModel(job));
}

function noModel({ workspace }: Job): string {
  return "COLMAP found no photos that fit together. Neighbouring photos need about two thirds in common, of a scene that " +
    `does not move, sharp, from different places. Remove ${workspace.folder} to begin again with other photos`;
}

/** Writes a model's undistorted photos to the folder `images`, and itself to `sparse/0`. */
export async function undistortPhotos(job: Job, model: FoundModel, folder: string): Promise<void> {
  const { source } = job;
  await runStage(job, "image_undistorter", {
    label: "Undistorting",
    options: [
      { names: ["image_path"], value: source.folder },
      { names: ["input_path"], value: dirname(model.images.path) },
      { names: ["output_path"], value: folder },
      { names: ["output_type"], value: "COLMAP" },
    ],
    done: (line) => bracketed(line, "Undistorting image"),
  });
  for (const { name, isFile } of await entriesOf(folder)) {
    if (isFile || name === "stereo") await Deno.remove(join(folder, name), { recursive: true }); // for other programs
  }
  const sparse = join(folder, "sparse");
  const files = await entriesOf(sparse);
  await makeFolder(join(sparse, "0"));
  for (const { name } of files) await Deno.rename(join(sparse, name), join(sparse, "0", name));
  const names = model.images.value.map(({ name }) => name);
  for (const name of names) {
    if ((await statOrUndefined(join(folder, "images", name)))?.isFile) continue;
    throw new DataError("COLMAP has not written an undistorted photo", { path: join(folder, "images", name) });
  }
}

/** An option of COLMAP's, by its names in different versions. */
type ColmapOption = Parameters<Colmap["options"]>[1][number];

function database({ workspace }: Job): ColmapOption[] {
  return [{ names: ["database_path"], value: workspace.path(DATABASE) }];
}

function useGpu({ values, colmap }: Job, names: string[]): ColmapOption {
  return { names, value: values.no_gpu || !colmap.cuda ? "0" : "1", optional: true };
}

/** Runs a command of COLMAP with its output in the log, and its progress shown. */
async function runStage(
  { colmap, workspace, reporter, signal }: Job,
  command: string,
  { label, unit = "photo", options, done }: {
    label: string;
    /** What is counted. */
    unit?: string;
    options: readonly ColmapOption[];
    /** How far a line says that the command is. */
    done: (line: string) => [done: number, total: number] | undefined;
  },
): Promise<void> {
  const settings = {
    log: workspace.log,
    logPath: workspace.path("colmap.log"),
    signal,
    onLine(line: string) {
      const at = done(line);
      if (at !== undefined) {
        reporter.progress({ label, done: at[0], total: at[1], unit });
      }
    },
  };
  const args = await colmap.options(command, options);
  try {
    await colmap.run(command, args, settings);
  } catch (error) {
    const onGpu = args.some((arg, i) => arg.endsWith(".use_gpu") && args[i + 1] === "1");
    if (signal.aborted || !onGpu || !(error instanceof ColmapFailure)) throw error;
    throw new ColmapFailure(`${error.message}\nIf this machine has no usable GPU, add --no_gpu`, { cause: error });
  } finally {
    reporter.finish();
  }
}

/** The two numbers of a line such as `Processed file [3/13]`. */
function bracketed(line: string, words: string): [number, number] | undefined {
  const match = new RegExp(`${words} \\[(\\d+)/(\\d+)`).exec(line);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
