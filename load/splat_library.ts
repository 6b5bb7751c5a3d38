// Runs the conversion library for splat formats, PlayCanvas's splat-transform, in a process of its own. It is fetched
// from npm when a file first needs it, into Deno's cache: no part of this module graph, and nothing in the checkout. The
// process may read the cache and the file that it converts, with its folder if the file refers to others, and do nothing
// else: its input and its output are streams.

import { basename, dirname } from "node:path";
import { DataError } from "../base/errors.ts";
import { modulesFolder } from "../ffi/installed.ts";
import { PACKAGE_ROOT } from "../ffi/package_root.ts";
import { cachedPackage, denoCache, denoProgram, type NpmPackage } from "./npm_cache.ts";

/**
 * The program of the process. A package that is imported by URL has it as a script, which any host serves right; so have
 * packages of npm, in which Deno runs no TypeScript.
 */
const isSource = PACKAGE_ROOT.protocol === "file:" && modulesFolder() === undefined;
const PROCESS = `load/splat_library_process.${isSource ? "ts" : "js"}`;

/** The library and its version. */
export const SPLAT_LIBRARY: NpmPackage = { name: "@playcanvas/splat-transform", version: "3.7.0" };

/**
 * A change of the Gaussians, in the coordinates of the file that is read. To decimate is to merge Gaussians until a
 * number of them is left, or up to 1 a share.
 */
export type SplatChange =
  | { kind: "crop"; min: readonly number[]; max: readonly number[] }
  | { kind: "minOpacity"; opacity: number }
  | { kind: "shDegree"; degree: number }
  | { kind: "transform"; scale: number; rotation: readonly number[]; translation: readonly number[] }
  | { kind: "decimate"; keep: number };

/** What the process is to do. */
export interface SplatJob {
  /**
   * Absolute path of the file to read, without a comma. A `meta.json` or `lod-meta.json` refers to files in its folder,
   * which is then read too. Without a path, the input comes from the standard input.
   */
  path?: string;
  /** Format of the input, by the library's name. */
  input: string;
  /** Changes, in order. */
  changes?: SplatChange[];
  /** Format of the output, by the library's name; written to the standard output. */
  output: string;
}

/** The output of a job. */
export interface SplatResult {
  /** The files by name; the only one of most formats is `output`. */
  files: Record<string, Uint8Array>;
  /** Gaussians in it. */
  count: number;
}

/** How a job is run. */
export interface SplatJobOptions {
  /** The PLY, part by part, if the job names no path. */
  parts?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** The file that messages name. Default the path of the job. */
  label?: string;
  /** Ends the process; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with a line before the library is downloaded. */
  onNotice?: (message: string) => void;
}

/**
 * Runs a job and resolves to its output.
 *
 * @internal
 * @throws {DataError} When the library cannot read or convert the input
 * @throws {Error} When the library cannot be had, or there is no permission to run Deno
 */
export async function runSplatJob(job: SplatJob, options: SplatJobOptions = {}): Promise<SplatResult> {
  const { parts, label = job.path ?? "standard input", signal, onNotice } = options;
  signal?.throwIfAborted();
  const { name, version } = SPLAT_LIBRARY;
  if (await cachedPackage(SPLAT_LIBRARY) === undefined) {
    onNotice?.(`Downloading ${name} ${version} from npm into Deno's cache, once: 53 MB, 215 MB unpacked`);
  }
  const child = spawn(job);
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  };
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end(); // while the cache was searched
  try {
    const [, bytes, messages, status] = await Promise.all([
      send(child.stdin, parts ?? []),
      new Response(child.stdout).bytes(),
      new Response(child.stderr).text(),
      child.status,
    ]);
    signal?.throwIfAborted();
    if (status.success) return { files: filesOf(bytes), count: Number(/^Gaussians: (\d+)$/m.exec(messages)?.[1]) };
    throw failure(job, label, messages, status);
  } catch (error) {
    end(); // the process waits for the rest of an input that failed
    await child.status;
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/**
 * What the process may read.
 *
 * @throws {DataError} When Deno's list of paths cannot have the job's path
 */
function readable({ path }: SplatJob): string[] {
  if (path === undefined) return [denoCache()];
  if (path.includes(",")) {
    throw new DataError("A path with a comma cannot be given to the conversion: rename the file or its folder", {
      path,
    });
  }
  return [denoCache(), path.toLowerCase().endsWith("meta.json") ? dirname(path) : path];
}

function spawn(job: SplatJob): Deno.ChildProcess {
  const args = [
    ...["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--node-modules-dir=none"],
    `--allow-read=${readable(job).join(",")}`,
    new URL(PROCESS, PACKAGE_ROOT).href,
    JSON.stringify({ ...job, library: `${basename(SPLAT_LIBRARY.name)}@${SPLAT_LIBRARY.version}` }),
  ];
  const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  try {
    return new Deno.Command(denoProgram(), { args, env: { NO_COLOR: "1" }, ...piped }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(
        `Splat files of other formats are converted by ${SPLAT_LIBRARY.name}, which Deno runs: put deno on the PATH`,
        { cause: error },
      );
    }
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new Error(
      `Splat files of other formats are converted by ${SPLAT_LIBRARY.name}, in a process of its own: give Deno the ` +
        `permission to start it, --allow-run=${Deno.execPath()}`,
      { cause: error },
    );
  }
}

/** A process that ends early, because it rejects its input, reports so itself. */
async function send(stdin: WritableStream<Uint8Array>, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const writer = stdin.getWriter();
  try {
    for await (const part of parts) await writer.write(part);
    await writer.close();
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    await writer.abort(error);
    throw error;
  }
}

/** The files in what the process writes: a line of JSON with names and sizes, then one file after another. */
function filesOf(bytes: Uint8Array): Record<string, Uint8Array> {
  const line = bytes.indexOf(0x0a);
  const sizes: [name: string, size: number][] = JSON.parse(new TextDecoder().decode(bytes.subarray(0, line)));
  let offset = line + 1;
  return Object.fromEntries(sizes.map(([name, size]) => [name, bytes.subarray(offset, offset += size)]));
}

/** The error of a process that failed. What it caught itself is on a line of its own. */
function failure(job: SplatJob, label: string, messages: string, status: Deno.CommandStatus): Error {
  const caught = /^splat-transform: (.*)$/m.exec(messages)?.[1];
  if (caught !== undefined) {
    const what = job.path === undefined ? "Gaussians cannot be converted" : `File cannot be read as ${job.input}`;
    return new DataError(`${what}: ${caught}`, { path: label });
  }
  const reason = messages.trim().split("\n").slice(-3).join("; ") || `signal ${status.signal ?? "none"}`;
  const { name, version } = SPLAT_LIBRARY;
  return new Error(`${name} ${version} could not run, with exit code ${status.code}: ${reason}`);
}
