// Finds a native library, checks its ABI version and opens it. Nothing is opened at import time. Deno closes libraries
// when the program ends, even if an error ends it while a native call runs on another thread; the libraries are linked
// with -z nodelete, so that their code stays in memory until the process ends.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { environment } from "../base/environment.ts";
import { ABI } from "./abi.ts";
import { downloadLibrary } from "./download.ts";
import { errorFrom, LibraryError } from "./errors.ts";
import { installAdvice, installedLibrary } from "./installed.ts";
import { PACKAGE_ROOT } from "./package_root.ts";
import { permissionError } from "./permissions.ts";
import { decodeText, Struct } from "./struct.ts";
import { SYMBOLS, type Symbols } from "./symbols.ts";

/** The two backends. */
export type Backend = "cuda" | "cpu";

/** What a library says about itself. */
export interface BuildInfo {
  /** Its backend. */
  backend: Backend;
  /** Version of tame. */
  version: string;
  /** The compiler that built it. */
  compiler: string;
  /** Instruction sets or GPU architectures with code in the file. */
  targets: string[];
}

/** An opened library. */
export interface Library {
  /** Its functions. */
  symbols: Symbols;
  /** What it says about itself. */
  build: BuildInfo;
  /** Where it was found. */
  path: string;
}

const opened = new Map<string, Library>();

/**
 * Path of the library to open for a backend: the caller's choice, else the installed one. If tame was imported over
 * http(s), the library is downloaded into the cache.
 */
export async function searchLibrary(backend: Backend, named?: string | URL): Promise<string> {
  if (named !== undefined) return pathOf(named);
  if (PACKAGE_ROOT.protocol !== "file:") return await downloadLibrary(backend);
  return installedLibrary(backend);
}

/**
 * Opens the library of a backend, or returns the one already open. `named` defaults to `TAME_LIBRARY`, else to the
 * package's own library.
 *
 * Throws {@linkcode LibraryError} when there is none, when it belongs to another version of tame, or when the named
 * one is of another backend; Deno's `NotCapable`, with the whole command, when a permission is missing.
 */
export async function openLibrary(
  backend: Backend,
  named: string | URL | undefined = environment("TAME_LIBRARY"),
): Promise<Library> {
  const found = openFile(await searchLibrary(backend, named));
  if (found.build.backend === backend) return found;
  throw new LibraryError(
    `Cannot use ${found.path} as the ${backend} backend: it is a ${found.build.backend} library. ` +
      `Use backend "${found.build.backend}" or name another library`,
  );
}

/** Opens the library at a path, of either backend; see {@linkcode openLibrary}. */
export function openFile(path: string): Library {
  const known = opened.get(path);
  if (known) return known;
  // Check the version first, on its own: a library of another version may lack functions of the table.
  const probe = dlopen(path, { tame_abi_version: SYMBOLS.tame_abi_version });
  const version = probe.symbols.tame_abi_version();
  probe.close();
  if (version !== ABI.ABI_VERSION) {
    throw new LibraryError(
      `Cannot use ${path}: its ABI version is ${version}, this tame needs ${ABI.ABI_VERSION}. ` +
        installAdvice(),
    );
  }
  const { symbols } = dlopen(path, SYMBOLS);
  const library = { symbols, build: buildInfo(symbols), path };
  opened.set(path, library);
  return library;
}

function pathOf(library: string | URL): string {
  const text = String(library);
  if (text.startsWith("file:")) return fileURLToPath(text);
  if (/^[a-z]+:\/\//i.test(text)) throw new LibraryError(`Cannot open ${text}: expected a path or a file: URL`);
  // The loader would search the system's library folders for a bare name.
  return /[/\\]/.test(text) ? text : `./${text}`;
}

function dlopen<S extends Deno.ForeignLibraryInterface>(path: string, symbols: S): Deno.DynamicLibrary<S> {
  try {
    return Deno.dlopen(path, symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw permissionError(`Cannot open the native library ${path}`, error, dirname(path));
    }
    if (!(error instanceof Error)) throw error;
    const detail = error.message.replace(/^(Could not open library: )+/, "").replace(`${path}: `, "");
    throw new LibraryError(
      `Cannot open the native library ${path}: ${detail}. ${installAdvice()}, ` +
        "set TAME_LIBRARY to its path, or pass it as openDevice({ library })",
      { cause: error, brief: detail.includes("No such file") ? `${path} does not exist` : `${path}: ${detail}` },
    );
  }
}

function buildInfo(symbols: Symbols): BuildInfo {
  const error = new Struct("tame_error");
  const text = new Uint8Array(4096);
  if (symbols.tame_build_info(text, text.length, error.bytes) !== ABI.OK) throw errorFrom(error);
  return JSON.parse(decodeText(text));
}
