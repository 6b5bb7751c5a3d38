// load/decoder.ts: what is decoded at once.

import { assertEquals, assertRejects } from "@std/assert";
import { whileDecoding } from "../../load/decoder.ts";

const MiB = 2 ** 20;

/** Work that notes its start and ends when it is told to. */
function work(started: string[], name: string): { run: () => Promise<void>; end: (error?: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return {
    run: () => (started.push(name), promise),
    end: (error) => error === undefined ? resolve() : reject(error),
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("whileDecoding() starts work in order as room is left, a larger photo alone, and goes on after an error", async () => {
  const started: string[] = [];
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((name) => work(started, name));
  const [first, ...rest] = [
    whileDecoding(150 * MiB, a.run),
    whileDecoding(100 * MiB, b.run),
    whileDecoding(100 * MiB, c.run),
    whileDecoding(1000 * MiB, d.run),
    whileDecoding(1 * MiB, e.run),
  ];
  await settle();
  assertEquals(started, ["a", "b"]);
  a.end(new Error("damaged"));
  await assertRejects(() => first, Error, "damaged");
  await settle();
  assertEquals(started, ["a", "b", "c"]); // d, larger than all the room, waits for it, and e behind d
  b.end();
  await settle();
  assertEquals(started.length, 3);
  c.end();
  await settle();
  assertEquals(started, ["a", "b", "c", "d"]);
  d.end();
  await settle();
  assertEquals(started, ["a", "b", "c", "d", "e"]);
  e.end();
  await Promise.all(rest);
});
