// The modules of mod.ts, the native libraries, and the manifest of their hashes.

import { copy, ensureDir, existsSync, walk } from "@std/fs";
import { dirname, join, relative } from "@std/path";
import project from "../../deno.json" with { type: "json" };
import type { Manifest } from "../../ffi/download.ts";
import { LIBRARY_ROOMS } from "../rooms.ts";
import { type SystemNeeds, systemNeeds } from "./portability.ts";

const FILES = ["mod.ts", "LICENSE", "README.md", "CHANGELOG.md"];

/** What is in the tree. */
export interface Tree {
  /** The libraries, and what they need of a system. */
  libraries: (SystemNeeds & { backend: "cpu" | "cuda"; path: string })[];
  /** Libraries that are not there. */
  missing: string[];
}

/**
 * Copies the package, with the libraries that are built.
 *
 * @param root The checkout
 * @param from Folder of the libraries
 * @param to Folder to make
 */
export async function copyTree(root: string, from: string, to: string): Promise<Tree> {
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
  const tree: Tree = { libraries: [], missing: [] };
  const entries: Manifest[string] = {};
  for (const backend of ["cpu", "cuda"] as const) {
    const name = `libtame_${backend}.so`;
    const path = join(from, name);
    if (!existsSync(path)) {
      tree.missing.push(path);
      continue;
    }
    const file = `build/${name}`;
    await ensureDir(join(to, "build"));
    await Deno.copyFile(path, join(to, file));
    const needs = await systemNeeds(path);
    tree.libraries.push({ backend, path, ...needs });
    entries[backend] = { file, sha256: await hashOf(path), glibc: needs.glibc };
  }
  await writeJson(join(to, "ffi/manifest.json"), { [`${Deno.build.os}-${Deno.build.arch}`]: entries });
  return tree;
}

/**
 * Writes SHA256SUMS, for `sha256sum --check`, of all files in a folder.
 *
 * @param folder The folder
 */
export async function writeSums(folder: string): Promise<void> {
  const paths = await Array.fromAsync(walk(folder, { includeDirs: false }), ({ path }) => relative(folder, path));
  const lines = paths.sort().map(async (path) => `${await hashOf(join(folder, path))}  ${path}\n`);
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), (await Promise.all(lines)).join(""));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** SHA-256 of a file in hexadecimal. */
async function hashOf(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}
