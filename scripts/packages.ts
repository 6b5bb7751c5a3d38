// Makes npm packages of dist/tame-VERSION/ in dist/npm/: `make packages`.

import { existsSync } from "@std/fs";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { DataError } from "../base/errors.ts";
import { EXIT } from "../cli/exit.ts";
import project from "../deno.json" with { type: "json" };
import { DIST } from "./dist.ts";
import { packPackages } from "./dist/npm.ts";
import { runMain } from "./main.ts";

async function main(): Promise<number> {
  if (!existsSync(join(DIST, "mod.js"))) throw new DataError("There is no mod.js: make dist", { path: DIST });
  const { version, license } = project;
  const backends = (["cpu", "cuda"] as const).filter((name) => existsSync(join(DIST, `build/libtame_${name}.so`)));
  const root = fromFileUrl(new URL("..", import.meta.url));
  const target = join(dirname(DIST), "npm");
  const files = await packPackages({ root, dist: DIST, common: { version, license }, backends }, target);
  for (const file of files) console.log(relative(Deno.cwd(), file));
  return EXIT.done;
}

if (import.meta.main) await runMain(main, "deno run -A scripts/packages.ts");
