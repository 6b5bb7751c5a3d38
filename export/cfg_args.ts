// Writes the text of `cfg_args`, which load/cfg_args.ts describes.

import type { CfgArgs, CfgValue } from "../load/cfg_args.ts";

/**
 * Writes values in Python's notation.
 *
 * @example
 * ```ts
 * import { formatCfgArgs } from "./cfg_args.ts";
 *
 * const text = formatCfgArgs({ eval: true, images: "images_8", resolution: -1 });
 * if (text !== "Namespace(eval=True, images='images_8', resolution=-1)") throw new Error(text);
 * ```
 *
 * @param values Names (Python identifiers) and values
 * @returns One line, without a line break
 */
export function formatCfgArgs(values: CfgArgs): string {
  return `Namespace(${Object.entries(values).map(([name, value]) => `${name}=${pythonLiteral(value)}`).join(", ")})`;
}

function pythonLiteral(value: CfgValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll("\\", "\\\\")
    .replaceAll(quote, `\\${quote}`)
    // deno-lint-ignore no-control-regex -- control characters are what has to be escaped
    .replace(/[\x00-\x1f\x7f-\x9f]/g, (c) => ESCAPED[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return quote + escaped + quote;
}

const ESCAPED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
