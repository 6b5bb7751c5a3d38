// Calls of the raw ABI with functions and parameters given by name.

import { ABI } from "../../ffi/abi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { Struct } from "../../ffi/struct.ts";
import type { SYMBOLS } from "../../ffi/symbols.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { headerFunctions } from "./header.ts";

/** An argument of a native call. */
export type Argument = number | bigint | Deno.PointerValue | ArrayBufferView<ArrayBuffer>;
/** Arguments by parameter name. */
export type Arguments = Record<string, Argument>;
/** Name of a function of the ABI. */
export type FunctionName = Exclude<keyof typeof SYMBOLS, `${string}_async`>;
/** Kind of a handle: the C type without `tame_`. */
export type Kind = "device" | "gaussians" | "views" | "trainer" | "rasterization" | "lpips";

export const FUNCTIONS = [...headerFunctions.keys()] as FunctionName[];
export const CREATORS: Partial<Record<FunctionName, Kind>> = {
  tame_device_open: "device",
  tame_gaussians_create: "gaussians",
  tame_views_create: "views",
  tame_trainer_create: "trainer",
  tame_rasterize_forward: "rasterization",
  tame_lpips_create: "lpips",
};

/** Registers a test that is skipped, with the reason in its name, if the library is not built. */
export function abiTest(name: string, body: () => void | Promise<void>): void {
  const skipped = libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`;
  Deno.test({ name: name + skipped, ignore: libraryMissing !== undefined, fn: body });
}

/** The outcome of a call: its status, the error's message, and the handle if it creates one. */
export interface Outcome {
  status: number;
  message: string;
  pointer: Deno.PointerValue;
}

const library = libraryMissing === undefined ? await openLibrary(testBackend) : undefined;

/** Calls a function with arguments by name; an `err` buffer is added. */
export async function call(name: FunctionName, args: Arguments): Promise<Outcome> {
  const error = new Struct("tame_error");
  // deno-lint-ignore no-explicit-any
  const raw = library!.symbols[name] as (...values: any[]) => any;
  const values = headerFunctions.get(name)!.parameters.map((parameter) =>
    parameter.name === "err" ? error.bytes : args[parameter.name]
  );
  const result = await raw(...values);
  const created = name in CREATORS;
  const failed = created ? result === null : result !== ABI.OK;
  return {
    status: created ? error.number("status") : name === "tame_abi_version" ? ABI.OK : result,
    message: failed ? error.text("message") : "",
    pointer: created ? result : null,
  };
}

/** Like {@linkcode call}, and throws unless the status is OK. */
export async function must(name: FunctionName, args: Arguments): Promise<Deno.PointerValue> {
  const { status, message, pointer } = await call(name, args);
  if (status !== ABI.OK) throw new Error(`${name}: status ${status}: ${message}`);
  return pointer;
}

/** Adds the lengths that belong to buffers: `x_length` in elements, `x_bytes` in bytes. */
export function withLengths(name: FunctionName, args: Arguments): Arguments {
  const all = { ...args };
  for (const { name: parameter } of headerFunctions.get(name)!.parameters) {
    const [, base, unit] = parameter.match(/^(\w+)_(length|bytes)$/) ?? [];
    if (base === undefined || parameter in all) continue;
    const buffer = all[base] as ArrayBufferView & { length: number } | null;
    all[parameter] = buffer === null ? 0 : unit === "bytes" ? buffer.byteLength : buffer.length;
  }
  return all;
}
