// The library that draws splats in a browser: World Labs' spark, on three. It is fetched from npm into Deno's cache when
// a finished model is first viewed; pages get its modules from there.

import { join } from "node:path";
import { cachedPackage, denoCache, denoProgram, type NpmPackage } from "../load/npm_cache.ts";
import { statOrUndefined } from "../load/files.ts";

/** spark, and the library that it needs. */
export const SPARK: NpmPackage = { name: "@sparkjsdev/spark", version: "2.2.0" };
const THREE: NpmPackage = { name: "three", version: "0.187.0" };
const PACKAGES: readonly NpmPackage[] = [THREE, SPARK];

/** The modules of the library by the paths that a page has them at. */
const MODULES: Readonly<Record<string, [library: NpmPackage, file: string]>> = {
  "view/library/three.js": [THREE, "build/three.module.js"],
  "view/library/three.core.js": [THREE, "build/three.core.js"],
  "view/library/pass.js": [THREE, "examples/jsm/postprocessing/Pass.js"],
  "view/library/spark.js": [SPARK, "dist/spark.module.min.js"],
};

/** A browser knows no packages. */
const IMPORTS: readonly [from: string, to: string][] = [
  ['"three/addons/postprocessing/Pass.js"', '"./pass.js"'],
  ['"three"', '"./three.js"'],
  ["'three'", "'./three.js'"],
];

/** The command that fetches the library. */
export const DOWNLOAD: string = [
  "deno cache --no-config --no-lock --node-modules-dir=none",
  ...PACKAGES.map(specifier),
].join(" ");

const read = new Map<string, Promise<string>>();

/** Whether the library is in Deno's cache, so that nothing is downloaded. */
export async function hasDrawingLibrary(): Promise<boolean> {
  const folders = await Promise.all(PACKAGES.map(cachedPackage));
  return folders.every((folder) => folder !== undefined);
}

/**
 * Fetches the library if it is not there.
 *
 * @throws {Error} When it cannot be had; the message has the command that fetches it
 */
export async function prepareDrawingLibrary(
  { onNotice, signal }: { onNotice?: (message: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  if (await hasDrawingLibrary()) return;
  const names = PACKAGES.map(({ name, version }) => `${name} ${version}`).join(" and ");
  onNotice?.(`Downloading ${names} from npm into Deno's cache, once: 10 MB, 41 MB unpacked`);
  const reason = await download(signal);
  signal?.throwIfAborted();
  if (reason === undefined && await hasDrawingLibrary()) return;
  throw new Error(
    `Cannot download ${names}, which draw splats in the browser: ${reason ?? `they are not in ${denoCache()}`}. ` +
      `Run, on a machine that reaches npm:\n\n  ${DOWNLOAD}`,
  );
}

/**
 * A module of the library, with paths in place of the names of packages; undefined if there is none of that name.
 *
 * @param path As the page has it, such as `view/library/three.js`
 */
export async function drawingFile(path: string): Promise<{ type: string; body: string } | undefined> {
  if (!Object.hasOwn(MODULES, path)) return undefined;
  let text = read.get(path);
  if (text === undefined) {
    text = moduleText(...MODULES[path]);
    read.set(path, text);
    text.catch(() => read.delete(path));
  }
  return { type: "text/javascript; charset=utf-8", body: await text };
}

async function moduleText(library: NpmPackage, file: string): Promise<string> {
  const folder = await cachedPackage(library);
  const path = join(folder ?? "", file);
  if (folder === undefined || await statOrUndefined(path) === undefined) {
    throw new Error(`${specifier(library)} has no ${file} in Deno's cache. Run:\n\n  ${DOWNLOAD}`);
  }
  const text = await Deno.readTextFile(path);
  return IMPORTS.reduce((changed, [from, to]) => changed.replaceAll(`from ${from}`, `from ${to}`), text);
}

/** Runs Deno to download; the reason why that failed, else undefined. */
async function download(signal?: AbortSignal): Promise<string | undefined> {
  const args = DOWNLOAD.split(" ").slice(1);
  const options = { args, env: { NO_COLOR: "1" }, stdin: "null", stdout: "null", stderr: "piped", signal } as const;
  try {
    const { success, code, stderr } = await new Deno.Command(denoProgram(), options).output();
    if (success) return undefined;
    return new TextDecoder().decode(stderr).trim().split("\n").slice(-3).join("; ") || `deno ended with ${code}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no deno on the PATH";
    throw error;
  }
}

function specifier({ name, version }: NpmPackage): string {
  return `npm:${name}@${version}`;
}
