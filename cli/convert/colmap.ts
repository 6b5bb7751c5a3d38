// COLMAP's program: its version, the names of its options, which differ between versions, and its commands.

import { writeError } from "../../base/disk.ts";
import { UsageError } from "../errors.ts";

/** Lines of a failed command that its error repeats. */
const LAST_LINES = 8;

/** How long this process waits for the signal that has ended COLMAP. */
const GRACE_MS = 200;

/** A command of COLMAP that failed: the message has the last lines of its output. */
export class ColmapFailure extends Error {
  override name = "ColmapFailure";
}

/** Settings of {@linkcode Colmap.run}. */
export interface RunSettings {
  /** The file to which the command and its output are appended. */
  log: Deno.FsFile;
  /** Path of that file, for errors. */
  logPath: string;
  /** Ends the command when it fires. */
  signal: AbortSignal;
  /** Called with each line of the output. */
  onLine?: (line: string) => void;
}

/** An installed COLMAP. */
export class Colmap {
  readonly #program: string;
  /** As it states it: 3.8, 4.0.0. */
  readonly version: string;
  /** Whether it can compute on a GPU. */
  readonly cuda: boolean;

  private constructor(program: string, help: string) {
    this.#program = program;
    this.version = /^COLMAP (\d\S*)/m.exec(help)?.[1] ?? "";
    this.cuda = !/without CUDA/.test(help);
  }

  /** Asks a program for its version. Throws a {@linkcode UsageError} when there is none, or it is not COLMAP. */
  static async open(program: string): Promise<Colmap> {
    let help: string;
    try {
      help = await textOf(program, ["help"]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.PermissionDenied)) throw error;
      throw new UsageError(
        `Cannot run COLMAP (${program}): install it, for example with "apt-get install colmap", or name its program ` +
          "with --colmap_executable",
      );
    }
    const colmap = new Colmap(program, help);
    if (colmap.version === "") throw new UsageError(`${program} is not COLMAP: its help states no version`);
    return colmap;
  }

  /**
   * The arguments that set options of a command, each under the first of its names that this version has. Throws an
   * error when it has none of them.
   *
   * @param command COLMAP's command
   * @param options Names and value of each option; those that may be left out are `optional`
   */
  async options(
    command: string,
    options: readonly { names: readonly string[]; value: string; optional?: boolean }[],
  ): Promise<string[]> {
    const help = await textOf(this.#program, [command, "-h"]);
    const known = new Set(Array.from(help.matchAll(/--([\w.]+)/g), ([, name]) => name));
    return options.flatMap(({ names, value, optional }) => {
      const name = names.find((name) => known.has(name));
      if (name !== undefined) return [`--${name}`, value];
      if (optional) return [];
      throw new Error(
        `COLMAP ${this.version} has no option --${names.join(" or --")} of ${command}: use COLMAP 3.8 or later`,
      );
    });
  }

  /**
   * Runs a command, which has ended when the call settles. Throws a {@linkcode ColmapFailure} when it fails, and an
   * error that names the log when that cannot be written.
   */
  async run(command: string, args: readonly string[], settings: RunSettings): Promise<void> {
    const { logPath, signal, onLine } = settings;
    signal.throwIfAborted();
    await writeLog(settings, `$ colmap ${command} ${args.join(" ")}\n`);
    const unread = new AbortController();
    const child = new Deno.Command(this.#program, {
      args: [command, ...args],
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
      signal: AbortSignal.any([signal, unread.signal]),
    }).spawn();
    const last: string[] = [];
    const take = async (line: string): Promise<void> => {
      if (line.trim() !== "") last.push(line);
      if (last.length > LAST_LINES) last.shift();
      onLine?.(line);
      await writeLog(settings, `${line}\n`);
    };
    const outputs = [forEachLine(child.stdout, take), forEachLine(child.stderr, take)];
    try {
      await Promise.all(outputs);
    } catch (error) {
      unread.abort(); // else COLMAP would go on without its output being read
      await Promise.allSettled([...outputs, child.status]);
      throw error;
    }
    const { success, code, signal: killed } = await child.status;
    // A terminal's ^C ends COLMAP too, perhaps before this process has heard of it.
    if (killed !== null && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    signal.throwIfAborted();
    if (success) return;
    const how = killed === null ? `ended with exit code ${code}` : `was ended by ${killed}`;
    throw new ColmapFailure([`colmap ${command} ${how}. The last lines of ${logPath}:`, ...last].join("\n  "));
  }
}

/** What a program prints; its exit code does not matter, since versions differ in that of their help. */
async function textOf(program: string, args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" });
  const { stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

async function forEachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => Promise<void>): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop()!;
    for (const line of lines) await take(line);
  }
  if (rest !== "") await take(rest);
}

async function writeLog({ log, logPath }: RunSettings, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += await log.write(bytes.subarray(written));
  } catch (error) {
    throw await writeError(error, logPath);
  }
}
