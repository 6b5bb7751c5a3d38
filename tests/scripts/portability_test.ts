// What native libraries need of a system: read from small ones that are compiled here.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { checkPortable, systemNeeds } from "../../scripts/dist/portability.ts";
import { compiler, cppCompiler, firstThatRuns } from "../support/compiler.ts";

const readelf = await firstThatRuns(["readelf"]);
const missing = compiler === undefined || cppCompiler === undefined || readelf === undefined;
const skipped = missing ? " [skipped: no compiler or readelf]" : "";

/** Compiles a library, and hands over its path. */
async function withLibrary(program: string, source: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_portability_" });
  try {
    const path = join(folder, "library.so");
    await Deno.writeTextFile(`${folder}/source.cpp`, source);
    const args = ["-shared", "-fPIC", "-o", path, `${folder}/source.cpp`];
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A C library whose symbol is of one version of glibc. */
const ofVersion = (version: string): string => `
  extern "C" void *memcpy(void *, const void *, unsigned long);
  __asm__(".symver memcpy, memcpy@GLIBC_${version}");
  extern "C" void *copy(void *to, void *from, unsigned long size) { return memcpy(to, from, size); }`;

Deno.test({
  name: `systemNeeds() finds the newest version of glibc, and checkPortable() rejects a newer one${skipped}`,
  ignore: missing || Deno.build.arch !== "x86_64",
  fn: () =>
    withLibrary(compiler!, ofVersion("2.14"), async (path) => {
      const needs = await systemNeeds(path);
      assertEquals(needs, { glibc: "2.14", others: [] });
      checkPortable(path, needs, "2.14");
      checkPortable(path, needs, "2.31");
      assertThrows(() => checkPortable(path, needs, "2.9"), Error, "needs glibc 2.14, newer than 2.9");
    }),
});

Deno.test({
  name: `checkPortable() rejects a library that needs the C++ runtime of the system${skipped}`,
  ignore: missing,
  fn: () =>
    withLibrary(cppCompiler!, 'extern "C" int* cells(int n) { return new int[n]; }', async (path) => {
      const needs = await systemNeeds(path);
      assertEquals(needs.others, ["libstdc++.so.6"]);
      assertThrows(() => checkPortable(path, needs, "99.0"), Error, "needs libstdc++.so.6");
    }),
});

Deno.test({
  name: `systemNeeds() says that a file is no library${skipped}`,
  ignore: missing,
  async fn() {
    await assertRejects(() => systemNeeds(fromFileUrl(import.meta.url)), Error, "is no native library");
  },
});
