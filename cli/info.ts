// `info`: the contents of a capture or a file of splats, and the memory that training with a budget needs.

import { dirname } from "@std/path";
import { DataError } from "../base/errors.ts";
import { formatBytes } from "../base/format.ts";
import type { Coordinates } from "../base/frame.ts";
import { libraryOptions } from "../base/option.ts";
import type { Scene } from "../base/scene.ts";
import { choose } from "../ffi/choice.ts";
import type { Library } from "../ffi/library.ts";
import { statOrUndefined } from "../load/files.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import { isAntialiased } from "../load/render_mode.ts";
import { loadScene } from "../load/scene.ts";
import { readSplatFile } from "../load/splats.ts";
import { TRAIN_ROWS } from "../train/option_table.ts";
import { type ResolvedTrainOptions, resolveTrainOptions } from "../train/options.ts";
import { formatItem, type MemoryPlan } from "../train/plan.ts";
import { planRun, runStrategy } from "../train/prepare.ts";
import { givenOptions, parse, type Parsed } from "./argv.ts";
import { withCaptureConfig } from "./config.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { count } from "./format.ts";
import { asksForHelp, helpText } from "./help.ts";
import { INFO_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { VERBS } from "./verbs.ts";

type ParsedInfo = Parsed<typeof INFO_OPTIONS>;

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "info",
      summary: VERBS.info.summary,
      usage: "CAPTURE|FILE [options]",
      example: "deno task info ../data/fox -i images_8 --budget 15",
      table: INFO_OPTIONS,
    }));
    return EXIT.done;
  }
  const parsed = parse(argv, INFO_OPTIONS, { positionals: 1 });
  const { values, positionals } = parsed;
  resolveTrainOptions(givenOptions(TRAIN_ROWS, parsed));
  if (positionals.length === 0) throw new UsageError("Missing argument: the path of a capture or a file of splats");
  const path = userPath(positionals[0]);
  const isCapture = !await isFile(path) || (path.endsWith(".json") && !path.endsWith("meta.json"));
  const facts = isCapture ? await captureFacts(path, parsed) : await splatFacts(path);
  console.log(values.json ? JSON.stringify(facts.data) : table(facts.lines));
  return EXIT.done;
}

/** The same facts for programs and for people. */
interface Facts {
  data: Record<string, unknown>;
  lines: [label: string, text: string][];
}

async function isFile(path: string): Promise<boolean> {
  const found = await statOrUndefined(path);
  if (found === undefined) throw new DataError("No such file or folder", { path });
  return found.isFile;
}

async function captureFacts(path: string, asked: ParsedInfo): Promise<Facts> {
  const { parsed, notice } = await withCaptureConfig(asked, path);
  const { values } = parsed;
  const init = values.init === undefined ? undefined : userPath(values.init);
  const named = namedLibrary();
  const scene = await loadScene(path, { ...libraryOptions(LOAD_ROWS, values), init, library: named });
  const options = resolveTrainOptions(givenOptions(TRAIN_ROWS, parsed), scene);
  const { backend, device: index } = values;
  const { library, reason } = await choose({ backend, index, library: named });
  const { target, gaussians, plan } = planOf(scene, options, library);
  const notices = [...(notice === undefined ? [] : [notice]), ...scene.notices ?? []];
  const views = [...scene.train, ...scene.test];
  const cameras = tally(views.map(({ original }) => `${original.width} x ${original.height}`));
  const distorted = views.filter(({ lens }) => lens !== undefined).length;
  const photos = tally(views.map(({ camera }) => `${camera.width} x ${camera.height}`));
  const alpha = views.filter((view) => view.alpha).length;
  const masks = views.filter(({ maskPath }) => maskPath !== undefined).length;
  return {
    data: {
      type: "capture",
      path: scene.source,
      train: scene.train.length,
      test: scene.test.length,
      cameras,
      photos,
      distorted,
      alpha,
      masks,
      points: scene.points.count,
      sky: scene.points.shell?.count ?? 0,
      extent: scene.extent,
      frame: scene.frame,
      notices,
      target,
      gaussians,
      memory: { backend: library.build.backend, total: plan.total, items: plan.items },
    },
    lines: [
      ["Capture", scene.source],
      [
        "Views",
        `${count(views.length)} (${count(scene.train.length)} to train on, ${count(scene.test.length)} held out)`,
      ],
      ["Cameras", sizes(cameras)],
      [
        "Photos",
        `${sizes(photos)}, from ${dirname(views[0].path)}; ${count(alpha)} with alpha, ${count(masks)} with a mask`,
      ],
      [scene.splats === undefined ? "Points" : "Gaussians", pointsText(scene.points)],
      ["Extent", scene.extent.toPrecision(4)],
      ["Budget", `${count(target)} Gaussians (--budget ${options.budget} --mode ${options.mode})`],
      ["Device", reason],
      ["Memory", `about ${formatBytes(plan.total)} for ${count(gaussians)} Gaussians of degree ${options.shDegree}`],
      ...plan.items.map((item): [string, string] => [`  ${item.purpose}`, formatItem(item)]),
      ...notices.map((notice): [string, string] => ["Notice", notice]),
    ],
  };
}

