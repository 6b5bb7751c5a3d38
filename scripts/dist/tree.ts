// The modules of mod.ts, the native libraries, and the manifest of their hashes.

import { copy, ensureDir, existsSync, walk } from "@std/fs";
import { dirname, join, relative } from "@std/path";
import project from "../../deno.json" with { type: "json" };
import type { Manifest } from "../../ffi/download.ts";
import { LIBRARY_ROOMS } from "../rooms.ts";

const FILES = ["mod.ts", "LICENSE", "README.md"];

/**
 * Copies the package, with the libraries that are built.
 *
 * @param root The checkout
 * @param to Folder to make
 * @returns The backends whose libraries are in it, and those that are not built
 */
export async function copyTree(root: string, to: string): Promise<{ backends: string[]; missing: string[] }> {
  for (const folder of LIBRARY_ROOMS) {
    for await (const { path } of walk(join(root, folder), { includeDirs: false, exts: [".ts"] })) {
      const target = join(to, relative(root, path));
      await ensureDir(dirname(target));
      await Deno.copyFile(path, target);
    }
  }
  for (const file of FILES) await copy(join(root, file), join(to, file));
  // The modules read the version; tasks, links and workspace refer to folders that are not here.
  const { name, version, license } = project;
  await writeJson(join(to, "deno.json"), { name, version, license, exports: { ".": "./mod.ts" } });
  const libraries: Manifest[string] = {};
  const missing: string[] = [];
  for (const backend of ["cpu", "cuda"] as const) {
    const file = `build/libtame_${backend}.so`;
    if (!existsSync(join(root, file))) {
      missing.push(file);
      continue;
    }
    await ensureDir(join(to, "build"));
    await Deno.copyFile(join(root, file), join(to, file));
    libraries[backend] = { file, sha256: await hashOf(join(root, file)) };
  }
  const manifest: Manifest = { [`${Deno.build.os}-${Deno.build.arch}`]: libraries };
  await writeJson(join(to, "ffi/manifest.json"), manifest);
  return { backends: Object.keys(libraries), missing };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** SHA-256 of a file in hexadecimal. */
async function hashOf(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}
