// Measures the machine's peak rates, and compares the phases of a step with them.

import type { PHASES } from "../../ffi/device.ts";
import type { StepProfile } from "./steps.ts";

const LIBRARY = new URL("../../build/libceilings.so", import.meta.url);
/** 128 MiB an array: more than a core's caches. */
const ARRAY_FLOATS = 1 << 25;

/** Peak rates of the processor on some threads. */
export interface Ceilings {
  /** Floating-point operations a second, a fused multiply-add counting two. */
  flops: number;
  /** Bytes a second to and from memory. */
  bandwidth: number;
}

/** A phase beside a ceiling. */
export interface Bound {
  phase: string;
  /** "flop" or "byte", counted by {@linkcode WORK}. */
  unit: "flop" | "byte";
  perSecond: number;
  /** Fraction of the ceiling. */
  share: number;
}

/** Measures the ceilings; undefined unless `make ceilings` has been run. */
export function measureCeilings(threads: number): Ceilings | undefined {
  let library;
  try {
    library = Deno.dlopen(LIBRARY, {
      bench_peak_flops: { parameters: ["u32"], result: "f64" },
      bench_memory_bandwidth: { parameters: ["u32", "u32"], result: "f64" },
    });
  } catch {
    return undefined;
  }
  using open = { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
  return {
    flops: open.symbols.bench_peak_flops(threads),
    bandwidth: open.symbols.bench_memory_bandwidth(threads, ARRAY_FLOATS),
  };
}

/**
 * The work of each phase, from the counts of a step. Operations are those of the source (cuda/cpu/*.inl) without
 * comparisons and selections; bytes are the memory traffic without any cache.
 */
const WORK: { phase: typeof PHASES[number]; unit: Bound["unit"]; of(counts: StepProfile["counts"]): number }[] = [
  // Parameters in; splats and tile lists out.
  { phase: "project", unit: "byte", of: (c) => 4 * c.parameters * c.gaussians + 45 * c.visible + 4 * c.instances },
  // Three passes over depth keys and indices, two over the instances.
  { phase: "bin", unit: "byte", of: (c) => 3 * 24 * c.visible + 16 * c.instances },
  // A pair: 10 for the exponent, 12 for its power, 11 to blend.
  { phase: "blend", unit: "flop", of: (c) => 33 * c.evaluated },
  // A pixel and channel: windows of 11 in both directions over 4 means and 3 derivatives, with 5 rows of border in 32.
  { phase: "loss", unit: "flop", of: (c) => 3 * 340 * c.pixels },
  // A pair: 22 for alpha, 5 for its weight, 13 for its derivative, 6 for colours, 15 for the sums.
  { phase: "blendBackward", unit: "flop", of: (c) => 61 * c.evaluated },
  // Parameters and two moments in and out, instances' gradients in.
  { phase: "optimize", unit: "byte", of: (c) => 24 * c.parameters * c.gaussians + 36 * c.instances },
];

/** Compares the phases of a profile with the ceilings. */
export function boundsOf({ parts, counts }: StepProfile, ceilings: Ceilings): Bound[] {
  return WORK.map(({ phase, unit, of }) => {
    const { least } = parts.find(({ name }) => name === `phase: ${phase}`)!;
    const perSecond = of(counts) / least;
    return { phase, unit, perSecond, share: perSecond / (unit === "flop" ? ceilings.flops : ceilings.bandwidth) };
  });
}
