// base/format.ts: numbers of bytes and of things in words.
import { assertEquals } from "@std/assert";
import { countIs, formatBytes } from "../../base/format.ts";

Deno.test("formatBytes() rounds to one decimal of the largest fitting unit", () => {
  assertEquals([0, 1023, 1024, 1.5 * 2 ** 20, 3 * 2 ** 40].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "3.0 TiB",
  ]);
});

Deno.test("countIs() has the singular for one only", () => {
  assertEquals([0, 1, 2].map((value) => countIs(value, "photo")), ["0 photos are", "1 photo is", "2 photos are"]);
});
