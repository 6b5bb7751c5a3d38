// Writes the declarations of cuda/tame.h as TypeScript, formatted as `deno fmt` does.

import type { Header, HeaderField, HeaderFunction, HeaderTableRow } from "./header.ts";

const GENERATED = "Generated from cuda/tame.h by `deno task generate`; do not edit.";

/** The text of ffi/symbols.ts. */
export function symbolsText({ functions }: Header): string {
  return `// ${GENERATED}
//
// Handles are \`pointer\` and arrays \`buffer\`, so that a path-scoped --allow-ffi is enough. The header marks what is
// nonblocking; a function that is wanted both ways stands here a second time, as <name>_async.

/** The symbol table of libtame_cpu and libtame_cuda. */
export const SYMBOLS = {
${functions.flatMap(entriesOf).join("\n")}
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of an opened library. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The arguments of a function, but for the error that comes last. */
export type Arguments<Name extends keyof Symbols> = Parameters<Symbols[Name]> extends [...infer Rest, unknown] ? Rest
  : never;
`;
}

function entriesOf(one: HeaderFunction): string[] {
  switch (one.blocking) {
    case "blocking":
      return [entry(one, one.name, [])];
    case "nonblocking":
      return [entry(one, one.name, ["nonblocking: true"])];
    case "also nonblocking":
      return [
        entry(one, one.name, []),
        entry(one, `${one.name}_async`, [`name: "${one.name}"`, "nonblocking: true"]),
      ];
  }
}

function entry({ parameters, result }: HeaderFunction, key: string, more: string[]): string {
  const list = parameters.length === 0
    ? "[]"
    : `[\n${parameters.map(({ name, type }) => `      "${type}", // ${name}\n`).join("")}    ]`;
  const lines = [`parameters: ${list}`, `result: "${result}"`, ...more];
  return `  ${key}: {\n${lines.map((line) => `    ${line},\n`).join("")}  },`;
}

/** The text of ffi/abi.ts. */
export function abiText({ constants, parameters, structs }: Header): string {
  const constantLines = constants.map(({ name, text, group }, i) => {
    const gap = i > 0 && constants[i - 1].group !== group ? "\n" : "";
    return `${gap}  ${withoutPrefix(name)}: ${text},\n`;
  });
  const structLines = structs.map(({ name, fields }) => `  ${name}: {\n${fields.map(fieldLine).join("")}  },\n`);
  return `// ${GENERATED}

/** Constants of the header without their prefix \`TAME_\`. */
export const ABI = {
${constantLines.join("")}} as const;

/**
 * The parameters of a Gaussian, in the order of \`ABI.PARAMETER_*\`: floats of each, more for each coefficient of the
 * spherical harmonics above degree 0, learning rate by default, PLY columns (\`#\` counts from 0).
 */
export const PARAMETERS = [
${parameters.map(parameterLine).join("")}] as const;

/** Name of a parameter. */
export type ParameterName = ${parameters.map(({ name }) => `"${camelCase(name)}"`).join(" | ")};

/** Structs of the header: the type of each field in order, or type and array length. */
export const STRUCTS = {
${structLines.join("")}} as const;
`;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function parameterLine({ name, floats, shFloats, rate, plyColumns }: HeaderTableRow): string {
  const values = `floats: ${floats}, shFloats: ${shFloats}, rate: ${rate}, plyColumns: "${plyColumns}"`;
  return `  { name: "${name}", ${values} },\n`;
}

function fieldLine({ name, type, length, lengthName }: HeaderField): string {
  if (length === undefined) return `    ${name}: "${type}",\n`;
  return `    ${name}: ["${type}", ${lengthName === undefined ? length : `ABI.${withoutPrefix(lengthName)}`}],\n`;
}

function withoutPrefix(name: string): string {
  return name.slice("TAME_".length);
}
