// A run in which one operation fails, for each of its operations.

import { copy } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { pointCloudPath } from "../../load/model_folder.ts";
import { readRunConfig } from "../../load/run_config.ts";
import { type ProcessEnd, sameBytes, startTrain, trainEnd } from "../train_process.ts";
import { damageOf, type Expected, filesOf, leftOver } from "./folder.ts";
import type { Faults, Operation, Shim } from "./shim.ts";

/** Iterations of a run, two events and a save and two checkpoints before its end. */
export const ITERATIONS = 30;

/** Options of every run. */
const RUN = ["--backend", "cpu", "--threads", "2", "--eval", "--budget", "2", "--json", "--quiet"];

const THIS_RUN = [
  ...["--iterations", `${ITERATIONS}`, "--save_iterations", "10", `${ITERATIONS}`, "--test_iterations", "10", "30"],
  ...["--densify_from_iter", "5", "--densification_interval", "10", "--densify_until_iter", "25"],
  ...["--checkpoint_iterations", "10", "20"],
];

/** The run that has used the folder before: it saves one of the same iterations, and one of its own. */
const EARLIER_RUN = [
  ...["--iterations", "12", "--save_iterations", "10", "12", "--densify_until_iter", "0", "--test_iterations", "-1"],
  ...["--checkpoint_iterations", "8"],
];

/** A run in which something failed. */
export interface Faulty extends ProcessEnd {
  operations: Operation[];
  /** The operation that failed, or the first of several; undefined if this run did fewer. */
  failed?: Operation;
}

/** Runs and their expected results. */
export class Sweep {
  readonly #shim: Shim;
  readonly #folder: string;
  readonly #capture: string;
  #expected: Expected = { whole: new Map(), earlier: new Map() };

  /** `folder` and `capture` are absolute paths, of a folder to work in and of a capture. */
  constructor(shim: Shim, { folder, capture }: { folder: string; capture: string }) {
    this.#shim = shim;
    this.#folder = folder;
    this.#capture = capture;
  }

  /** Path of the model folder of the runs; nothing else is in the folder above. */
  get model(): string {
    return join(this.#folder, "run", "model");
  }

  /** The folder above the model folder. */
  get above(): string {
    return `${join(this.#folder, "run")}/`;
  }

  /** Trains the earlier run, and one without a fault; resolves to the operations of that one. */
  async prepare(faults: Faults): Promise<Operation[]> {
    const earlier = await trainEnd(startTrain([...this.#arguments(EARLIER_RUN, this.#earlier)]));
    if (earlier.code !== EXIT.done) throw new Error(`The earlier run failed: ${earlier.errors}`);
    await this.#reset();
    const { code, errors, operations } = await this.#shim.train(this.#arguments(THIS_RUN, this.model), faults);
    if (code !== EXIT.done) throw new Error(`The run without a fault failed: ${errors}`);
    this.#expected = { whole: await filesOf(this.model), earlier: await filesOf(this.#earlier) };
    return operations;
  }

  /** Trains with faults, and says what is wrong with what is left, whatever has failed. */
  async run(faults: Faults & { first: number }): Promise<{ run: Faulty; problems: string[] }> {
    await this.#reset();
    const args = this.#arguments(THIS_RUN, this.model);
    const ended = await this.#shim.train(args, faults);
    const failed = ended.operations[faults.first - 1];
    const problems = [...await damageOf(this.model, this.#expected), ...await this.#problems(ended)];
    if (failed?.name !== "unlink") problems.push(...await leftOver(this.model));
    const again = await trainEnd(startTrain(args));
    if (again.code !== EXIT.done || !await this.#complete()) problems.push(`the next run failed: ${again.errors}`);
    problems.push(...await leftOver(this.model));
    return { run: { ...ended, failed }, problems };
  }

  get #earlier(): string {
    return join(this.#folder, "earlier");
  }

  #arguments(options: readonly string[], model: string): string[] {
    return ["-s", this.#capture, "-m", model, ...RUN, ...options];
  }

  async #reset(): Promise<void> {
    await Deno.remove(this.above, { recursive: true }).catch(() => {});
    await Deno.mkdir(this.above);
    await copy(this.#earlier, this.model);
  }

  async #problems({ code, events, errors }: ProcessEnd): Promise<string[]> {
    const problems: string[] = [];
    if (code > 4) problems.push("it crashed or hung");
    if (errors.includes("Internal error")) problems.push("an internal error");
    if (code === EXIT.done && !await this.#complete()) problems.push("done, but its result is missing or differs");
    for (const { type, path } of events) {
      if (type !== "save" || path === undefined) continue;
      if ((await Deno.stat(path).catch(() => undefined)) === undefined) problems.push(`${path} was saved and is lost`);
    }
    return problems;
  }

  /** Whether the folder has the result of a run in which nothing failed. */
  async #complete(): Promise<boolean> {
    const path = pointCloudPath("", ITERATIONS);
    const ply = await Deno.readFile(join(this.model, path)).catch(() => new Uint8Array());
    const config = await readRunConfig(this.model).catch(() => undefined);
    return sameBytes(ply, this.#expected.whole.get(path)!) && config?.result?.iteration === ITERATIONS;
  }
}