function pointsText({ count: all, shell }: Scene["points"]): string {
  return count(all) + (shell === undefined ? "" : `, ${count(shell.count)} of them on a far shell for the sky`);
}

/** The plan of the run. */
function planOf(
  scene: Scene,
  options: ResolvedTrainOptions,
  library: Library,
): { target: number; gaussians: number; plan: MemoryPlan } {
  const antialiasing = options.antialiasing || isAntialiased(scene.splats?.comments ?? []);
  const { strategy, target, capacity } = runStrategy(scene, { ...options, antialiasing }, 0);
  const plan = planRun(library, scene, options, { strategy, capacity });
  return { target, gaussians: capacity, plan };
}

async function splatFacts(path: string): Promise<Facts> {
  const file = await readSplatFile(path, { onNotice: console.error });
  const { format, bytes, properties, splats, comments, notices } = file;
  const positions = splats?.means ?? file.points!.positions;
  const common = { path, format, count: positions.length / 3, bytes, properties };
  const box = bounds(positions);
  const antialiased = splats !== undefined && isAntialiased(splats.comments);
  const kind: [string, string][] = splats === undefined ? [["Points", count(common.count)]] : [
    ["Gaussians", count(common.count)],
    ["Harmonics", `degree ${splats.shDegree}`],
    ...(antialiased ? [["Rendering", "anti-aliased"] as [string, string]] : []),
  ];
  return {
    data: {
      type: splats === undefined ? "points" : "gaussians",
      ...common,
      ...(splats === undefined ? {} : { shDegree: splats.shDegree, antialiased }),
      comments,
      bounds: box,
      notices,
    },
    lines: [
      [format.toUpperCase(), path],
      ["Size", formatBytes(bytes) + (properties === undefined ? "" : `, ${properties} properties`)],
      ...kind,
      ...comments.map((comment): [string, string] => ["Comment", comment]),
      ...box.map(([low, high], axis): [string, string] => [
        `  ${"xyz"[axis]}`,
        `${low.toPrecision(4)} to ${high.toPrecision(4)}`,
      ]),
      ...notices.map((notice): [string, string] => ["Notice", notice]),
    ],
  };
}

/** Minimum and maximum on each axis; empty without points. */
function bounds(positions: Coordinates): [number, number][] {
  if (positions.length === 0) return [];
  return [0, 1, 2].map((axis) => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = axis; i < positions.length; i += 3) {
      low = Math.min(low, positions[i]);
      high = Math.max(high, positions[i]);
    }
    return [low, high];
  });
}

/** Number of occurrences of each text. */
function tally(texts: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

function sizes(counts: Record<string, number>): string {
  return Object.entries(counts).map(([size, number]) => `${count(number)} of ${size}`).join(", ");
}

function table(lines: [string, string][]): string {
  return lines.map(([label, text]) => `${label.padEnd(12)} ${text}`).join("\n");
}
