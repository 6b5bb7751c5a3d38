// The streams of a process whose readers are slow, stop reading or go away, and whose disks are full.

import { assertEquals } from "@std/assert";
import { Output } from "../../cli/output.ts";

const decoder = new TextDecoder();

/** An output, what has been written to it, and the reasons of what failed. */
function outputTo(write: (bytes: Uint8Array) => Promise<number>) {
  const failures: string[] = [];
  const output = new Output({ write });
  const say = (text: string) => output.write(text, (error) => failures.push((error as Error).message));
  return { output, say, failures };
}

Deno.test("Output drops text after its reader has closed it, also what waits", async () => {
  for (const error of [new Deno.errors.BrokenPipe("gone"), Object.assign(new Error("gone"), { code: "EIO" })]) {
    let calls = 0;
    const { output, say, failures } = outputTo(() => {
      calls++;
      return Promise.reject(error);
    });
    say("one");
    say("two");
    await output.written(0);
    say("three");
    assertEquals([calls, failures], [1, ["gone", "gone", "gone"]]);
  }
});

Deno.test("Output completes a line that is partly written before the next one, and drops others", async () => {
  let text = "";
  let room = 6;
  const { output, say, failures } = outputTo((bytes) => {
    if (room === 0) return Promise.reject(new Error("No space"));
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    text += decoder.decode(taken);
    return Promise.resolve(taken.length);
  });
  for (const line of ["one\n", "two\n", "three\n"]) say(line);
  await output.written(0);
  assertEquals(failures, ["No space", "No space"]);
  room = 100;
  say("four\n");
  await output.written(0);
  assertEquals(text, "one\ntwo\nfour\n");
});

Deno.test("Output.written() waits for a slow reader, and for one that has stopped until the signal fires", async () => {
  let release = () => {};
  let text = "";
  const { output, say } = outputTo(async (bytes) => {
    await new Promise<void>((resolve) => release = resolve);
    text += decoder.decode(bytes);
    return bytes.length;
  });
  for (const line of ["one\n", "two\n"]) say(line);
  await output.written(8); // all may wait
  const first = output.written(4);
  release();
  await first;
  assertEquals(text, "one\n");
  const stopped = new AbortController();
  const all = output.written(0, stopped.signal);
  stopped.abort();
  await all;
  await output.written(0, stopped.signal);
  assertEquals(text, "one\n");
  release();
  await output.written(0);
  assertEquals(text, "one\ntwo\n");
});
