// The documented interfaces of the library's options and the option tables are in step: the same names, the same defaults.

import { assertEquals } from "@std/assert";
import { apiName, type OptionRow } from "../../base/option.ts";
import { EXPORT_ROWS } from "../../export/option_table.ts";
import { DEVICE_ROWS } from "../../ffi/option_table.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { page } from "./markdown.ts";

/** Each interface with its file, its rows, and the properties that have none. */
const INTERFACES: [name: string, file: string, rows: readonly OptionRow[], others: string[]][] = [
  ["DeviceOptions", "ffi/device.ts", DEVICE_ROWS, ["library"]],
  ["LoadOptions", "load/scene.ts", LOAD_ROWS, ["coverage", "frame", "library", "referenceCameras", "signal"]],
  ["TrainOptions", "train/options.ts", TRAIN_ROWS, ["controller", "renderPixels", "signal"]],
  ["ExportOptions", "export/export_splats.ts", EXPORT_ROWS, ["onNotice", "onProgress", "signal"]],
];

/** Documentation of an interface's properties by name, in one line each. */
function documentation(text: string, name: string): Map<string, string> {
  const body = text.split(`export interface ${name} {\n`)[1].split("\n}\n")[0];
  const properties = body.matchAll(/\/\*\*(.*?)\*\/\s+(\w+)\?:/gs);
  return new Map([...properties].map(([, doc, property]) => [property, doc.replaceAll(/\s+\*?\s*/g, " ").trim()]));
}

/** The default of a row as documentation has it. */
function documented({ kind, default: value }: OptionRow): string {
  if (kind === "flag") return "false";
  if (value === undefined) return "none";
  if (value === Infinity) return "no limit";
  if (Array.isArray(value)) return value.join(" and ");
  if (kind === "bytes" && Number(value) > 0) return `${Number(value) / 2 ** 30} GiB`;
  return typeof value === "string" ? `\`"${value}"\`` : plain(value as number);
}

/** A number without an exponent: 0.0000016. */
function plain(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, "");
}

for (const [name, file, rows, others] of INTERFACES) {
  Deno.test(`${name} documents every row of its table with its default, and nothing else`, () => {
    const docs = documentation(page(file), name);
    assertEquals([...docs.keys()].toSorted(), [...rows.map(apiName), ...others].toSorted());
    for (const row of rows) {
      const stated = /Default (.+)\.$/.exec(docs.get(apiName(row))!)?.[1];
      assertEquals(stated, documented(row), `${name}.${apiName(row)}`);
    }
  });
}
