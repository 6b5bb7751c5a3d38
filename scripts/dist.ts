// Makes dist/: the package with its built libraries and the manifest of their hashes, the same as one script, and a
// capture to try it with, ready to be served over https and imported by URL. `make dist` builds the libraries first.

import { fromFileUrl, join } from "@std/path";
import { bundle } from "./dist/bundle.ts";
import { writeDemoZip } from "./dist/demo_zip.ts";
import { copyTree } from "./dist/tree.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

const HELP = `Usage: deno run -A scripts/dist.ts

Writes dist/: mod.js with its types, mod.ts with its modules, build/libtame_*.so, the manifest, and
demo.zip, the synthetic capture. Downloads from npm what
makes mod.js.`;

/**
 * Makes the package.
 *
 * @param target Folder to write; what was there is replaced when all is done
 * @returns The backends whose libraries are in it, and the files that are not built
 */
export async function makeDist(target: string): Promise<{ backends: string[]; missing: string[] }> {
  const fresh = `${target}.tmp`;
  await Deno.remove(fresh, { recursive: true }).catch(() => {});
  const tree = await copyTree(ROOT, fresh);
  if (tree.backends.length === 0) throw new Error("No library is built: run `make build`");
  await bundle(fresh);
  await writeDemoZip(fresh);
  await Deno.remove(target, { recursive: true }).catch(() => {});
  await Deno.rename(fresh, target);
  return tree;
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
  } else {
    try {
      const { backends, missing } = await makeDist(join(ROOT, "dist"));
      for (const file of missing) console.error(`skipped: ${file} (not built)`);
      console.log(`dist/: ${backends.join(" and ")} for ${Deno.build.os} ${Deno.build.arch}`);
    } catch (error) {
      console.error(`Cannot make dist/: ${(error as Error).message}`);
      Deno.exitCode = 1;
    }
  }
}
