/**
 * The memory plan: what a run will take, worked out before it starts and compared with what there is.
 *
 * Photos, parameters, optimiser state and statistics are exact but for padding; the rasteriser's scratch is an estimate.
 *
 * @module
 */

import { formatBytes } from "../base/format.ts";
import type { View } from "../base/scene.ts";
import { TameError } from "../ffi/errors.ts";
import type { Backend } from "../ffi/library.ts";
import { estimateScratch } from "./scratch.ts";

/** A training photo. */
export interface PlannedPhoto {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Bytes a pixel: 3, one more with alpha, one more with a mask. Default 3. */
  channels?: number;
}

/** What the memory of a run depends on. */
export interface PlanInput {
  /** Where the run computes. Default `"cpu"`. */
  backend?: Backend;
  /** The training photos. */
  photos: PlannedPhoto[];
  /** Whether all photos are in the device's memory; on the CPU backend they are either way. Default true. */
  photosOnDevice?: boolean;
  /** Bytes of photos in memory at most, where they stay on disk and are decoded as they are needed. */
  heldPhotoBytes?: number;
  /** Number of Gaussians. */
  count: number;
  /** Highest degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
  /** Whether the gradients of the higher spherical harmonics are summed over iterations (`shLower`). Default false. */
  shAccumulation?: boolean;
  /** Whether densification events fall within the run. Default false. */
  densifies?: boolean;
  /** Whether the run evaluates. Default false. */
  evaluates?: boolean;
  /** The most (tile, Gaussian) pairs that a view makes at the start, where they were counted. Default 0. */
  firstInstances?: number;
}

/** One line of a memory plan. */
export interface PlanItem {
  /** What the memory is for. */
  purpose: "photos" | "parameters" | "optimizer" | "statistics" | "splats" | "instances" | "images" | "other";
  /** Bytes. */
  bytes: number;
  /** False where the number is an estimate. */
  exact: boolean;
}

/** The memory that a run will take. */
export interface MemoryPlan {
  /** Bytes by purpose. */
  items: PlanItem[];
  /** Sum of the items. */
  total: number;
  /** Bytes that the run may take; Infinity where no limit is known. */
  limit: number;
}

const BYTES_PER_FLOAT = 4;
/** Bytes a pixel of a photo without alpha and mask. */
const PHOTO_CHANNELS = 3;
/** Mean, opacity, log-scales, quaternion; the spherical harmonics come on top. */
const FLOATS_BESIDE_SH = 3 + 1 + 3 + 4;
/** Floats of a row of the PLY that are no parameters. */
const PLY_NORMALS = 3;
/** Adam's first and second moment. */
const MOMENTS = 2;
/** Gradient sum, visible steps, largest radius. */
const STATISTICS_FLOATS = 3;

/** With photos in host memory a GPU holds the one in use and the next. */
const STAGED_PHOTOS = 2;
/** Rows of parameters and moments on a GPU are padded to lines of 32 floats. */
const CUDA_ROWS = 32;

/** Floats of one Gaussian's parameters at a degree of the spherical harmonics: 59 at degree 3. */
function parameterFloats(shDegree: number): number {
  return FLOATS_BESIDE_SH + 3 * (shDegree + 1) ** 2;
}

/** What the plan has to know of a view's photo: its size, and its bytes a pixel with alpha and mask. */
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
 * Works out the memory that a run will take.
 *
 * @example
 * ```ts
 * import { planMemory } from "./plan.ts";
 *
 * const plan = planMemory({ photos: [{ width: 640, height: 480 }], count: 1000, shDegree: 3 });
 * const photos = plan.items.find((item) => item.purpose === "photos")!;
 * if (photos.bytes !== 640 * 480 * 3) throw new Error("photos take 3 bytes a pixel");
 * ```
 *
 * @param input What the memory depends on
 * @param limit Bytes that the run may take. Default Infinity
 * @returns Bytes by purpose, their sum, and the limit
 */
export function planMemory(input: PlanInput, limit = Infinity): MemoryPlan {
  const { backend = "cpu", photos, photosOnDevice = true, count, shDegree } = input;
  const {
    shAccumulation = false,
    densifies = false,
    evaluates = false,
    firstInstances = 0,
    heldPhotoBytes = Infinity,
  } = input;
  const onGpu = backend === "cuda";
  const rows = onGpu ? Math.ceil(count / CUDA_ROWS) * CUDA_ROWS : count;
  const floats = parameterFloats(shDegree);
  const shRestFloats = 3 * ((shDegree + 1) ** 2 - 1);
  const largest = photos.reduce((most, some) => pixelsOf(some) > pixelsOf(most) ? some : most, { width: 0, height: 0 });
  const photoSizes = photos.map(photoBytes);
  const allPhotos = onGpu && !photosOnDevice
    ? STAGED_PHOTOS * photoSizes.reduce((most, bytes) => Math.max(most, bytes), 0)
    : Math.min(heldPhotoBytes, photoSizes.reduce((sum, bytes) => sum + bytes, 0));
  const scratch = estimateScratch({
    backend,
    count,
    largest,
    scores: densifies,
    evaluates,
    firstInstances,
    rowFloats: floats + PLY_NORMALS,
  });
  const items: PlanItem[] = [
    { purpose: "photos", bytes: Math.ceil(allPhotos), exact: true },
    { purpose: "parameters", bytes: rows * floats * BYTES_PER_FLOAT, exact: true },
    {
      purpose: "optimizer",
      bytes: rows * (MOMENTS * floats + (shAccumulation ? shRestFloats : 0)) * BYTES_PER_FLOAT,
      exact: true,
    },
    { purpose: "statistics", bytes: count * STATISTICS_FLOATS * BYTES_PER_FLOAT, exact: true },
    { purpose: "splats", bytes: scratch.splats, exact: false },
    { purpose: "instances", bytes: scratch.instances, exact: false },
    { purpose: "images", bytes: scratch.images, exact: false },
    ...(scratch.other > 0 ? [{ purpose: "other" as const, bytes: scratch.other, exact: false }] : []),
  ];
  return { items, total: items.reduce((sum, item) => sum + item.bytes, 0), limit };
}

/**
 * Refuses a run that memory does not suffice for, before it starts.
 *
 * @param plan What {@linkcode planMemory} returned
 * @throws {TameError} "out of memory", with the plan's numbers
 */
export function checkMemory(plan: MemoryPlan): void {
  if (plan.total <= plan.limit) return;
  throw new TameError(
    "out of memory",
    `The run takes about ${formatBytes(plan.total)} and ${formatBytes(plan.limit)} are there: ${
      formatItems(plan.items)
    }`,
    { bytesWanted: plan.total, bytesFree: plan.limit },
  );
}

/**
 * The size of an item of a memory plan: `"2.9 MiB"`, `"about 1.4 MiB"` where it is an estimate.
 *
 * @param item Item of a plan
 * @returns Its bytes in words
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
