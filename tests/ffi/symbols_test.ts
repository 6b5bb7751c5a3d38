// The C header against its TypeScript twin, in both directions.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { ABI, type FieldSpec, STRUCTS, structSize } from "../../ffi/abi.ts";
import { SYMBOLS } from "../../ffi/symbols.ts";
import { headerConstants, headerFunctions, headerStructs } from "../abi/header.ts";

const NONBLOCKING = [
  "tame_device_get_info",
  "tame_device_open",
  "tame_image_undistort",
  "tame_knn_mean_dist2",
  "tame_render",
  "tame_count_instances",
  "tame_lpips_distance",
  "tame_trainer_run",
  "tame_trainer_score",
];

/** The entries of the table that have a function's own name, and the nonblocking ones beside some of them. */
const functions = Object.entries(SYMBOLS).filter(([name]) => !name.endsWith("_async"));
const nonblocking = Object.entries(SYMBOLS).filter(([name]) => name.endsWith("_async"));

Deno.test("SYMBOLS has the functions of tame.h, in its order", () => {
  assertGreater(headerFunctions.size, 25);
  assertEquals(functions.map(([name]) => name), [...headerFunctions.keys()]);
});

for (const [name, symbol] of nonblocking) {
  Deno.test(`SYMBOLS.${name} is the blocking function of that name, nonblocking`, () => {
    const blocking = name.replace(/_async$/, "");
    assert(!NONBLOCKING.includes(blocking));
    const { parameters, result } = SYMBOLS[blocking as keyof typeof SYMBOLS];
    assertEquals<unknown>(symbol, { name: blocking, parameters, result, nonblocking: true });
  });
}

for (const [name, symbol] of functions) {
  Deno.test(`SYMBOLS.${name} has the parameters and the result of tame.h`, () => {
    const { parameters, result } = headerFunctions.get(name)!;
    assertEquals([...symbol.parameters], parameters.map((parameter) => parameter.type as string));
    assertEquals(symbol.result, result as string);
    assertEquals("nonblocking" in symbol, NONBLOCKING.includes(name));
  });
}

Deno.test("ABI has the constants of tame.h", () => {
  assertEquals(new Map(Object.entries(ABI)), headerConstants as Map<string, number>);
});

Deno.test("STRUCTS has the structs of tame.h, field by field", () => {
  const types: Record<string, string> = {
    i32: "int32_t",
    u32: "uint32_t",
    u64: "uint64_t",
    f32: "float",
    f64: "double",
    char: "char",
  };
  const ours = Object.entries(STRUCTS).map(([name, fields]) => {
    const list = Object.entries(fields as Record<string, FieldSpec>).map(([field, spec]) => {
      const [type, length] = typeof spec === "string" ? [spec, 1] as const : spec;
      return { name: field, type: types[type], length };
    });
    return [name, list] as const;
  });
  assertEquals(new Map(ours), headerStructs as Map<string, (typeof ours)[0][1]>);
});

Deno.test("structSize() gives the sizes that tame.h states", () => {
  assertEquals(structSize("tame_error"), 512);
  assertEquals(structSize("tame_device_options"), 32);
  assertEquals(structSize("tame_step"), 64);
});
