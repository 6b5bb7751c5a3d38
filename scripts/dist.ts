// Makes dist/tame-VERSION/: the package with its libraries and the manifest of their hashes, the same as one script, and
// a capture to try it with, ready to be served over https and imported by URL. `--help` says how.

import { fromFileUrl, join, relative, resolve } from "@std/path";
import type { OptionRow } from "../base/option.ts";
import { parse } from "../cli/argv.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import project from "../deno.json" with { type: "json" };
import { bundle } from "./dist/bundle.ts";
import { writeDemoZip } from "./dist/demo_zip.ts";
import { noticeText } from "./dist/notice.ts";
import { checkPortable } from "./dist/portability.ts";
import { copyTree, type Tree, writeSums } from "./dist/tree.ts";
import { runMain } from "./main.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
/** Where the package is made. */
export const DIST: string = join(ROOT, "dist", `tame-${project.version}`);

const COMMAND = "deno run -A scripts/dist.ts";

const HELP =
  `Writes dist/tame-VERSION/: mod.js with its types, mod.ts with its modules, build/libtame_*.so, manifest, NOTICE,
SHA256SUMS, and demo.zip, the synthetic capture. Downloads from npm what makes mod.js.

Usage: ${COMMAND} [options]

  --libraries FOLDER  where the libraries are (default: build/portable, of \`make portable\`)
  --glibc VERSION     fail if a library needs a newer glibc, or what is no part of it (default: state it only)
  --help              this text`;

const OPTIONS = [{
  title: "Package",
  rows: [
    { name: "libraries", kind: "string", default: join(ROOT, "build/portable"), help: "folder" },
    { name: "glibc", kind: "string", help: "version" },
  ] as const satisfies readonly OptionRow[],
}] as const satisfies readonly OptionGroup[];

/**
 * Makes the package.
 *
 * @param target Folder to write; what was there is replaced when all is done
 * @param libraries Folder of the native libraries
 * @param glibc The newest glibc that the libraries may need; then they may need nothing else. Default: what they need is
 * only stated
 */
export async function makeDist(target: string, libraries: string, glibc?: string): Promise<Tree> {
  const fresh = `${target}.tmp`;
  await Deno.remove(fresh, { recursive: true }).catch(() => {});
  const tree = await copyTree(ROOT, libraries, fresh);
  if (tree.libraries.length === 0) throw new Error(`There is no library in ${libraries}: run \`make portable\``);
  if (glibc !== undefined) { for (const library of tree.libraries) checkPortable(library.path, library, glibc); }
  await bundle(fresh);
  await writeDemoZip(fresh);
  const backends = tree.libraries.map(({ backend }) => backend);
  const notice = await noticeText(ROOT, { entry: "mod.ts", without: ["sharp"], backends });
  await Deno.writeTextFile(join(fresh, "NOTICE"), notice);
  await writeSums(fresh);
  await Deno.remove(target, { recursive: true }).catch(() => {});
  await Deno.rename(fresh, target);
  return tree;
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values } = parse(argv, OPTIONS);
  const { libraries, missing } = await makeDist(DIST, resolve(values.libraries), values.glibc);
  for (const path of missing) console.error(`skipped: ${path} (not built)`);
  console.log(`${relative(Deno.cwd(), DIST)}: for ${Deno.build.os} ${Deno.build.arch}`);
  for (const { backend, glibc } of libraries) console.log(`  ${backend}: needs glibc ${glibc} or newer`);
  return EXIT.done;
}

if (import.meta.main) await runMain(main, COMMAND);
