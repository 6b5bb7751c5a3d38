// base/atomic.ts: the whole file or the one before, and nothing left over.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { removeOrphans, temporaryPath, writeFileAtomic, writePartsAtomic } from "../../base/atomic.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("writeFileAtomic() replaces a file and leaves nothing beside it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.txt");
    await writeFileAtomic(path, bytes("first"));
    await writeFileAtomic(path, "second");
    assertEquals(await Deno.readTextFile(path), "second");
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["a.txt"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("writeFileAtomic() leaves nothing beside the target when it cannot take its place", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "taken");
    await Deno.mkdir(join(path, "full"), { recursive: true });
    await assertRejects(() => writeFileAtomic(path, bytes("x")));
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["taken"]);
    await assertRejects(() => writeFileAtomic(join(folder, "missing", "a.txt"), bytes("x")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function* failing(): Generator<Uint8Array> {
  yield bytes("three");
  throw new Error("no more");
}

Deno.test("writePartsAtomic() writes its parts in order, or nothing when one of them throws", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.txt");
    await writePartsAtomic(path, [bytes("one, "), bytes("two")], { mode: 0o700 });
    assertEquals(await Deno.readTextFile(path), "one, two");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o700);
    await writePartsAtomic(path, [bytes("one, "), "two"], { durable: true });
    assertEquals(await Deno.readTextFile(path), "one, two");
    await assertRejects(() => writePartsAtomic(path, failing(), { durable: true }), Error, "no more");
    assertEquals(await Deno.readTextFile(path), "one, two");
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["a.txt"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("removeOrphans() removes what a writer that was killed has left, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const left = () => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    const kept = ["a.txt", "a.txt.tmp", "notes.0-0.tmp"];
    for (const name of kept) await Deno.writeTextFile(join(folder, name), "");
    await Deno.mkdir(temporaryPath(join(folder, "sub")));
    const [a, b] = ["a.txt", "b.txt"].map((name) => temporaryPath(join(folder, name)));
    for (const path of [a, b]) await Deno.writeTextFile(path, "half");
    await removeOrphans(folder, ["a.txt"]);
    assertEquals(left().length, kept.length + 2);
    assertEquals(await Deno.readTextFile(b), "half");
    await removeOrphans(folder);
    assertEquals(left().filter((name) => !name.startsWith("sub.")), kept);
    assertEquals(left().length, kept.length + 1, "folders stay");
    await removeOrphans(join(folder, "missing"));
    await removeOrphans(join(folder, "a.txt"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
