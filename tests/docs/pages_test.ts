// Documentation that names something names something that exists: files, anchors, tasks, targets, options, variables.

import { assert, assertEquals } from "@std/assert";
import { existsSync } from "@std/fs";
import { dirname, join } from "@std/path";
import { CAPTURE_CONFIG_ROWS, CONFIG_FILE_ROWS } from "../../cli/config.ts";
import { parseDatasetFile, readDatasetFile } from "../../cli/full_eval/dataset_file.ts";
import { parsePeersFile, readPeersFile } from "../../cli/full_eval/references.ts";
import { optionsFrom } from "../../cli/json_options.ts";
import { rowsOf } from "../../cli/option.ts";
import {
  CONVERT_OPTIONS,
  EXPORT_OPTIONS,
  FULL_EVAL_OPTIONS,
  INFO_OPTIONS,
  METRICS_OPTIONS,
  RENDER_OPTIONS,
  TRAIN_OPTIONS,
  VIEW_OPTIONS,
} from "../../cli/options.ts";
import { parseKeyframes } from "../../eval/keyframes.ts";
import { PARITY_PARTS } from "../../train/parity.ts";
import { PRESETS } from "../../train/presets.ts";
import { BENCH_OPTIONS } from "../../scripts/bench.ts";
import { GPU_CHECK_OPTIONS } from "../../scripts/gpu_check.ts";
import { KILL_CHECK_OPTIONS } from "../../scripts/kill_check.ts";
import { QUALITY_OPTIONS } from "../../scripts/quality.ts";
import { ROOMS } from "../../scripts/rooms.ts";
import manifest from "../../deno.json" with { type: "json" };
import { ROOT } from "../support/process.ts";
import { anchors, fenced, GUIDE, guide, links, page, PAGES } from "./markdown.ts";

/** Options of Deno and of all our programs. */
const OTHER_OPTIONS = ["--allow", "--filter", "--help", "--install", "--reload", "--dry", "--no", "--entrypoint"];

/** Options of Docker and of coreutils. */
const TOOL_OPTIONS = ["--build", "--check", "--gpus", "--rm", "--target", "--time", "--user"];

/** The page with command lines of other trainers. */
const MIGRATION = "docs/guide/migration.md";

/** Largest picture on a page that is read over slow lines. */
const PICTURE_BYTES = 300 * 1024;

Deno.test("links of the pages resolve when they point into the checkout", () => {
  for (const path of PAGES) {
    for (const target of links(page(path))) {
      if (/^https?:/.test(target)) continue;
      const [file, anchor] = target.split("#");
      const linked = file === "" ? path : join(dirname(path), file);
      assert(existsSync(join(ROOT, linked)), `${path} links to ${target}, which is not there`);
      if (anchor !== undefined) {
        assert(anchors(page(linked)).includes(anchor), `${path} links to ${target}: no heading`);
      }
      if (/\.(png|jpe?g)$/.test(linked)) {
        assert(Deno.statSync(join(ROOT, linked)).size < PICTURE_BYTES, `${linked} is large`);
      }
    }
  }
});

Deno.test("the guide's index links to every page of the folder", () => {
  const pages = [...Deno.readDirSync(join(ROOT, "docs/guide"))].map(({ name }) => `docs/guide/${name}`);
  assertEquals(GUIDE.toSorted(), pages.toSorted());
});

