#!/usr/bin/env -S deno run --allow-read --allow-write --allow-env --allow-sys --allow-ffi=node_modules
// Writes the demo's synthetic capture: photos of a ray-cast still life, their cameras and a point cloud, in COLMAP's
// format. `--help` says how to call it.
import { parse } from "../cli/argv.ts";
import { UsageError } from "../cli/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { userPath } from "../cli/paths.ts";
import { DEFAULT_SIZE, writeCapture } from "../demo/capture.ts";
import { runMain } from "./main.ts";

const COMMAND = "deno run --allow-read --allow-write --allow-env --allow-sys --allow-ffi=node_modules " +
  "scripts/demo_scene.ts";

const HELP = `Writes a synthetic capture: photos of a ray-cast still life, with cameras and points in COLMAP's layout.
The same options give the same bytes, every time.

Usage: ${COMMAND} OUT [options]

  OUT         folder to write; a demo capture that is there is replaced
  --views N   photos, on one lap around the scene (default: ${DEFAULT_SIZE.views})
  --width N   of a photo, in pixels (default: ${DEFAULT_SIZE.width})
  --height N  of a photo, in pixels (default: ${DEFAULT_SIZE.height})
  --help      this text

Example: ${COMMAND} out/still_life --width 640 --height 480`;

const OPTIONS = [{
  title: "Photos",
  rows: [
    { name: "views", kind: "integer", default: DEFAULT_SIZE.views, minimum: 2, maximum: 999, help: "how many" },
    { name: "width", kind: "integer", default: DEFAULT_SIZE.width, minimum: 16, maximum: 8192, help: "in pixels" },
    { name: "height", kind: "integer", default: DEFAULT_SIZE.height, minimum: 16, maximum: 8192, help: "in pixels" },
  ],
}] as const satisfies readonly OptionGroup[];

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values, positionals } = parse(argv, OPTIONS, { positionals: 1 });
  if (positionals.length === 0) throw new UsageError(`Missing folder to write. Usage: ${COMMAND} OUT`);
  const folder = userPath(positionals[0]);
  const points = await writeCapture(folder, values);
  console.log(`${folder}: ${values.views} photos of ${values.width} x ${values.height}, ${points} points`);
  return EXIT.done;
}

if (import.meta.main) await runMain(main, `${COMMAND} OUT`);
