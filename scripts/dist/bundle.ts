// mod.js, all modules of mod.ts in one file, and its types: a host of static files need not know types of TypeScript.

import { join } from "@std/path";

/** The photo decoder, which has native code of its own: imported when the first photo is read. */
export const EXTERNAL = "npm:sharp@0.35.5";
/** Where a module finds the package's root, and where the bundle, which lies in the root, finds it. */
const ROOT_OF_MODULE = 'new URL("../", import.meta.url)';
const ROOT_OF_BUNDLE = 'new URL("./", import.meta.url)';
/** Static hosts have no type for this ending, so that Deno goes by it; to `.d.ts` and `.mts` some give a wrong one. */
const TYPES = "mod.d.cts";

/** The program that mod.js starts in a process of its own. */
const PROCESS = "load/splat_library_process";

/**
 * Writes mod.js and its types beside mod.ts, and the program that it starts. esbuild and the programs that make the
 * types come from npm.
 *
 * @param folder Tree of the package
 */
export async function bundle(folder: string): Promise<void> {
  const script = join(folder, "mod.js");
  await run(["bundle", "--quiet", "--platform", "deno", "--external", EXTERNAL, "-o", script, join(folder, "mod.ts")]);
  const program = join(folder, PROCESS);
  await run(["bundle", "--quiet", "--platform", "deno", "-o", `${program}.js`, `${program}.ts`]);
  const text = await Deno.readTextFile(script);
  if (text.split(ROOT_OF_MODULE).length !== 2) {
    throw new Error(`${script} has not one ${ROOT_OF_MODULE}: only ffi/package_root.ts may use import.meta.url`);
  }
  const types = new URL("types.ts", import.meta.url).href;
  // No lock file: what makes the types is not needed by anything else.
  await run(["run", "--quiet", "--no-lock", "--node-modules-dir=none", "-A", types, folder, join(folder, TYPES)]);
  await Deno.writeTextFile(
    script,
    `/* @ts-self-types="./${TYPES}" */\n${text.replace(ROOT_OF_MODULE, ROOT_OF_BUNDLE)}`,
  );
}

async function run(args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`deno ${args.join(" ")} failed:\n${output}`);
}
