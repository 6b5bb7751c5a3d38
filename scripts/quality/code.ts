// Which code a result is of: a hash of what decides it, and the commit for people.

import { walk } from "@std/fs";
import { join, relative } from "@std/path";
import { namedLibrary } from "../../cli/paths.ts";
import { statOrUndefined } from "../../load/files.ts";
import { LIBRARY_ROOMS } from "../rooms.ts";

/** Code that results are of. */
export interface Code {
  /** Hash of sources and native libraries. */
  hash: string;
  /** The commit that is checked out, `+` if tracked files have changed since; null without git or a repository. */
  commit: string | null;
}

/**
 * The code of a checkout. Files count, not commits: a result stays valid after a commit that changes no source, and a
 * machine without git can tell which results it has.
 *
 * @param root The checkout
 */
export async function codeOf(root: string): Promise<Code> {
  return { hash: await hashOf(root), commit: await commitOf(root) };
}

async function hashOf(root: string): Promise<string> {
  const paths = ["cli.ts", "deno.json", join("scripts", "quality", "score.ts")].map((path) => join(root, path));
  for (const room of [...LIBRARY_ROOMS, "cli"]) {
    for await (const { path } of walk(join(root, room), { includeDirs: false, exts: [".ts"] })) paths.push(path);
  }
  const libraries = [namedLibrary() ?? []].flat();
  if (libraries.length === 0) {
    libraries.push(...["cpu", "cuda"].map((name) => join(root, "build", `libtame_${name}.so`)));
  }
  for (const path of libraries) if ((await statOrUndefined(path))?.isFile) paths.push(path);
  const lines: string[] = [];
  for (const path of paths) lines.push(`${relative(root, path)} ${await digest(await Deno.readFile(path))}`);
  return (await digest(new TextEncoder().encode(lines.sort().join("\n")))).slice(0, 16);
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function commitOf(root: string): Promise<string | null> {
  const git = (...args: string[]) =>
    new Deno.Command("git", { args: ["-C", root, ...args], stdin: "null", stderr: "null" }).output();
  try {
    const [head, status] = await Promise.all([
      git("rev-parse", "--short=12", "HEAD"),
      git("status", "--porcelain", "--untracked-files=no"),
    ]);
    if (!head.success || !status.success) return null;
    return new TextDecoder().decode(head.stdout).trim() + (status.stdout.length > 0 ? "+" : "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
