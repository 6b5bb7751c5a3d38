// base/disk.ts: free space, and the error of a full disk.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { writeFileAtomic, writePartsAtomic } from "../../base/atomic.ts";
import { freeBytes, makeFolder, writeError } from "../../base/disk.ts";

/** The error of a write to a full disk, as Deno throws it. */
const full = (): Error => Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });

Deno.test("freeBytes() tells the space of the disk of a path, also of one that does not exist", async () => {
  const folder = await Deno.makeTempDir();
  const free = (await freeBytes(folder))!;
  assert(free > 0 && Number.isFinite(free));
  assert(Math.abs((await freeBytes(join(folder, "a", "b")))! - free) < 0.5 * free);
  await Deno.remove(folder);
});

Deno.test("writeError() names path and free bytes of a full disk, the path of others of the system", async () => {
  const error = await writeError(full(), "/absent/out.ply") as Error;
  assertMatch(
    error.message,
    /^No space left on device, cannot write \/absent\/out\.ply: [\d.]+ \w+ are free there\. Free some space/,
  );
  const quota = Object.assign(new Error("Disk quota exceeded (os error 122)"), { code: "EDQUOT" });
  assertMatch((await writeError(quota, "/absent") as Error).message, /^Disk quota exceeded, cannot write \/absent: /);
  const broken = Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
  assertMatch(
    (await writeError(broken, "/absent") as Error).message,
    /^Cannot write \/absent: Input\/output error \(os error 5\)\. Check the disk/,
  );
  const named = Object.assign(new Error("Input/output error (os error 5): open '/absent.tmp'"), { code: "EIO" });
  for (const other of [named, new Deno.errors.PermissionDenied("denied"), new RangeError("too long"), "text"]) {
    assertEquals(await writeError(other, "/absent"), other);
  }
});

Deno.test("a write to a full disk leaves the file that was there, and names its path", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a.ply");
  await writeFileAtomic(path, "first");
  const { write } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = () => Promise.reject(full());
  try {
    await writePartsAtomic(path, ["second"]);
    throw new Error("Written to a full disk");
  } catch (error) {
    assertMatch(String(error), /No space left on device, cannot write .*a\.ply: /);
  } finally {
    Deno.FsFile.prototype.write = write;
  }
  assertEquals(await Deno.readTextFile(path), "first");
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.ply"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("makeFolder() creates folders that are missing, and accepts those that exist", async () => {
  const folder = await Deno.makeTempDir();
  for (let i = 0; i < 2; i++) await makeFolder(join(folder, "a", "b"));
  assert((await Deno.stat(join(folder, "a", "b"))).isDirectory);
  await Deno.remove(folder, { recursive: true });
});
