// Checks the format of the native sources with clang-format. Other versions than the one below format differently.

import { fromFileUrl, join } from "@std/path";
import type { Outcome } from "./test_report.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");
const FOLDERS = ["cuda", "tests/core", "scripts"];
const SOURCE = /\.(cpp|h|cu|cuh|inl)$/;
const VERSION = 14;

/** Why the check is skipped. */
export const NO_CLANG_FORMAT = `clang-format ${VERSION} is not installed`;

/** Names under which clang-format is looked for. */
const PROGRAMS = [`clang-format-${VERSION}`, "clang-format"];

/** Paths of all native sources, relative to the checkout. */
export function nativeSources(root: string = ROOT): string[] {
  return FOLDERS.flatMap((folder) => sourcesBelow(root, folder)).toSorted();
}

function sourcesBelow(root: string, folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return sourcesBelow(root, path);
    return SOURCE.test(name) ? [path] : [];
  });
}

/** Whether the native sources are formatted; skipped if clang-format of that version is missing. */
export async function checkNativeFormat(root: string = ROOT): Promise<Outcome & { output: string }> {
  const name = "clang-format --dry-run";
  const program = await findClangFormat();
  if (program === undefined) return { name, result: "skipped", reason: NO_CLANG_FORMAT, output: "" };
  const args = ["--dry-run", "-Werror", ...nativeSources(root)];
  const { success, stderr } = await new Deno.Command(program, { args, cwd: root, stdout: "null" }).output();
  return { name, result: success ? "passed" : "failed", output: new TextDecoder().decode(stderr) };
}

/** The first program that is installed and reports the right version. */
export async function findClangFormat(): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    try {
      const { stdout } = await new Deno.Command(program, { args: ["--version"], stderr: "null" }).output();
      if (new TextDecoder().decode(stdout).includes(`version ${VERSION}.`)) return program;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

if (import.meta.main) {
  const { name, result, reason, output } = await checkNativeFormat();
  if (result === "failed") console.error(output.trimEnd());
  console.log(reason === undefined ? `${name}: ${result}` : `${result}: ${name} (${reason})`);
  Deno.exit(result === "failed" ? 1 : 0);
}
