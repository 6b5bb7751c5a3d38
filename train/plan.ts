/**
 * The memory plan: what a run will take, worked out before it starts and compared with what there is.
 *
 * Photos, parameters, optimiser state and statistics are exact but for padding. The rasteriser's scratch is an estimate:
 * how many tiles a Gaussian covers is known only once it is rendered.
 *
 * @module
 */

import { TameError } from "../ffi/errors.ts";

/** What the memory of a run depends on. */
export interface PlanInput {
  /** Sizes of the training photos in pixels. */
  photos: { width: number; height: number }[];
  /** Number of Gaussians. */
  count: number;
  /** Highest degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
  /** Whether the gradients of the higher spherical harmonics are summed over iterations (`shLower`). Default false. */
  shAccumulation?: boolean;
}

/** One line of a memory plan. */
export interface PlanItem {
  /** What the memory is for. */
  purpose: "photos" | "parameters" | "optimizer" | "statistics" | "splats" | "instances" | "images";
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
const PHOTO_CHANNELS = 3;
/** Mean, opacity, log-scales, quaternion; the spherical harmonics come on top. */
const FLOATS_BESIDE_SH = 3 + 1 + 3 + 4;
/** Adam's first and second moment. */
const MOMENTS = 2;
/** Gradient sum, visible steps, largest radius. */
const STATISTICS_FLOATS = 3;

// The estimates, measured on captures with the CPU backend (an indoor one at three sizes, an aerial one).
/** A projected splat, its keys in the depth sort, and the reserve that scratch grows by. */
const SPLAT_BYTES = 96;
/** One (tile, Gaussian) pair: its place in the order and its gradient. */
const INSTANCE_BYTES = 65;
/** Pairs: one and a quarter for each Gaussian, and 50 for each tile, as larger pictures cut a splat into more tiles. */
const INSTANCES_PER_GAUSSIAN = 1.25;
const INSTANCES_PER_TILE = 50;
const TILE_PIXELS = 16 * 16;
/** Render, transmittance, gradient and the loss's filtered maps. */
const PIXEL_BYTES = 96;

/** Floats of one Gaussian's parameters at a degree of the spherical harmonics: 59 at degree 3. */
function parameterFloats(shDegree: number): number {
  return FLOATS_BESIDE_SH + 3 * (shDegree + 1) ** 2;
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
  const { photos, count, shDegree, shAccumulation = false } = input;
  const floats = parameterFloats(shDegree);
  const shRestFloats = 3 * ((shDegree + 1) ** 2 - 1);
  const pixels = photos.map(({ width, height }) => width * height);
  const largest = pixels.reduce((most, some) => Math.max(most, some), 0);
  const instances = count * INSTANCES_PER_GAUSSIAN + (largest / TILE_PIXELS) * INSTANCES_PER_TILE;
  const items: PlanItem[] = [
    { purpose: "photos", bytes: PHOTO_CHANNELS * pixels.reduce((sum, some) => sum + some, 0), exact: true },
    { purpose: "parameters", bytes: count * floats * BYTES_PER_FLOAT, exact: true },
    {
      purpose: "optimizer",
      bytes: count * (MOMENTS * floats + (shAccumulation ? shRestFloats : 0)) * BYTES_PER_FLOAT,
      exact: true,
    },
    { purpose: "statistics", bytes: count * STATISTICS_FLOATS * BYTES_PER_FLOAT, exact: true },
    { purpose: "splats", bytes: count * SPLAT_BYTES, exact: false },
    { purpose: "instances", bytes: Math.ceil(instances * INSTANCE_BYTES), exact: false },
    { purpose: "images", bytes: largest * PIXEL_BYTES, exact: false },
  ];
  return { items, total: items.reduce((sum, item) => sum + item.bytes, 0), limit };
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * A number of bytes in words: `"1.5 MiB"`.
 *
 * @param bytes Number of bytes
 * @returns At most one decimal and the unit
 */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/**
 * Refuses a run that memory does not suffice for, before it starts.
 *
 * @param plan What {@linkcode planMemory} returned
 * @throws {TameError} "out of memory", with the plan's numbers
 */
export function checkMemory(plan: MemoryPlan): void {
  if (plan.total <= plan.limit) return;
  const parts = plan.items.map((item) => `${item.purpose} ${item.exact ? "" : "about "}${formatBytes(item.bytes)}`);
  throw new TameError(
    "out of memory",
    `The run takes about ${formatBytes(plan.total)} and ${formatBytes(plan.limit)} are there: ${parts.join(", ")}`,
    { bytesWanted: plan.total, bytesFree: plan.limit },
  );
}
