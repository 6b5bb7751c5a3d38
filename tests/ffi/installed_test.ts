// Where the library of an installation is found: a package with build/, npm packages, a program with a library beside it.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join, toFileUrl } from "@std/path";
import { installAdvice, installedLibrary, modulesFolder, platformPackage } from "../../ffi/installed.ts";

const LIBRARY = "libtame_cpu.so";
const MODULE = new URL("../../ffi/installed.ts", import.meta.url).href;

/** Makes empty files in a folder, and hands over its path. */
async function withFiles(files: string[], use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_installed_" });
  try {
    for (const file of files) {
      await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
      await Deno.writeTextFile(join(folder, file), file.endsWith(".json") ? "{}" : "");
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PACKAGE = `node_modules/${platformPackage("cpu")}`;
const NPM = ["node_modules/@tame/tame/mod.js", `${PACKAGE}/package.json`, `${PACKAGE}/${LIBRARY}`];

Deno.test("installedLibrary() looks in build/, then in npm's package, then beside the program", () =>
  withFiles([...NPM, `program/${LIBRARY}`, "node_modules/@tame/tame/build/libtame_cpu.so"], async (folder) => {
    const installation = {
      root: toFileUrl(`${folder}/node_modules/@tame/tame/`),
      program: join(folder, "program/tame"),
    };
    const places = ["node_modules/@tame/tame/build", PACKAGE, "program"].map((place) => join(folder, place, LIBRARY));
    for (const place of places) {
      assertEquals(installedLibrary("cpu", installation), place);
      await Deno.remove(place);
    }
    // In none of them: where it belongs, for the message.
    assertEquals(installedLibrary("cpu", installation), places[0]);
  }));

Deno.test("installedLibrary() takes no folder for a library, and none of the other backend", () =>
  withFiles([`build/libtame_cuda.so/x`, ...NPM], (folder) => {
    const root = toFileUrl(`${folder}/node_modules/@tame/tame/`);
    assertEquals(installedLibrary("cuda", { root }), join(fromFileUrl(root), "build/libtame_cuda.so"));
  }));

Deno.test("installedLibrary() does not ask for a permission to look", async () => {
  // deno eval has all permissions; this program gives one up.
  const source = `import { installedLibrary } from "${MODULE}";
    Deno.permissions.revokeSync({ name: "read" });
    console.log(installedLibrary("cpu"));`;
  const args = ["eval", "--quiet", "--no-lock", source];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const expected = fromFileUrl(new URL("../../build/libtame_cpu.so", import.meta.url));
  assertEquals(new TextDecoder().decode(stdout).trim(), expected, new TextDecoder().decode(stderr));
});

Deno.test("modulesFolder() is the outermost node_modules/, or none", () => {
  const inside = new URL("file:///a%20b/node_modules/.deno/@tame+tame@1.0.0/node_modules/@tame/tame/");
  assertEquals(modulesFolder(inside), "/a b/node_modules");
  assertEquals(modulesFolder(new URL("file:///a/node_modules_of_mine/tame/")), undefined);
  assertEquals(modulesFolder(new URL("https://host/node_modules/tame/")), undefined);
});

Deno.test("installAdvice() says what to do in each installation", () => {
  assertStringIncludes(installAdvice(), "make build");
  assertStringIncludes(installAdvice({ root: new URL("file:///a/node_modules/@tame/tame/") }), platformPackage("cuda"));
  assertStringIncludes(installAdvice({ program: "/usr/local/bin/tame" }), "beside the program");
});
