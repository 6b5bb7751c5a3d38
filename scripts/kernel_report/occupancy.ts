// How many blocks of a kernel a multiprocessor holds at a time, from the compiler's report and the limits of the
// architecture.

import type { Kernel } from "./ptxas.ts";

/** What a multiprocessor has. */
export interface Multiprocessor {
  warps: number;
  blocks: number;
  /** Bytes of shared memory. */
  shared: number;
}

/** Resident blocks of a kernel on a multiprocessor. */
export interface Occupancy {
  blocks: number;
  /** Their warps, as a share of all that the multiprocessor can hold. */
  share: number;
  /** What there is not enough of for another block. */
  limit: "registers" | "shared memory" | "warps" | "blocks";
}

const KIB = 1024;

/**
 * Limits by target: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". All of them have
 * 65 536 registers.
 */
export const MULTIPROCESSORS: Readonly<Record<string, Multiprocessor>> = {
  sm_80: { warps: 64, blocks: 32, shared: 164 * KIB },
  sm_86: { warps: 48, blocks: 16, shared: 100 * KIB },
  sm_89: { warps: 48, blocks: 24, shared: 100 * KIB },
  sm_90: { warps: 64, blocks: 32, shared: 228 * KIB },
  sm_120: { warps: 48, blocks: 24, shared: 100 * KIB },
};

const WARP = 32;
/** A multiprocessor has four partitions; a warp's registers are all of one, in units of 256. */
const PARTITIONS = 4, PARTITION_REGISTERS = 65_536 / PARTITIONS, REGISTER_UNIT = 256;
/** The driver takes 1 KiB for each block; a block has shared memory in units of 128 bytes. */
const RESERVED_SHARED = KIB, SHARED_UNIT = 128;

/** Resident blocks of a kernel with `threads` a block; undefined for a target whose limits are not known. */
export function occupancy({ target, registers, shared }: Kernel, threads: number): Occupancy | undefined {
  const has = MULTIPROCESSORS[target];
  if (has === undefined) return undefined;
  const warps = Math.ceil(threads / WARP);
  const warpRegisters = roundUp(registers * WARP, REGISTER_UNIT);
  const registerWarps = PARTITIONS * Math.floor(PARTITION_REGISTERS / warpRegisters);
  const limits = [
    ["warps", Math.floor(has.warps / warps)],
    ["blocks", has.blocks],
    ["registers", Math.floor(registerWarps / warps)],
    ["shared memory", Math.floor(has.shared / roundUp(shared + RESERVED_SHARED, SHARED_UNIT))],
  ] as const;
  const [limit, blocks] = limits.reduce((least, other) => other[1] < least[1] ? other : least);
  return { blocks, share: blocks * warps / has.warps, limit };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
