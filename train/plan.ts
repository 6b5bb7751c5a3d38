/**
 * The memory plan: the memory that a run needs, computed before it starts and compared with what is available.
 *
 * Photos, parameters, optimiser state and statistics are exact except for padding. The rasteriser's scratch is an
 * estimate.
 *
 * @module
 */

import { formatBytes } from "../base/format.ts";
import type { View } from "../base/scene.ts";
import { TameError } from "../ffi/errors.ts";
import type { Library } from "../ffi/library.ts";
import { estimateMemory } from "../ffi/memory.ts";
import type { OptionalState } from "../ffi/optional_state.ts";

/** A training photo. */
export interface PlannedPhoto {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Bytes per pixel: 3, plus 1 with alpha, plus 1 with a mask. Default 3. */
  channels?: number;
}

/** What the memory of a run depends on. */
export interface PlanInput extends OptionalState {
  /** The library that computes; it knows the sizes of its buffers. */
  library: Library;
  /** The training photos. */
  photos: PlannedPhoto[];
  /** Whether all photos are in the device's memory; on the CPU backend they always are. Default true. */
  photosOnDevice?: boolean;
  /** Bytes of the views' depths; 0 if they are no part of the loss. Default 0. */
  depthBytes?: number;
  /** Maximum bytes of photos in memory, if they stay on disk and are decoded when needed. Default Infinity. */
  heldPhotoBytes?: number;
  /** Number of Gaussians. */
  count: number;
  /** Highest degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
  /** Whether densification events fall within the run. Default false. */
  densifies?: boolean;
  /** Whether the run evaluates. Default false. */
  evaluates?: boolean;
  /** Maximum of the (tile, splat) pairs of a view at the start, if they were counted. Default 0. */
  firstInstances?: number;
  /** Pixels of the largest image that is rendered between steps, beyond the size of the photos. Default 0. */
  renderPixels?: number;
}

/** One line of a memory plan. */
export interface PlanItem {
  /** What the memory is for: a key of `MemoryUse.byPurpose`. */
  purpose: string;
  /** Bytes. */
  bytes: number;
  /** Whether the number is exact; else it is an estimate. */
  exact: boolean;
}

/** The memory that a run needs. */
export interface MemoryPlan {
  /** Bytes by purpose. */
  items: PlanItem[];
  /** Sum of the items. */
  total: number;
  /** Bytes that the run may use; Infinity if no limit is known. */
  limit: number;
  /** Bytes of photos in host memory, beside the device's; 0 if all are on the device. */
  hostBytes: number;
  /** Pixels of the largest image that there is room for between steps; absent if there is to be none. */
  renderPixels?: number;
  /** (tile, splat) pairs that such an image may have; absent if there is memory for many times as many as are usual. */
  renderPairs?: number;
}

/** Purposes for which many runs need no memory; left out when they are 0. */
const OPTIONAL: readonly string[] = ["other", "gradients"];

/**
 * Part of a step's bytes for each pixel that a render has at most: image, transmittance and depths are 5 planes of 16,
 * and a GPU has copies of them to read.
 */
const RENDER_SHARE = 0.5;

/** From so many times the usual memory of pairs on, no view of a capture was seen to need more. */
const PLENTY = 8;

/** The smallest image that there is room for between steps, however short memory is. */
const LEAST_RENDER = 2 ** 14;

/** Bytes per pixel of a photo without alpha and mask. */
const PHOTO_CHANNELS = 3;

/** The size of a view's photo, and its bytes per pixel with alpha and mask. */
export function plannedPhoto({ camera, alpha, maskPath }: View): Required<PlannedPhoto> {
  const channels = PHOTO_CHANNELS + (alpha ? 1 : 0) + (maskPath === undefined ? 0 : 1);
  return { width: camera.width, height: camera.height, channels };
}

/** Bytes of a photo in memory. */
export function photoBytes({ width, height, channels = PHOTO_CHANNELS }: PlannedPhoto): number {
  return width * height * channels;
}

function pixelsOf({ width, height }: { width: number; height: number }): number {
  return width * height;
}

/**
 * Computes the memory that a run needs. If it does not fit with images of `renderPixels`, there is room for smaller ones.
 *
 * @example
 * ```ts
 * import { openDevice } from "../ffi/device.ts";
 * import { planMemory } from "./plan.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * const photos = [{ width: 640, height: 480 }];
 * const plan = planMemory({ library: device.library, photos, count: 1000, shDegree: 3 });
 * const { bytes } = plan.items.find((item) => item.purpose === "photos")!;
 * if (bytes !== 640 * 480 * 3) throw new Error("photos take 3 bytes per pixel");
 * ```
 *
 * @param input What the memory depends on
 * @param limit Bytes that the run may use. Default Infinity
 * @returns Bytes by purpose, their sum, the limit, and the bytes in host memory
 */
export function planMemory(input: PlanInput, limit = Infinity): MemoryPlan {
  const { renderPixels = 0 } = input;
  const plan = planSteps(input, limit);
  if (renderPixels === 0) return plan;
  for (let pixels = renderPixels; pixels > LEAST_RENDER; pixels = Math.floor(pixels / 2)) {
    const whole = withRender(plan, input, pixels);
    if (fits(whole)) return whole;
  }
  // What a few pixels need beside the buffers of the steps is within their reserve.
  return { ...plan, renderPixels: Math.min(renderPixels, LEAST_RENDER), ...pairLimit(plan, input) };
}