Deno.test("deno tasks, make targets and scripts exist when a page names them", () => {
  const targets = [...page("Makefile").matchAll(/^([\w-]+):(?!=)/gm)].map(([, target]) => target);
  for (const path of PAGES) {
    const text = page(path);
    for (const [, task] of text.matchAll(/\bdeno task ([\w-]+)/g)) {
      assert(task in manifest.tasks, `${path} names deno task ${task}`);
    }
    for (const [, target] of text.matchAll(/(?:^|`)make (\w+)/gm)) {
      assert(targets.includes(target), `${path} names make ${target}`);
    }
    for (const [script] of text.matchAll(/\bscripts\/[\w./]*\w/g)) {
      assert(existsSync(join(ROOT, script)), `${path} names ${script}`);
    }
  }
});

Deno.test("files exist when a page names them", () => {
  const rooms = ROOMS.filter((room) => !room.endsWith(".ts") && existsSync(join(ROOT, room)));
  const named = new RegExp(
    `\`((?:${[...rooms, "cuda", "docs"].join("|")})/(?:[\\w/-]*/)?(?:[\\w.-]+\\.(?:ts|h|cpp|cuh?|inl|md))?)\``,
    "g",
  );
  for (const path of PAGES) {
    for (const [, file] of page(path).matchAll(named)) {
      assert(existsSync(join(ROOT, file)), `${path} names ${file}`);
    }
  }
});

Deno.test("options exist when a page names them", () => {
  const tables = [
    TRAIN_OPTIONS,
    RENDER_OPTIONS,
    METRICS_OPTIONS,
    CONVERT_OPTIONS,
    EXPORT_OPTIONS,
    INFO_OPTIONS,
    VIEW_OPTIONS,
    FULL_EVAL_OPTIONS,
    QUALITY_OPTIONS,
    BENCH_OPTIONS,
    GPU_CHECK_OPTIONS,
    KILL_CHECK_OPTIONS,
  ];
  const known = new Set(tables.flatMap((table) => rowsOf(table).map(({ name }) => name)));
  for (const path of PAGES) {
    if (path === MIGRATION) continue; // migration_docs_test.ts
    for (const [option] of page(path).matchAll(/--\w+/g)) {
      assert(
        known.has(option.slice(2)) || OTHER_OPTIONS.includes(option) || TOOL_OPTIONS.includes(option),
        `${path} names ${option}`,
      );
    }
  }
});

Deno.test("the guide and --help name every preset and every part of parity", () => {
  const help = (name: string) => rowsOf(TRAIN_OPTIONS).find((row) => row.name === name)!.help;
  const entries = (path: string, heading: string) =>
    [...page(path).split(`## ${heading}\n`)[1].split("\n## ")[0].matchAll(/^[|-] `(\w+)`/gm)].map(([, name]) => name);
  assertEquals(entries("docs/guide/reference.md", "Parity"), [...PARITY_PARTS]);
  assertEquals(entries("docs/guide/densification.md", "Presets"), Object.keys(PRESETS));
  assert(help("parity").endsWith(`: ${PARITY_PARTS.join(" ")}`));
  for (const preset of Object.keys(PRESETS)) assert(help("preset").includes(`${preset}:`));
});

Deno.test("the guide names every environment variable that the code reads", () => {
  const text = guide();
  const read = new Set<string>();
  const folders = ["cli", "ffi", "load", "init", "train", "eval", "export", "scripts", "cuda", "tests/support"];
  for (const file of folders.flatMap(sources)) {
    const source = Deno.readTextFileSync(file);
    for (const [, name] of source.matchAll(/(?:getenv|env\.get|environment)\("(TAME_\w+)"\)/g)) read.add(name);
  }
  assert(read.has("TAME_LIBRARY") && read.has("TAME_SIMD"), "the search finds those that are surely read");
  assertEquals([...read].filter((name) => !text.includes(`\`${name}\``)), []);
});

Deno.test("the ABI page names every status and every control word of the header", () => {
  const abi = page("docs/abi.md");
  const header = page("cuda/tame.h");
  const statuses = [
    ...header.slice(0, header.indexOf("typedef struct tame_error")).matchAll(/#define (TAME_\w+) (\d+)$/gm),
  ];
  assertEquals(statuses.length, 10);
  for (const [, name, value] of statuses) {
    assert(new RegExp(`\\| \`${name}\` +\\| ${value} `).test(abi), `${name} is ${value}`);
  }
  for (const [, name] of header.matchAll(/#define (TAME_CONTROL_\w+)/g)) assert(abi.includes(`\`${name}\``), name);
});

Deno.test("JSON files that the guide shows are read by what it says reads them", async () => {
  const [options, settings, keyframes, dataset, peers] = fenced(guide(), "json");
  assertEquals(optionsFrom(JSON.parse(options), "tame.config.json", CAPTURE_CONFIG_ROWS).iterations, 7000);
  for (const [path] of `${options}${settings}`.matchAll(/docs\/schemas\/[\w.]+/g)) assert(existsSync(join(ROOT, path)));
  const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const camera = { width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation, translation: [0, 0, 0] };
  const photo = () => Promise.reject(new Error("not read"));
  const view = { name: "0001", path: "", camera, original: camera, photo };
  assertEquals(parseKeyframes(keyframes, "keyframes.json", { views: [view] }).keyframes.length, 2);
  assertEquals(parseDatasetFile(dataset, "/dataset.json").scenes.map(({ name }) => name), ["garden-small"]);
  const captures = await readDatasetFile(join(ROOT, "scripts", "captures.json"));
  assertEquals(captures.scenes.map(({ name }) => name), ["fox-C7", "fox-B", "caliterra-B", "caliterra-2M"]);
  assertEquals(parsePeersFile(new TextEncoder().encode(peers), "peers.json").map(({ scene }) => scene), ["fox-B"]);
  for (const { scene, reference } of await readPeersFile(join(ROOT, "scripts", "peers.json"))) {
    assert(captures.scenes.some(({ name }) => name === scene), `scripts/captures.json has no scene ${scene}`);
    assert(Object.keys(reference.measures).length >= 4, `${reference.method} on ${scene}`);
  }
});

Deno.test("the guide lists the options that a capture cannot set", () => {
  const row = page("docs/guide/train.md").split("\n").find((line) =>
    line.startsWith("| `tame.config.json` in the capture ")
  )!;
  const listed = [...row.split("the same, without ")[1].matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const names = CONFIG_FILE_ROWS.filter((row) => !CAPTURE_CONFIG_ROWS.includes(row)).map(({ name }) => name);
  assertEquals(listed.toSorted(), names.toSorted());
});

/** Source files below a folder of the checkout. */
function sources(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return sources(path);
    return /\.(ts|cpp|cu|h|cuh|inl)$/.test(name) ? [join(ROOT, path)] : [];
  });
}
