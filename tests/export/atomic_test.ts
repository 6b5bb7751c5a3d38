// export/atomic.ts: the whole file or the one before, and nothing left over.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { writeFileAtomic } from "../../export/atomic.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("writeFileAtomic() replaces a file and leaves nothing beside it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.txt");
    await writeFileAtomic(path, bytes("first"));
    await writeFileAtomic(path, bytes("second"));
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
