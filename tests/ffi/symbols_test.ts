// The generated symbol table: up to date, and complete for functions that are called both blocking and nonblocking.

import { assert, assertEquals } from "@std/assert";
import { SYMBOLS } from "../../ffi/symbols.ts";
import { staleFiles } from "../../scripts/generate.ts";

Deno.test("generated files are what `deno task generate` writes", () => {
  assertEquals(staleFiles(), []);
});

Deno.test("SYMBOLS has a nonblocking entry for the same function under each name that ends with _async", () => {
  const nonblocking = Object.entries(SYMBOLS).filter(([name]) => name.endsWith("_async"));
  assert(nonblocking.length > 0);
  for (const [name, entry] of nonblocking) {
    const original = name.slice(0, -"_async".length) as keyof typeof SYMBOLS;
    assertEquals<unknown>(entry, { ...SYMBOLS[original], name: original, nonblocking: true });
    assert(!("nonblocking" in SYMBOLS[original]), name);
  }
});
