// The generated symbol table: up to date, and with what a call needs that is wanted both ways.

import { assert, assertEquals } from "@std/assert";
import { SYMBOLS } from "../../ffi/symbols.ts";
import { staleFiles } from "../../scripts/generate.ts";

Deno.test("generated files are what `deno task generate` writes", () => {
  assertEquals(staleFiles(), []);
});

Deno.test("SYMBOLS has a nonblocking twin of the same function where a name ends with _async", () => {
  const twins = Object.entries(SYMBOLS).filter(([name]) => name.endsWith("_async"));
  assert(twins.length > 0);
  for (const [name, twin] of twins) {
    const original = name.slice(0, -"_async".length) as keyof typeof SYMBOLS;
    assertEquals<unknown>(twin, { ...SYMBOLS[original], name: original, nonblocking: true });
    assert(!("nonblocking" in SYMBOLS[original]), name);
  }
});
