// Imports go one way: down the table of rooms, types included, and never in a circle.

import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { ROOMS } from "../../scripts/rooms.ts";
import { importCycles, importsUpwards, modulesOf, readImports } from "./imports.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");

Deno.test("no module imports from a room above its own, none in a circle", async () => {
  const modules = await modulesOf(ROOT, ROOMS);
  const imports = await readImports(ROOT, modules);
  assert(modules.every((path) => imports.has(path)), "a module is not accounted for");
  assertEquals(importsUpwards(imports, ROOMS), []);
  assertEquals(importCycles(imports), []);
});

/** Writes a tree, and reads its imports. */
async function importsOf(files: Record<string, string>): ReturnType<typeof readImports> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    return await readImports(root, await modulesOf(root, ["low", "high"]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const UPWARDS = {
  "a value": 'import { a } from "../high/a.ts"; console.log(a);',
  "a type": 'import type { A } from "../high/a.ts"; export const b: A = 1;',
  "a type among values": 'import { type A } from "../high/a.ts"; export const b: A = 1;',
  "a re-exported type": 'export type { A } from "../high/a.ts";',
  "a re-exported module": 'export * from "../high/a.ts";',
  "effects": 'import "../high/a.ts";',
  "a module later on": 'export const load = () => import("../high/a.ts");',
  "a type in place": 'export const b: import("../high/a.ts").A = 1;',
  "a module's type": 'export type B = typeof import("../high/a.ts");',
};

for (const [what, text] of Object.entries(UPWARDS)) {
  Deno.test(`importsUpwards() finds an import of ${what}`, async () => {
    const imports = await importsOf({ "low/b.ts": text, "high/a.ts": "export type A = number; export const a = 1;" });
    assertEquals(importsUpwards(imports, ["low", "high"]), ["low/b.ts imports high/a.ts"]);
    assertEquals(importsUpwards(imports, ["high", "low"]), []);
  });
}

Deno.test("importsUpwards() finds an import from a folder that is no room", async () => {
  const imports = await importsOf({ "low/b.ts": 'import "../attic/c.ts";', "attic/c.ts": "" });
  assertEquals(importsUpwards(imports, ["low", "high"]), ["low/b.ts imports attic/c.ts"]);
});

Deno.test("readImports() passes over comments and strings", async () => {
  const text =
    '// import "../high/a.ts";\n/** import { a } from "../high/a.ts"; */\nconst s = \'import "../high/a.ts"\';';
  assertEquals((await importsOf({ "low/b.ts": text, "high/a.ts": "" })).get("low/b.ts"), []);
});

Deno.test("importCycles() finds circles within a room, by types too, and none where ways only meet", async () => {
  const circle = await importsOf({
    "low/a.ts": 'import type { B } from "./b.ts"; export type A = B;',
    "low/b.ts": 'import { c } from "./c.ts"; export type B = typeof c;',
    "low/c.ts": 'export const c = 1; export type C = import("./a.ts").A;',
  });
  assertEquals(importCycles(circle), ["low/a.ts -> low/b.ts -> low/c.ts -> low/a.ts"]);
  const meeting = await importsOf({
    "low/a.ts": 'import "./b.ts"; import "./c.ts";',
    "low/b.ts": 'import "./c.ts";',
    "low/c.ts": "",
  });
  assertEquals(importCycles(meeting), []);
});
