// A finished model as a page shows it: its saved Gaussians, its cameras, its scores.

import { type Camera, DEFAULT_NEAR } from "../base/scene.ts";
import { cameraCenter } from "../load/camera.ts";
import { DataError } from "../base/errors.ts";
import { isDirectory } from "../load/files.ts";
import { readModelViews } from "../load/model_cameras.ts";
import {
  lastIteration,
  pointCloudPath,
  readCfgArgs,
  savedIterations,
  type StoredCapture,
} from "../load/model_folder.ts";
import { readRunConfig } from "../load/run_config.ts";
import { readMeans, readPerView } from "../eval/results.ts";
import type { PageCameras, PageModel, SavedSplats } from "./model_protocol.ts";
import { pageCameras } from "./page_scene.ts";
import { SplatSource } from "./splat_source.ts";

/** A model, and the files of its Gaussians. */
export interface FinishedModel {
  /** What the page knows. */
  page: PageModel;
  /** The files of `page.saved`. */
  sources: SplatSource[];
}

/** How a model is opened. */
export interface OpenModelOptions {
  /** The iteration to show first. Default the last of the run. */
  iteration?: number;
  /** Called with a line about a conversion, or a file that is left out. */
  onNotice?: (message: string) => void;
}

/**
 * Opens a model folder, or a file of Gaussians.
 *
 * @throws {DataError} When there is no such path, or it has no usable Gaussians
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<FinishedModel> {
  if (await isDirectory(path)) return await openFolder(path, options);
  const source = await SplatSource.open(path, options);
  const saved = { ...source.facts, iteration: null, scores: {}, psnr: [] };
  return { sources: [source], page: { path, saved: [saved], first: 0, near: DEFAULT_NEAR, white: false } };
}

async function openFolder(path: string, { iteration, onNotice }: OpenModelOptions): Promise<FinishedModel> {
  const iterations = await savedIterations(path);
  const shown = iteration ?? await lastIteration(path);
  const views = await readModelViews(path);
  const config = await readRunConfig(path);
  const { white_background: white = false, near } = await capture(path);
  const [means, perView] = [await readMeans(path), await readPerView(path)];
  const sources: SplatSource[] = [];
  const saved: SavedSplats[] = [];
  for (const one of iterations) {
    const source = await SplatSource.open(pointCloudPath(path, one), { onNotice }).catch((error) => {
      if (one === shown || !(error instanceof DataError)) throw error;
      onNotice?.(`Iteration ${one} is left out: ${error.message}`);
    });
    if (source === undefined) continue;
    const method = `ours_${one}`;
    const images = Object.entries(perView[method]?.PSNR ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
    sources.push(source);
    saved.push({
      ...source.facts,
      iteration: one,
      scores: means[method] ?? {},
      psnr: images.map(([, psnr]) => psnr),
    });
  }
  const first = saved.findIndex((one) => one.iteration === shown);
  const { frame } = saved[first];
  return {
    sources,
    page: {
      path,
      saved,
      first,
      ...(views.length === 0 ? {} : { cameras: camerasOf(views, config?.capture?.test ?? 0) }),
      near: typeof near === "number" ? near / frame.scale : DEFAULT_NEAR,
      white,
      ...(config?.result === undefined ? {} : { run: { device: config.device.name, seconds: config.result.seconds } }),
    },
  };
}

/** How the capture was loaded, if another program's folder says so. */
async function capture(path: string): Promise<StoredCapture> {
  try {
    return await readCfgArgs(path);
  } catch (error) {
    if (error instanceof DataError) return {};
    throw error;
  }
}

function camerasOf(views: { name: string; camera: Camera }[], test: number): PageCameras {
  const cameras = views.map(({ camera }) => camera);
  const centers = cameras.map(cameraCenter);
  const middle = [0, 1, 2].map((axis) => centers.reduce((sum, center) => sum + center[axis], 0) / centers.length);
  const extent = Math.max(...centers.map((center) => Math.hypot(...center.map((value, axis) => value - middle[axis]))));
  const named = views.map((view, i) => ({ ...view, set: i < test ? "test" as const : "train" as const }));
  return pageCameras(named, { cameras, extent: extent || 1 });
}
