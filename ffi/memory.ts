// A device's memory by purpose: what it holds, and an estimate of what training needs, which takes no device.

import { ABI } from "./abi.ts";
import { checkCount, errorFrom } from "./errors.ts";
import type { Library } from "./library.ts";
import { type NameOf, namesOf } from "./names.ts";
import { type OptionalState, stateFlags, transformCode } from "./optional_state.ts";
import { Struct } from "./struct.ts";

/** What memory is used for. */
export type Purpose = NameOf<"PURPOSE">;

/** Names of what memory is used for. */
export const PURPOSES: readonly Purpose[] = namesOf("PURPOSE");

/** What a device holds, in bytes. */
export interface MemoryUse {
  /** The limit; 0 for none. */
  limit: number;
  /** In use now. */
  live: number;
  /** Peak use. */
  peak: number;
  /** Both by purpose; the keys are those of {@linkcode PURPOSES}. */
  byPurpose: Record<string, { live: number; peak: number }>;
  /**
   * Host memory beside the device's: photos that are not on it, and what is page-locked. Outside the limit, and 0 on
   * the CPU backend.
   */
  host: { live: number; peak: number };
}

/** Memory use from the native struct. */
export function memoryUse(from: Struct<"tame_memory">): MemoryUse {
  const byPurpose = PURPOSES.map((purpose, i) => [
    purpose,
    { live: from.number("live_by_purpose", i), peak: from.number("peak_by_purpose", i) },
  ]);
  return {
    limit: from.number("limit"),
    live: from.number("live"),
    peak: from.number("peak"),
    byPurpose: Object.fromEntries(byPurpose),
    host: { live: from.number("host_live"), peak: from.number("host_peak") },
  };
}

/** What the memory of a training run depends on. */
export interface MemoryQuery {
  /** Number of Gaussians. */
  capacity: number;
  /** Highest degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
  /** Width of the largest view in pixels. */
  width: number;
  /** Its height in pixels. */
  height: number;
  /** Maximum of the counted (tile, splat) pairs of a view; 0 if none were counted. */
  instances: number;
  /** Optional state of the trainer, and views of a step. */
  trainer: OptionalState;
  /** Number of views, on which only the memory of a transform depends. Default 0. */
  views?: number;
  /** Whether the Gaussians are scored. */
  scores: boolean;
  /** Whether renders are compared with photos. */
  metrics: boolean;
  /** Whether steps have a depth weight. Default false. */
  depths?: boolean;
}

/** Memory that a run needs. */
export interface MemoryEstimate {
  /** By purpose, in the header's order; photos are 0. */
  items: { purpose: Purpose; bytes: number; exact: boolean }[];
  /** Photos that the device holds at a time while the rest stay in host memory; 0 if it holds all. */
  stagedPhotos: number;
}

/** Estimates the memory that a training run needs on a device of a library. */
export function estimateMemory(library: Library, query: MemoryQuery): MemoryEstimate {
  const native = new Struct("tame_memory_query");
  native.set(
    "flags",
    (query.scores ? ABI.MEMORY_SCORES : 0) | (query.metrics ? ABI.MEMORY_METRICS : 0) |
      (query.depths ? ABI.MEMORY_DEPTHS : 0),
  );
  const fields = { capacity: query.capacity, sh_degree: query.shDegree, width: query.width, height: query.height };
  for (const [name, value] of Object.entries(fields)) {
    checkCount(name, value);
    native.set(name as keyof typeof fields, value);
  }
  native.set("instances", query.instances)
    .set("state", stateFlags(query.trainer))
    .set("views_per_step", query.trainer.viewsPerStep ?? 1)
    .set("transform", transformCode(query.trainer))
    .set("views", query.views ?? 0);
  const out = new Struct("tame_memory_estimate");
  const error = new Struct("tame_error");
  const { tame_estimate_memory: estimate } = library.symbols;
  const status = estimate(native.bytes, native.bytes.length, out.bytes, out.bytes.length, error.bytes);
  if (status !== ABI.OK) throw errorFrom(error);
  const exact = out.number("exact");
  return {
    items: PURPOSES.map((purpose, i) => ({ purpose, bytes: out.number("bytes", i), exact: (exact >> i & 1) === 1 })),
    stagedPhotos: out.number("staged_photos"),
  };
}
