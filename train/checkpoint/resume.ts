/**
 * Resuming a run: its options, its conditions, and its native state.
 *
 * @module
 */

import { apiName, OptionError, type OptionRow } from "../../base/option.ts";
import { DataError } from "../../base/errors.ts";
import type { Scene } from "../../base/scene.ts";
import project from "../../deno.json" with { type: "json" };
import { ABI } from "../../ffi/abi.ts";
import type { Device } from "../../ffi/device.ts";
import type { Trainer } from "../../ffi/trainer.ts";
import type { JsonObject } from "../../load/json.ts";
import { TRAIN_ROWS } from "../option_table.ts";
import type { ResolvedTrainOptions, TrainOptions } from "../options.ts";
import { parityParts } from "../parity.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { captureIdentity, checkCapture } from "./capture.ts";
import type { CheckpointFile } from "./file.ts";
import type { RunOrigin } from "./manifest.ts";

/** Options that change neither a step nor an event, so that a resumed run may have others. Names of flags. */
export const CHANGEABLE: readonly string[] = [
  "test_iterations",
  "save_iterations",
  "preview_iterations",
  "checkpoint_iterations",
  "checkpoint_seconds",
  "max_seconds",
  "data_device",
  "photo_cache",
  "on_divergence",
  "start_checkpoint",
];

const FIXED: readonly string[] = TRAIN_ROWS.filter((row: OptionRow) => !CHANGEABLE.includes(row.name)).map(apiName);

/**
 * The options that a checkpoint keeps: those with a flag, except functions. JSON has no Infinity; it is the default
 * where it is allowed.
 *
 * @param options Resolved options
 */
export function storableOptions(options: ResolvedTrainOptions): JsonObject {
  const named: JsonObject = { ...options, startCheckpoint: undefined };
  return Object.fromEntries(
    TRAIN_ROWS.map(apiName)
      .map((name): [string, unknown] => [name, named[name]])
      .filter(([, value]) => value !== undefined && value !== Infinity && typeof value !== "function"),
  );
}

/**
 * The options of a resumed run: those of the checkpoint, and those that the caller gave in addition.
 *
 * @param asked What the caller of `train` gave
 * @param checkpoint The checkpoint
 * @throws {OptionError} When the caller gave another value of an option that must stay
 */
export function resumedOptions(asked: TrainOptions, { path, manifest }: CheckpointFile): TrainOptions {
  const stored = manifest.options;
  // The number that was given when `maxSeconds` was planned stands for the number that was decided.
  const given = asked.iterations === manifest.state.timePlan?.most ? { ...asked, iterations: undefined } : asked;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || !FIXED.includes(name)) continue;
    const own = name === "strategy" && stored.strategy === undefined;
    const fits = own
      ? typeof value === "function"
      : JSON.stringify(comparable(value)) === JSON.stringify(comparable(stored[name]));
    if (!fits) throw new OptionError((option) => conflict({ name: option(name), value, stored: stored[name], path }));
  }
  if (stored.strategy === undefined && given.strategy === undefined) {
    throw new OptionError((option) =>
      `Missing ${option("strategy")}: the run of ${path} has the strategy "${manifest.strategy}" of its caller; pass it`
    );
  }
  return { ...stored, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** Parity has several spellings; a function equals no stored value. */
function comparable(value: unknown): unknown {
  return typeof value === "function" ? "a function" : parityParts(value) ?? value;
}

/** The message about an option that a resumed run cannot have. */
export function conflict(
  { name, value, stored, path }: { name: string; value: unknown; stored: unknown; path: string },
): string {
  const [now, then] = [value, stored].map((any) => typeof any === "function" ? "a function" : String(any ?? "none"));
  return `Cannot resume ${path} with ${now} as ${name}: its run has ${then}, on which its schedule or what it has ` +
    `learnt depends. Leave ${name} out, or start a new run`;
}

/** A run, before its first step. */
export interface RunParts {
  /** Its device. */
  device: Device;
  /** What it trains on. */
  scene: Scene;
  /** Its options, as they were resolved. */
  options: ResolvedTrainOptions;
  /** Its strategy. */
  strategy: Pick<Strategy, "name">;
}

/**
 * What the checkpoints of a run state about it.
 *
 * @param run The run
 */
export async function originOf({ device, scene, options, strategy }: RunParts): Promise<RunOrigin> {
  return {
    versions: { tame: project.version, abi: ABI.ABI_VERSION },
    device: { backend: device.backend, targets: device.info.targets },
    capture: await captureIdentity(scene),
    options: storableOptions(options),
    strategy: strategy.name,
  };
}

/**
 * Rejects a run that cannot continue the run of a checkpoint.
 *
 * @param checkpoint The checkpoint
 * @param origin The run that is to continue
 * @param seed Seed of its device
 * @returns Warnings: why the rest of the run will not have the bits of a run that did not stop
 * @throws {DataError} When it trains on another capture
 * @throws {OptionError} When its device has another seed, or the caller's strategy another name
 */
export function checkOrigin({ path, manifest }: CheckpointFile, origin: RunOrigin, seed: number): string[] {
  checkCapture(path, manifest.capture, origin.capture);
  for (
    const [name, then, now] of [["seed", manifest.state.seed, seed], ["strategy", manifest.strategy, origin.strategy]]
  ) {
    if (then === now) continue;
    throw new OptionError((option) => `Cannot resume ${path} with ${now} as ${option(`${name}`)}: its run has ${then}`);
  }
  const [difference] = [
    ["backend", manifest.device.backend, origin.device.backend],
    ["processor's code", manifest.device.targets, origin.device.targets],
    ["ABI version", manifest.versions.abi, origin.versions.abi],
  ].filter(([, then, now]) => then !== now);
  if (difference === undefined) return [];
  const [what, then, now] = difference;
  return [
    `The ${what} of ${path} is ${then}, here it is ${now}: the run continues, but its result will differ in the last ` +
    `digits from that of a run that did not stop`,
  ];
}

/**
 * Restores the native state of a run.
 *
 * @param trainer New trainer of the resumed run
 * @param checkpoint The checkpoint
 * @throws {DataError} When the file is damaged, or has other columns than this run
 */
export async function restoreTrainer({ state, gaussians }: Trainer, checkpoint: CheckpointFile): Promise<void> {
  const { path, manifest: { progress, columns } } = checkpoint;
  if (progress.count > gaussians.capacity) {
    throw new DataError(`Checkpoint has ${progress.count} Gaussians; this run has at most ${gaussians.capacity}`, {
      path,
    });
  }
  state.restore(progress);
  const described = (list: typeof columns) =>
    list.map(({ name, values, rows }) => `${name} ${rows} x ${values}`).join();
  if (described(state.columns()) !== described(columns)) {
    throw new DataError("Checkpoint has other columns than the state of this run: resume with the tame that wrote it", {
      path,
    });
  }
  for await (const chunk of checkpoint.chunks()) await state.import(chunk);
}
