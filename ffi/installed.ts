// Where the native libraries lie of a tame on this machine: a checkout, a folder that `make dist` made, an npm package,
// or a program that `deno compile` made.

import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PACKAGE_ROOT } from "./package_root.ts";

const SUFFIX = { windows: "dll", darwin: "dylib" }[Deno.build.os as string] ?? "so";

/** npm's names of processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** An installation. */
export interface Installation {
  /** The package's root, a `file:` URL. Default: that of this package. */
  root?: URL;
  /** Path of the program, if `deno compile` made it. Default: that of this process. */
  program?: string;
}

/**
 * The npm package that has the library of a backend for this platform.
 *
 * @internal
 */
export function platformPackage(backend: "cuda" | "cpu"): string {
  const platform = `${Deno.build.os}-${ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch}`;
  return `@tame/${platform}${backend === "cuda" ? "-cuda" : ""}`;
}

/**
 * Path of a backend's library: in the package's build/, else in the npm package of this platform, else beside the
 * program that `deno compile` made. If it is in none of them, or tame may not read them, the path in build/.
 *
 * @internal
 */
export function installedLibrary(backend: "cuda" | "cpu", installation: Installation = {}): string {
  const { root = PACKAGE_ROOT, program = Deno.build.standalone ? Deno.execPath() : undefined } = installation;
  const file = `libtame_${backend}.${SUFFIX}`;
  const own = fileURLToPath(new URL(`build/${file}`, root));
  if (isFile(own)) return own;
  const places = [packageFolder(platformPackage(backend), root), program && dirname(program)];
  return places.map((folder) => folder && join(folder, file)).find((path) => path && isFile(path)) || own;
}

/**
 * The outermost node_modules/ that the package lies in; undefined if npm did not install it.
 *
 * @internal
 */
export function modulesFolder(root: URL = PACKAGE_ROOT): string | undefined {
  return root.protocol === "file:" ? /^.*?\/node_modules(?=\/)/.exec(fileURLToPath(root))?.[0] : undefined;
}

/**
 * What to do when there is no library, or one of another version.
 *
 * @internal
 */
export function installAdvice({ root = PACKAGE_ROOT, program }: Installation = {}): string {
  if (program ?? Deno.build.standalone) return "Put the one of this version beside the program";
  if (modulesFolder(root) === undefined) return "Build it with `make build`";
  const [cpu, cuda] = (["cpu", "cuda"] as const).map(platformPackage);
  return `Install the npm package ${cpu}, or ${cuda} for NVIDIA GPUs, in the version of tame`;
}

/** Whether there is a file; false without permission to look, for which Deno would ask. */
function isFile(path: string): boolean {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Folder of an installed npm package, as one of the package at `root` finds it. */
function packageFolder(name: string, root: URL): string | undefined {
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") return undefined;
  try {
    return dirname(createRequire(root).resolve(`${name}/package.json`));
  } catch {
    return undefined; // it is not installed
  }
}
