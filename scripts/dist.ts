// Makes dist/: the package with its built libraries and the manifest of their hashes, ready to be served over https and
// imported by URL. `make dist` builds the libraries first.

import { copy, ensureDir, existsSync, walk } from "@std/fs";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import type { Manifest } from "../ffi/download.ts";
import { LIBRARY_ROOMS } from "./rooms.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const FILES = ["mod.ts", "deno.json", "LICENSE", "README.md"];

if (Deno.args.includes("--help")) {
  console.log(
    "Usage: deno run -A scripts/dist.ts\n\nWrites dist/: the modules of mod.ts, build/libtame_*.so, the manifest.",
  );
  Deno.exit(0);
}

/** SHA-256 of a file in hexadecimal. */
async function hashOf(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const target = join(ROOT, "dist");
const fresh = `${target}.tmp`;
await Deno.remove(fresh, { recursive: true }).catch(() => {});
for (const folder of LIBRARY_ROOMS) {
  for await (const { path } of walk(join(ROOT, folder), { includeDirs: false, exts: [".ts"] })) {
    const to = join(fresh, relative(ROOT, path));
    await ensureDir(dirname(to));
    await Deno.copyFile(path, to);
  }
}
for (const file of FILES) await copy(join(ROOT, file), join(fresh, file));

const libraries: Manifest[string] = {};
for (const backend of ["cpu", "cuda"] as const) {
  const file = `build/libtame_${backend}.so`;
  if (!existsSync(join(ROOT, file))) {
    console.error(`skipped: ${file} (not built)`);
    continue;
  }
  await ensureDir(join(fresh, "build"));
  await Deno.copyFile(join(ROOT, file), join(fresh, file));
  libraries[backend] = { file, sha256: await hashOf(join(ROOT, file)) };
}
if (Object.keys(libraries).length === 0) {
  console.error("Cannot make dist/: no library is built, run `make build`");
  Deno.exit(1);
}
const manifest: Manifest = { [`${Deno.build.os}-${Deno.build.arch}`]: libraries };
await Deno.writeTextFile(join(fresh, "ffi/manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
await Deno.remove(target, { recursive: true }).catch(() => {});
await Deno.rename(fresh, target);
console.log(`dist/: ${Object.keys(libraries).join(" and ")} for ${Deno.build.os} ${Deno.build.arch}`);
