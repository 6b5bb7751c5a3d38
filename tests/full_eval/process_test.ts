// The events of a process that full-eval runs.

import { assertEquals } from "@std/assert";
import { readEvents } from "../../cli/full_eval/process.ts";

Deno.test("readEvents() skips what is not an event, and says so", async () => {
  const events: unknown[] = [];
  const skipped: string[] = [];
  const chunks = ['{"type":"plan"}\nlibrary loa', 'ded\n[1]\n\n{"type":"st', 'ep","loss":null}\n{"type":"don'];
  const stream = ReadableStream.from(chunks.map((text) => new TextEncoder().encode(text)));
  await readEvents(stream, (event) => events.push(event), (line) => skipped.push(line));
  assertEquals(events, [{ type: "plan" }, { type: "step", loss: null }]);
  assertEquals(skipped, ["library loaded", "[1]", "", '{"type":"don']);
});
