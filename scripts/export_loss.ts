// Measures what each format of `export` loses: exports a model, reads it back, and compares renders of views of its
// capture. Writes the rows of the table in docs/guide/export.md.

import { join } from "@std/path";
import { formatBytes } from "../base/format.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../export/export_format.ts";
import { exportSplats } from "../export/export_splats.ts";
import { openDevice } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { psnr } from "../ffi/metrics.ts";
import { render } from "../ffi/rasterizer.ts";
import { loadPly } from "../init/gaussians.ts";
import { lastIteration, pointCloudPath, readCfgArgs } from "../load/model_folder.ts";
import { loadScene } from "../load/scene.ts";
import { runMain } from "./main.ts";

const HELP = `Usage: deno run -A scripts/export_loss.ts MODEL

Exports the model in every format, reads each back, and prints a Markdown table: size, seconds, and the PSNR between
renders of 8 views before and after.`;

/** Views that are compared. */
const VIEWS = 8;

async function main(args: readonly string[]): Promise<number> {
  if (args.length !== 1 || args[0].startsWith("-")) {
    console.error(HELP);
    return args[0] === "--help" ? 0 : 2;
  }
  const [model] = args;
  const { source_path: source, images, resolution } = await readCfgArgs(model);
  if (source === undefined) throw new Error(`cfg_args of ${model} names no source_path`);
  const scene = await loadScene(source, { images, resolution });
  const step = Math.max(1, Math.floor(scene.train.length / VIEWS));
  const cameras = scene.train.filter((_, i) => i % step === 0).slice(0, VIEWS).map(({ camera }) => camera);
  using device = await openDevice({ backend: "cpu" });
  using gaussians = await loadPly(device, pointCloudPath(model, await lastIteration(model)));
  const folder = await Deno.makeTempDir();
  try {
    console.log(`${gaussians.count} Gaussians of degree ${gaussians.shDegree}, ${cameras.length} views\n`);
    console.log("| format | size | written in | PSNR, mean | PSNR, least |\n| --- | --- | --- | --- | --- |");
    for (const format of Object.keys(EXPORT_FORMATS) as ExportFormat[]) {
      const started = performance.now();
      const { path, bytes } = await exportSplats(
        gaussians,
        join(folder, format === "lod-meta.json" ? format : `scene.${format}`),
      );
      const seconds = (performance.now() - started) / 1000;
      using loaded = await loadPly(device, path);
      loaded.antialiasing = gaussians.antialiasing; // which some formats cannot state
      const scores = await comparisons(gaussians, loaded, cameras);
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      const numbers = [mean, Math.min(...scores)].map((score) =>
        score === Infinity ? "equal" : `${score.toFixed(1)} dB`
      );
      console.log(`| \`.${format}\` | ${formatBytes(bytes)} | ${seconds.toFixed(1)} s | ${numbers.join(" | ")} |`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return 0;

  async function comparisons(before: Gaussians, after: Gaussians, views: typeof cameras): Promise<number[]> {
    const scores: number[] = [];
    for (const camera of views) {
      scores.push(psnr(device, await render(after, camera), await render(before, camera)));
    }
    return scores;
  }
}

if (import.meta.main) await runMain(main, "deno run -A scripts/export_loss.ts MODEL");
