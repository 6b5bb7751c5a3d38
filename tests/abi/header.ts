// Reads cuda/tame.h: its functions, constants and structs, as far as its own style needs a parser.

/** A parameter as the header has it. */
export interface Parameter {
  name: string;
  /** The type of Deno's FFI that stands for it. */
  type: Deno.NativeType;
  /** The handle's C type, where it is one. */
  handle?: string;
}

/** A function as the header has it. */
export interface HeaderFunction {
  parameters: Parameter[];
  result: Deno.NativeResultType;
}

/** A field of a struct. */
export interface HeaderField {
  name: string;
  type: string;
  length: number;
}

const HANDLES = ["tame_device", "tame_gaussians", "tame_views", "tame_trainer", "tame_rasterization", "tame_lpips"];
const SCALARS: Record<string, Deno.NativeType> = {
  tame_status: "i32",
  int32_t: "i32",
  uint32_t: "u32",
  uint64_t: "u64",
  float: "f32",
  double: "f64",
};

const text = Deno.readTextFileSync(new URL("../../cuda/tame.h", import.meta.url)).replace(/\/\*[\s\S]*?\*\//g, "");

/** All functions by name, in order. */
export const headerFunctions: Map<string, HeaderFunction> = new Map(
  [...text.matchAll(/TAME_API\s+([\w\s*]+?)(tame_\w+)\(([^)]*)\);/g)].map(([, result, name, list]) => {
    const parameters = list.trim() === "void" ? [] : list.split(",").map(parseParameter);
    return [name, { parameters, result: typeOf(result) }];
  }),
);

/** All numeric constants, without `TAME_`. */
export const headerConstants: Map<string, number> = new Map(
  [...text.matchAll(/#define TAME_(\w+) +(\w+) *$/gm)].map(([, name, value]) => [name, parseNumber(value)]),
);

/** All structs by name, their fields in order. */
export const headerStructs: Map<string, HeaderField[]> = new Map(
  [...text.matchAll(/typedef struct (tame_\w+) \{([^}]*)\}/g)].map(([, name, body]) => [name, parseFields(body)]),
);

function parseParameter(source: string): Parameter {
  const [, type, name] = source.trim().match(/^(.*?)(\w+)$/s)!;
  const base = type.replace(/const|\*/g, "").trim();
  return { name, type: typeOf(type), handle: HANDLES.includes(base) ? base : undefined };
}

function typeOf(source: string): Deno.NativeType {
  const base = source.replace(/const|\*/g, "").trim();
  if (source.includes("*")) return HANDLES.includes(base) ? "pointer" : "buffer";
  const scalar = SCALARS[base];
  if (scalar === undefined) throw new Error(`Unknown type in cuda/tame.h: ${source}`);
  return scalar;
}

function parseFields(body: string): HeaderField[] {
  return body.split(";").map((line) => line.trim()).filter(Boolean).flatMap((line) => {
    const [, type, names] = line.match(/^(\w+)\s+(.*)$/s)!;
    return names.split(",").map((declarator) => {
      const [, name, length] = declarator.trim().match(/^(\w+)(?:\[(\w+)\])?$/)!;
      return { name, type, length: length === undefined ? 1 : parseNumber(length) };
    });
  });
}

function parseNumber(source: string): number {
  const named = source.match(/^TAME_(\w+)$/);
  const value = named ? headerConstants.get(named[1]) : Number(source.replace(/u$/, ""));
  if (value === undefined || Number.isNaN(value)) throw new Error(`Unknown number in cuda/tame.h: ${source}`);
  return value;
}
