// ptxas's report of each kernel of the CUDA library, for each target: what `make cuda` keeps in build/.

import { basename, fromFileUrl, join } from "@std/path";

const FOLDER = fromFileUrl(new URL("../../build/obj/gpu", import.meta.url));

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
  /** Bytes of static shared memory of a block. */
  shared: number;
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
      shared: Number(/(\d+) bytes smem/.exec(block)?.[1] ?? 0),
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

/** The last part of a mangled name, with simple template arguments: `blend_kernel<true>`, `adam_kernel<Form 2>`. */
function kernelName(mangled: string): string {
  let at = mangled.startsWith("_ZN") ? 3 : 2;
  let name = mangled;
  for (let match; (match = /^(\d+)/.exec(mangled.slice(at))) !== null;) {
    at += match[1].length;
    name = mangled.slice(at, at + Number(match[1]));
    at += Number(match[1]);
  }
  // A boolean; an integer; a number of an enumeration; a class; a type.
  const argument = /L(b)([01])E|Li(\d+)E|LN\w*?_\d+([A-Za-z]+?)E(\d+)E|N\w*?_\d+([A-Za-z]+?)E|([tjf])/y;
  const types: Record<string, string> = { t: "uint16", j: "uint32", f: "float" };
  const made: string[] = [];
  argument.lastIndex = at + 1;
  for (
    let match = mangled[at] === "I" ? argument.exec(mangled) : null;
    match !== null;
    match = argument.exec(mangled)
  ) {
    const [, boolean, value, integer, enumeration, number, className, type] = match;
    if (boolean !== undefined) made.push(value === "1" ? "true" : "false");
    else made.push(enumeration !== undefined ? `${enumeration} ${number}` : integer ?? className ?? types[type]);
    at = argument.lastIndex;
  }
  return made.length > 0 && mangled[at] === "E" ? `${name}<${made.join(", ")}>` : name;
}
