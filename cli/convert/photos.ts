// `convert FOLDER`: photos to a capture, with an installed COLMAP.

import { DataError } from "../../base/errors.ts";
import { countIs } from "../../base/format.ts";
import { findModel, type FoundModel } from "../../load/colmap.ts";
import { count } from "../format.ts";
import { Interrupt } from "../interrupt.ts";
import type { OptionValues } from "../option.ts";
import type { CONVERT_OPTIONS } from "../options.ts";
import { userPath } from "../paths.ts";
import type { Reporter } from "../progress.ts";
import { Colmap } from "./colmap.ts";
import { REDUCTIONS, writeReduced } from "./reduced.ts";
import { sourceOf } from "./source.ts";
import { extractFeatures, type Job, mapPhotos, matchFeatures, matchingOf, undistortPhotos } from "./stages.ts";
import { FINISHED, Workspace } from "./workspace.ts";

/** Photos that a line names. */
const MOST_NAMED = 5;

/** Converts the photos of a folder. `named` is the folder unless --source_path names it. */
export async function convertPhotos(
  values: OptionValues<typeof CONVERT_OPTIONS>,
  named: string | undefined,
  reporter: Reporter,
): Promise<void> {
  const source = await sourceOf(values, named);
  const colmap = await Colmap.open(programOf(values));
  if (source.others.length > 0) {
    reporter.note(`${countIs(source.others.length, "other file")} left out: the first is ${source.others[0]}`);
  }
  const onCpu = values.no_gpu || !colmap.cuda;
  reporter.note(`COLMAP ${colmap.version}${colmap.cuda ? "" : " without CUDA"}, on the ${onCpu ? "CPU" : "GPU"}`);
  using interrupt = new Interrupt(() =>
    reporter.warn("Interrupted: the same command continues after the last complete stage")
  );
  const signal = AbortSignal.any([interrupt.signal, reporter.lost]);
  const { camera, resize } = values;
  const matching = matchingOf({ values, source });
  const settings = { photos: source.folder, names: source.names, camera, matching, resize };
  using workspace = await Workspace.open(source.output, settings, {
    ownModel: values.skip_matching,
    onNotice: (message) => reporter.warn(message),
  });
  const job: Job = { source, values, colmap, workspace, reporter, signal };
  try {
    if (!values.skip_matching) {
      await workspace.stage("sparse", async (folder) => {
        await workspace.databaseStage(() => extractFeatures(job));
        await matchFeatures(job, matching);
        await mapPhotos(job, folder);
      });
    }
    const model = await modelOf(job);
    await workspace.stage(FINISHED, async (folder) => {
      await undistortPhotos(job, model, folder);
      if (resize) await reducePhotos(job, model, folder);
    });
    await workspace.publish(FINISHED, "sparse");
    report(job, model);
  } finally {
    reporter.finish();
  }
}

/** COLMAP's program: a path is relative to the user's folder, a bare name is looked for on PATH. */
export function programOf({ colmap_executable: named }: Pick<Job["values"], "colmap_executable">): string {
  return named.includes("/") ? userPath(named) : named;
}

/** The model with the most photos. */
async function modelOf({ workspace, values, reporter }: Job): Promise<FoundModel> {
  const model = await findModel(workspace.path("sparse"));
  if (model === undefined) {
    throw new DataError(
      values.skip_matching ? "There is no COLMAP model for --skip_matching" : "COLMAP's model is gone",
      {
        path: workspace.path("sparse"),
      },
    );
  }
  for (const notice of model.notices) reporter.note(notice);
  return model;
}

async function reducePhotos({ reporter, signal }: Job, model: FoundModel, folder: string): Promise<void> {
  const names = model.images.value.map(({ name }) => name);
  await writeReduced(folder, names, {
    signal,
    onPhoto: (done) => reporter.progress({ label: "Reducing", done, total: names.length, unit: "photo" }),
  });
}

function report({ source, values, reporter }: Job, model: FoundModel): void {
  const { names, output } = source;
  const registered = new Set(model.images.value.map(({ name }) => name));
  const missing = names.filter((name) => !registered.has(name));
  const points = model.points?.count ?? 0;
  reporter.finish();
  reporter.note(`${names.length - missing.length} of ${names.length} photos have poses, with ${count(points)} points`);
  if (missing.length > 0) {
    const listed = [...missing.slice(0, MOST_NAMED), ...(missing.length > MOST_NAMED ? ["…"] : [])].join(", ");
    const pairs = matchingOf({ values, source }) === "sequential"
      ? ", compare all pairs with --matching exhaustive"
      : "";
    reporter.warn(
      `${countIs(missing.length, "photo")} left out, because COLMAP found no fit with the others: ${listed}. To have ` +
        `all, add photos between these and the others${pairs}, or remove what is blurred or of another scene, and convert again`,
    );
  }
  const reduced = values.resize ? REDUCTIONS.map((factor) => `, images_${factor}`).join("") : "";
  reporter.note(`Wrote ${output}: sparse/0, images${reduced}. Train it with: deno task train -s ${output}`);
  reporter.event({
    ...{ type: "capture", path: output, photos: names.length, registered: names.length - missing.length },
    ...{ points, missing },
  });
}
