// `export`: writes the Gaussians of a model, or of a file, in the formats of viewers and other tools.

import { basename } from "@std/path";
import { libraryOptions } from "../base/option.ts";
import { exportFormat, needsLibrary } from "../export/export_format.ts";
import { type ExportedFile, type ExportOptions, exportSplats, prepareOutput } from "../export/export_splats.ts";
import { EXPORT_ROWS } from "../export/option_table.ts";
import { openDevice } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { loadPly } from "../init/gaussians.ts";
import { formatBytes } from "../base/format.ts";
import { isDirectory } from "../load/files.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import { denoProgram } from "../load/npm_cache.ts";
import { parse } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { count } from "./format.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { EXPORT_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { requirePermissions } from "./permissions.ts";
import { Reporter } from "./progress.ts";
import { chosenIteration } from "./saved_iteration.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "export",
      summary: VERBS.export.summary,
      usage: "MODEL|FILE -o FILE … [options]",
      example: "deno task export out/fox -o fox.sog fox.html --min_opacity 0.02",
      notes: [
        "All formats but .ply and .sog, and all changes, need @playcanvas/splat-transform, which the first use " +
        "downloads from npm into Deno's cache: 53 MB. See docs/guide/export.md.",
      ],
      table: EXPORT_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values, given, positionals } = parse(argv, EXPORT_OPTIONS, { positionals: 1 });
  if (positionals.length === 0) throw new UsageError("Missing argument: a model folder or a file of splats");
  if (values.output.length === 0) throw new UsageError("Missing --output: the files to write");
  const outputs = values.output.map((path) => checkedOutput(userPath(path)));
  const options = libraryOptions(EXPORT_ROWS, values);
  if (outputs.map(exportFormat).some(needsLibrary) || Object.keys(options).length > 0) {
    requirePermissions({ task: "export", argv }, { writes: true, runs: denoProgram() });
  }
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: stopping the export"));
  const { signal } = interrupt;
  const source = userPath(positionals[0]);
  const isModel = await isDirectory(source);
  if (!isModel && given.has("iteration")) {
    throw new UsageError(`--iteration chooses a PLY of a model folder, which ${source} is not: leave it out`);
  }
  const path = isModel ? pointCloudPath(source, await chosenIteration(source, values.iteration)) : source;
  for (const output of outputs) await prepareOutput(output);
  using device = await openDevice({ backend: "cpu", library: namedLibrary() });
  using gaussians = await loadPly(device, path, { signal, onNotice: (message) => reporter.warn(message) });
  try {
    for (const output of outputs) {
      await exportReported(gaussians, output, { ...options, signal, reporter });
    }
  } finally {
    reporter.finish();
  }
  await reporter.delivered();
  return EXIT.done;
}

/** Exports to a file, with notices, a bar that moves while a SOG file is encoded, a line and an event. */
export async function exportReported(
  gaussians: Gaussians,
  path: string,
  { reporter, onProgress, ...options }: Omit<ExportOptions, "onNotice"> & { reporter: Reporter },
): Promise<void> {
  const total = gaussians.count;
  const file = await exportSplats(gaussians, path, {
    ...options,
    onNotice: (message) => reporter.note(message),
    onProgress: (share) => {
      reporter.progress({ label: basename(path), done: Math.floor(share * total), total, unit: "Gaussian" });
      onProgress?.(share);
    },
  });
  reporter.finish();
  reporter.note(exportedText(file));
  reporter.event({ type: "export", ...file });
}

/** A line about an exported file. */
export function exportedText({ path, count: gaussians, bytes }: ExportedFile): string {
  return `${path}: ${count(gaussians)} ${gaussians === 1 ? "Gaussian" : "Gaussians"}, ${formatBytes(bytes)}`;
}

function checkedOutput(path: string): string {
  try {
    exportFormat(path);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  return path;
}
