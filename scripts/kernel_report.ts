// ptxas's report of each kernel of the CUDA library: registers, stack and spills, for each target. A spill in a kernel
// of tame is a failure; those of CUB are only counted. Reads the reports that `make cuda` keeps in build/.

import { basename, fromFileUrl, join } from "@std/path";

const FOLDER = fromFileUrl(new URL("../build/obj/gpu", import.meta.url));

/** A kernel on one target. */
export interface Kernel {
  /** Name, with the arguments of a template. */
  name: string;
  /** Source file without its extension. */
  file: string;
  target: string;
  /** Whether it is of this project rather than of a library. */
  ours: boolean;
  registers: number;
  /** Bytes of local memory of a thread: arrays with computed indices, and spills. */
  stack: number;
  spillStores: number;
  spillLoads: number;
}

/** Reads the reports of a folder; empty when there are none. */
export function readKernels(folder: string = FOLDER): Kernel[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name }) => name.endsWith(".ptxas"))
      .sort((a, b) => a.name < b.name ? -1 : 1)
      .flatMap(({ name }) => parseReport(Deno.readTextFileSync(join(folder, name)), basename(name, ".ptxas")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Parses the output of `ptxas -v` for one file. Throws if lines of a kernel are missing. */
export function parseReport(text: string, file: string): Kernel[] {
  return text.split(/^(?=ptxas info\s*: Compiling entry function)/m).slice(1).map((block) => {
    const entry = /Compiling entry function '([^']+)' for '([^']+)'/.exec(block);
    const memory = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(block);
    const registers = /Used (\d+) registers/.exec(block);
    if (entry === null || memory === null || registers === null) {
      throw new SyntaxError(`Cannot read the report of ${file}: ${block.split("\n")[0]}`);
    }
    return {
      name: kernelName(entry[1]),
      file,
      target: entry[2],
      ours: entry[1].startsWith("_ZN4tame3gpu"),
      registers: Number(registers[1]),
      stack: Number(memory[1]),
      spillStores: Number(memory[2]),
      spillLoads: Number(memory[3]),
    };
  });
}

/** Kernels of tame that spill, as text; empty if there are none. */
export function spills(kernels: readonly Kernel[]): string[] {
  return kernels.filter(({ ours, spillStores, spillLoads }) => ours && spillStores + spillLoads > 0)
    .map(({ name, target, spillStores, spillLoads }) =>
      `${name} for ${target}: ${spillStores} bytes of spill stores, ${spillLoads} of spill loads`
    );
}

/** One line for each kernel of tame: registers on each target, and its stack if it has one. */
export function kernelTable(kernels: readonly Kernel[]): string {
  const targets = [...new Set(kernels.map(({ target }) => target))]
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  const names = [...new Set(kernels.filter(({ ours }) => ours).map(({ name }) => name))];
  const width = Math.max(6, ...names.map((name) => name.length));
  const cell = (name: string, target: string): string => {
    const kernel = kernels.find((one) => one.ours && one.name === name && one.target === target);
    if (kernel === undefined) return "-";
    const { registers, stack, spillStores, spillLoads } = kernel;
    return `${registers}${stack > 0 ? `+${stack}B` : ""}${spillStores + spillLoads > 0 ? " SPILLS" : ""}`;
  };
  const line = (name: string, cells: string[]) => `${name.padEnd(width)} ${cells.map((c) => c.padStart(16)).join("")}`;
  const theirs = kernels.filter(({ ours }) => !ours);
  const spilling = theirs.filter(({ spillStores, spillLoads }) => spillStores + spillLoads > 0);
  return [
    line("kernel", targets),
    ...names.map((name) => line(name, targets.map((target) => cell(name, target)))),
    "Registers of a thread, +stack in bytes (arrays in local memory).",
    `Of libraries: ${theirs.length} kernels and targets, ${spilling.length} with spills.`,
  ].join("\n");
}

/** The last part of a mangled name, with simple template arguments: `blend_kernel<true>`, `optimize_kernel<Form 2>`. */
function kernelName(mangled: string): string {
  let at = mangled.startsWith("_ZN") ? 3 : 2;
  let name = mangled;
  for (let match; (match = /^(\d+)/.exec(mangled.slice(at))) !== null;) {
    at += match[1].length;
    name = mangled.slice(at, at + Number(match[1]));
    at += Number(match[1]);
  }
  // A boolean; a number of an enumeration; a class; a type.
  const argument = /L(b)([01])E|LN\w*?_\d+([A-Za-z]+?)E(\d+)E|N\w*?_\d+([A-Za-z]+?)E|([tjf])/y;
  const types: Record<string, string> = { t: "uint16", j: "uint32", f: "float" };
  const made: string[] = [];
  argument.lastIndex = at + 1;
  for (
    let match = mangled[at] === "I" ? argument.exec(mangled) : null;
    match !== null;
    match = argument.exec(mangled)
  ) {
    const [, boolean, value, enumeration, number, className, type] = match;
    if (boolean !== undefined) made.push(value === "1" ? "true" : "false");
    else made.push(enumeration !== undefined ? `${enumeration} ${number}` : className ?? types[type]);
    at = argument.lastIndex;
  }
  return made.length > 0 && mangled[at] === "E" ? `${name}<${made.join(", ")}>` : name;
}

if (import.meta.main) {
  const kernels = readKernels();
  if (kernels.length === 0) {
    console.error("Error: No reports in build/obj/gpu: run make cuda");
    Deno.exit(1);
  }
  console.log(kernelTable(kernels));
  const found = spills(kernels);
  for (const text of found) console.error(`Spills: ${text}`);
  Deno.exit(found.length > 0 ? 1 : 0);
}
