// Two tables of the CUDA library's kernels on each target, from the reports that `make cuda` keeps in build/: registers,
// stack and spills; threads, shared memory and resident blocks. A spill in a kernel of tame is a failure; those of CUB
// are only counted.

import { type LaunchBounds, readLaunchBounds, threadsOf } from "./kernel_report/launch_bounds.ts";
import { occupancy } from "./kernel_report/occupancy.ts";
import { type Kernel, readKernels, spills } from "./kernel_report/ptxas.ts";

/** One line for each kernel of tame: registers on each target, and its stack if it has one. */
export function kernelTable(kernels: readonly Kernel[]): string {
  const theirs = kernels.filter(({ ours }) => !ours);
  const spilling = theirs.filter(({ spillStores, spillLoads }) => spillStores + spillLoads > 0);
  const registers = ({ registers, stack, spillStores, spillLoads }: Kernel) =>
    `${registers}${stack > 0 ? `+${stack}B` : ""}${spillStores + spillLoads > 0 ? " SPILLS" : ""}`;
  return [
    ...lines(kernels, { heads: [], names: () => [], cell: registers }),
    "Registers of a thread, +stack in bytes (arrays in local memory).",
    `Of libraries: ${theirs.length} kernels and targets, ${spilling.length} with spills.`,
  ].join("\n");
}

/**
 * One line for each kernel of tame that has launch bounds: threads and shared memory of a block, and on each target the
 * resident blocks of a multiprocessor, their share of its warps and what limits them.
 */
export function occupancyTable(kernels: readonly Kernel[], bounds: readonly LaunchBounds[]): string {
  const bounded = kernels.filter(({ ours, name }) => ours && threadsOf(name, bounds) !== undefined);
  const blocks = (kernel: Kernel) => {
    const resident = occupancy(kernel, threadsOf(kernel.name, bounds)!);
    return resident === undefined
      ? "unknown"
      : `${resident.blocks} ${Math.round(100 * resident.share)}% ${resident.limit}`;
  };
  const names = (same: readonly Kernel[]) => [
    `${threadsOf(same[0].name, bounds)}`,
    `${Math.max(...same.map(({ shared }) => shared))}`,
  ];
  return [
    ...lines(bounded, { heads: ["threads", "shared"], names, cell: blocks }),
    "Threads and bytes of static shared memory of a block (the most on any target); resident blocks of a multiprocessor,",
    "their share of its warps, and what limits them. Kernels without launch bounds are left out.",
  ].join("\n");
}

/** What a table has beside the kernels' names and the targets. */
interface Columns {
  /** Heads of the columns between. */
  heads: string[];
  /** Their cells, of a kernel on all targets. */
  names: (same: readonly Kernel[]) => string[];
  /** The cell of a kernel on a target. */
  cell: (kernel: Kernel) => string;
}

/** The lines of a table of tame's kernels, columns aligned. */
function lines(kernels: readonly Kernel[], { heads, names, cell }: Columns): string[] {
  const targets = [...new Set(kernels.map(({ target }) => target))]
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  const rows = [["kernel", ...heads, ...targets]];
  for (const name of new Set(kernels.filter(({ ours }) => ours).map(({ name }) => name))) {
    const same = kernels.filter((kernel) => kernel.ours && kernel.name === name);
    const cells = targets.map((target) => same.find((kernel) => kernel.target === target));
    rows.push([name, ...names(same), ...cells.map((kernel) => kernel === undefined ? "-" : cell(kernel))]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(([name, ...cells]) =>
    [name.padEnd(widths[0]), ...cells.map((text, column) => text.padStart(widths[column + 1]))].join("  ")
  );
}

if (import.meta.main) {
  const kernels = readKernels();
  if (kernels.length === 0) {
    console.error("Error: No reports in build/obj/gpu: run make cuda");
    Deno.exit(1);
  }
  console.log(kernelTable(kernels));
  console.log(`\n${occupancyTable(kernels, readLaunchBounds())}`);
  const found = spills(kernels);
  for (const text of found) console.error(`Spills: ${text}`);
  Deno.exit(found.length > 0 ? 1 : 0);
}
