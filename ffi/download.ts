// Downloads a native library when tame was imported over http(s): fetches it once from the package's URL, checks it
// against the package's manifest, and keeps it in the user's cache.

import { writeFileAtomic } from "../base/atomic.ts";
import { environment } from "../base/environment.ts";
import { LibraryError } from "./errors.ts";
import { PACKAGE_ROOT } from "./package_root.ts";
import { permissionError } from "./permissions.ts";
import manifest from "./manifest.json" with { type: "json" };

/**
 * Platform ("linux-x86_64") → backend → file, relative to the package's root, its SHA-256 in hexadecimal, and the version
 * of glibc that it needs.
 */
export type Manifest = Record<
  string,
  Partial<Record<"cuda" | "cpu", { file: string; sha256: string; glibc?: string }>>
>;

/** Options of {@linkcode downloadLibrary}. */
export interface DownloadOptions {
  /** URL of the package's root. Default: that of this package. */
  root?: URL;
  /** What may be downloaded. Default: the manifest beside this module. */
  manifest?: Manifest;
}

/**
 * Path of the cached library of a backend, which is downloaded if it is missing. Its hash is checked on every call.
 *
 * Throws {@linkcode LibraryError} when the manifest has none for this platform, the download fails, or the file is not
 * the one that the manifest names.
 */
export async function downloadLibrary(backend: "cuda" | "cpu", options: DownloadOptions = {}): Promise<string> {
  const root = options.root ?? PACKAGE_ROOT;
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const entry = (options.manifest ?? manifest as Manifest)[platform]?.[backend];
  if (!entry) {
    throw new LibraryError(
      `No ${backend} library for ${platform} is published at ${root}: serve a tree made by \`make dist\`, ` +
        'or pass a local library as openDevice({ library: "…/libtame_cpu.so" })',
      { brief: `no ${backend} library for ${platform} is published at ${root}` },
    );
  }
  const folder = cacheFolder();
  const path = `${folder}/${entry.sha256}`;
  if (await fileHash(path) === entry.sha256) return path;

  const url = new URL(entry.file, root);
  const bytes = await download(url);
  const hash = await sha256(bytes);
  if (hash !== entry.sha256) {
    throw new LibraryError(`Cannot use ${url}: its SHA-256 is ${hash}, the manifest says ${entry.sha256}`);
  }
  await Deno.mkdir(folder, { recursive: true });
  await writeFileAtomic(path, bytes, { mode: 0o755 });
  return path;
}

/** Fetches a file. */
async function download(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status} ${response.statusText}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw permissionError(`Cannot download ${url}`, error);
    if (!(error instanceof Error)) throw error;
    throw new LibraryError(`Cannot download ${url}: ${error.message}`, { cause: error });
  }
}

function cacheFolder(): string {
  const cache = environment("XDG_CACHE_HOME");
  if (cache) return `${cache}/tame`;
  const home = environment("HOME");
  if (home) return `${home}/.cache/tame`;
  const what = "Cannot find the cache folder for the native library";
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") throw permissionError(what, undefined);
  throw new LibraryError(
    `${what}: set XDG_CACHE_HOME or HOME, or pass a local library as openDevice({ library: "…/libtame_cpu.so" })`,
  );
}

async function fileHash(path: string): Promise<string | undefined> {
  try {
    return await sha256(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