/** The memory of the steps alone. */
function planSteps(input: PlanInput, limit: number): MemoryPlan {
  const { library, photos, photosOnDevice = true, depthBytes = 0, heldPhotoBytes = Infinity } = input;
  const largest = photos.reduce((most, some) => pixelsOf(some) > pixelsOf(most) ? some : most, { width: 0, height: 0 });
  const estimate = estimateMemory(library, {
    capacity: input.count,
    shDegree: input.shDegree,
    width: largest.width,
    height: largest.height,
    instances: input.firstInstances ?? 0,
    trainer: input,
    views: photos.length,
    scores: input.densifies ?? false,
    metrics: input.evaluates ?? false,
    depths: depthBytes > 0,
  });
  const sizes = photos.map(photoBytes);
  const held = Math.min(heldPhotoBytes, sizes.reduce((sum, bytes) => sum + bytes, 0));
  const staged = !photosOnDevice && estimate.stagedPhotos > 0;
  const onDevice = staged ? estimate.stagedPhotos * sizes.reduce((most, bytes) => Math.max(most, bytes), 0) : held;
  const items: PlanItem[] = [
    { purpose: "photos", bytes: Math.ceil(onDevice) + depthBytes, exact: depthBytes === 0 },
    ...estimate.items.filter(({ purpose, bytes }) =>
      purpose !== "photos" && (bytes > 0 || !OPTIONAL.includes(purpose))
    ),
  ];
  return { items, total: sumOf(items), limit, hostBytes: staged ? Math.ceil(held) : 0 };
}

/**
 * A plan with room for images of some pixels. They are rendered with the buffers of the steps: these keep as many pairs
 * as the larger of the two has, and the pixels of both.
 */
function withRender(plan: MemoryPlan, { library, count, shDegree }: PlanInput, pixels: number): MemoryPlan {
  const across = Math.ceil(Math.sqrt(pixels));
  const size = { capacity: count, shDegree, width: across, height: across, instances: 0 };
  const render = estimateMemory(library, { ...size, trainer: {}, scores: false, metrics: false });
  const bytesOf = (wanted: string) => render.items.find(({ purpose }) => purpose === wanted)!.bytes;
  const items = plan.items.map((item) => {
    if (item.purpose === "instances") return { ...item, bytes: Math.max(item.bytes, bytesOf("instances")) };
    if (item.purpose === "images") return { ...item, bytes: item.bytes + Math.ceil(RENDER_SHARE * bytesOf("images")) };
    return item;
  });
  const whole = { ...plan, items, total: sumOf(items), renderPixels: pixels };
  return { ...whole, ...pairLimit(whole, { library, count, shDegree }) };
}

/** How many pairs an image between steps may have, where memory is short. */
function pairLimit(
  { items, total, limit }: MemoryPlan,
  { library, count, shDegree }: Pick<PlanInput, "library" | "count" | "shDegree">,
): Pick<MemoryPlan, "renderPairs"> {
  const planned = items.find(({ purpose }) => purpose === "instances")!.bytes;
  const available = planned + Math.max(0, limit - total);
  if (available >= PLENTY * planned) return {};
  const size = { capacity: count, shDegree, width: 0, height: 0, trainer: {}, scores: false, metrics: false };
  const [few, many] = [2 ** 28, 2 ** 29].map((instances) =>
    estimateMemory(library, { ...size, instances }).items.find(({ purpose }) => purpose === "instances")!.bytes
  );
  return { renderPairs: Math.floor(available / ((many - few) / 2 ** 28)) };
}

function sumOf(items: readonly PlanItem[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What a checkpoint copies. */
const STATE: readonly string[] = ["parameters", "optimizer", "statistics"];

/**
 * Bytes of a checkpoint at the largest count of Gaussians: of its copy in host memory, and about as many in its file.
 * Two files are kept while a third is written.
 *
 * @param plan What {@linkcode planMemory} returned
 */
export function checkpointBytes({ items }: Pick<MemoryPlan, "items">): number {
  return items.reduce((sum, { purpose, bytes }) => sum + (STATE.includes(purpose) ? bytes : 0), 0);
}

/**
 * Whether a run's memory is available.
 *
 * @param plan What {@linkcode planMemory} returned
 */
export function fits({ total, limit }: MemoryPlan): boolean {
  return total <= limit;
}

/**
 * Rejects a run that needs more memory than is available, before it starts.
 *
 * @param plan What {@linkcode planMemory} returned
 * @param advice What to do about it. Default that of the status
 * @throws {TameError} "out of memory", with the plan's numbers
 */
export function checkMemory(plan: MemoryPlan, advice?: string): void {
  if (fits(plan)) return;
  throw new TameError(
    "out of memory",
    `The run needs about ${formatBytes(plan.total)}, but ${formatBytes(plan.limit)} are available: ${
      formatItems(plan.items)
    }`,
    { bytesWanted: plan.total, bytesFree: plan.limit, advice },
  );
}

/**
 * The size of an item of a memory plan: `"2.9 MiB"`, or `"about 1.4 MiB"` if it is an estimate.
 *
 * @param item Item of a plan
 * @returns Its size as text
 */
export function formatItem({ bytes, exact }: PlanItem): string {
  return `${exact ? "" : "about "}${formatBytes(bytes)}`;
}

/**
 * The items of a memory plan in one line: `"photos 2.9 MiB, splats about 1.4 MiB"`.
 *
 * @param items Items of a plan
 * @returns Purposes and sizes
 */
export function formatItems(items: readonly PlanItem[]): string {
  return items.map((item) => `${item.purpose} ${formatItem(item)}`).join(", ");
}
