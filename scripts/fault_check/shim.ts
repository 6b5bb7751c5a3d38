// Runs `train` with failing writes or allocations, by a small library that is compiled here and preloaded.

import { fromFileUrl, join } from "@std/path";
import { type ProcessEnd, startTrain, trainEnd } from "../train_process.ts";

const SOURCE = fromFileUrl(new URL("shim.cpp", import.meta.url));

/** Error codes of Linux. */
export const ERROR = { EIO: 5, ENOSPC: 28 } as const;

/** Seconds after which a run counts as hung; one takes about a second. */
const HUNG = 120;

/** What counts and what fails. */
export interface Faults {
  /** Folder whose writes count. */
  below?: string;
  /** Or part of the name of the library whose allocations count. */
  library?: string;
  /** Number of the first operation that fails; none if absent. */
  first?: number;
  /** Number of the last one. Default the first. */
  last?: number;
  /** Names of those that may fail. Default all. */
  only?: readonly string[];
  /** Code that they fail with. */
  error?: number;
}

/** An operation that counted. */
export interface Operation {
  /** From 1. */
  number: number;
  /** `open` for writing, `write`, `fsync`, `truncate`, `rename`, `mkdir`, `unlink`, `rmdir`, `statfs`; or `new`, `aligned_alloc`, `thread`. */
  name: string;
  /** Path of the file, without its temporary part; or the library. */
  path: string;
}

/** The compiled library. */
export class Shim {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Compiles the library with `$CXX`, or g++.
   *
   * @param folder Folder to write into
   */
  static async build(folder: string): Promise<Shim> {
    const compiler = Deno.env.get("CXX") ?? "g++";
    const flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC"];
    const args = [...flags, "-o", join(folder, "shim.so"), SOURCE, "-ldl"];
    const { success, stderr } = await new Deno.Command(compiler, { args, stdout: "null" }).output();
    if (!success) throw new Error(`Cannot compile ${SOURCE}: ${new TextDecoder().decode(stderr)}`);
    return new Shim(folder);
  }

  /** Runs `train` to its end; returns also the operations that counted. */
  async train(args: readonly string[], faults: Faults): Promise<ProcessEnd & { operations: Operation[] }> {
    const { below, library, first = 0, last = first, only, error = 0 } = faults;
    const log = join(this.#folder, `${crypto.randomUUID()}.log`);
    await Deno.writeTextFile(log, "");
    const child = startTrain(args, {
      LD_PRELOAD: join(this.#folder, "shim.so"),
      ...(below === undefined ? {} : { FAULT_BELOW: below }),
      ...(library === undefined ? {} : { FAULT_LIBRARY: library }),
      ...(only === undefined ? {} : { FAULT_ONLY: only.join(" ") }),
      ...{ FAULT_LOG: log, FAULT_FIRST: `${first}`, FAULT_LAST: `${last}` },
      FAULT_ERRNO: `${error}`,
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * HUNG);
    const ended = await trainEnd(child);
    clearTimeout(timer);
    const operations = (await Deno.readTextFile(log)).trimEnd().split("\n").map((line) => {
      const [number, name, path = ""] = line.split("\t");
      return { number: Number(number), name, path: path.replace(/\.[\da-f-]{36}\.tmp$/, "") };
    });
    operations.sort((a, b) => a.number - b.number); // threads count first and log later
    await Deno.remove(log);
    return { ...ended, operations };
  }
}
