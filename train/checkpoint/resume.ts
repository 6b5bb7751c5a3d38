/**
 * Resuming a run: its options, its conditions, and its native state.
 *
 * @module
 */

import { apiName, OptionError, type OptionRow } from "../../base/option.ts";
import { DataError } from "../../base/errors.ts";
import type { Scene } from "../../base/scene.ts";
import { ABI } from "../../ffi/abi.ts";
import type { Device } from "../../ffi/device.ts";
import type { Trainer } from "../../ffi/trainer.ts";
import type { JsonObject } from "../../load/json.ts";
import { TRAIN_ROWS } from "../option_table.ts";
import type { ResolvedTrainOptions, TrainOptions } from "../options.ts";
import { parityParts } from "../parity.ts";
import { runStrategy } from "../prepare.ts";
import { type CaptureIdentity, checkCapture } from "./capture.ts";
import type { CheckpointFile } from "./file.ts";

/** Options that change neither a step nor an event, so that a resumed run may have others. Names of flags. */
export const CHANGEABLE: readonly string[] = [
  "test_iterations",
  "save_iterations",
  "checkpoint_iterations",
  "checkpoint_seconds",
  "max_seconds",
  "data_device",
  "photo_cache",
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
 * @param given What the caller of `train` gave
 * @param checkpoint The checkpoint
 * @throws {OptionError} When the caller gave another value of an option that must stay
 */
export function resumedOptions(given: TrainOptions, { path, manifest }: CheckpointFile): TrainOptions {
  const stored = manifest.options;
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
  const shown = (any: unknown) => any === undefined ? "none" : typeof any === "function" ? "a function" : String(any);
  return `Cannot resume ${path} with ${shown(value)} as ${name}: its run has ${
    shown(stored)
  }, on which its schedule or ` +
    `what it has learnt depends. Leave ${name} out, or start a new run`;
}

/** The resumed run. */
export interface Conditions {
  /** Its device. */
  device: Device;
  /** What it trains on. */
  scene: Scene;
  /** Identifies the scene. */
  capture: CaptureIdentity;
  /** Its options. */
  options: ResolvedTrainOptions;
}

/**
 * Rejects a capture, a seed or a strategy with which the checkpoint's run cannot be continued.
 *
 * @param checkpoint The checkpoint
 * @param conditions The resumed run
 * @returns Warnings: why the rest of the run will not have the bits of a run that did not stop
 * @throws {DataError} When the scene is another capture
 * @throws {OptionError} When the device has another seed, or the caller's strategy another name
 */
export function checkConditions(
  { path, manifest: { state, device: then, versions, capture: identity, strategy: name } }: CheckpointFile,
  { device, scene, capture, options }: Conditions,
): string[] {
  checkCapture(path, identity, capture);
  if (device.seed !== state.seed) {
    throw new OptionError((option) =>
      `Cannot resume ${path} with ${device.seed} as ${
        option("seed")
      }: its run has ${state.seed}; open the device with that`
    );
  }
  const { strategy } = runStrategy(scene, options, device.seed);
  if (strategy.name !== name) {
    throw new OptionError((option) =>
      `Cannot resume ${path} with the ${option("strategy")} "${strategy.name}": its run has "${name}"`
    );
  }
  const differences = [
    ["backend", then.backend, device.backend],
    ["processor's code", then.targets, device.info.targets],
    ["ABI version", versions.abi, ABI.ABI_VERSION],
  ].filter(([, before, now]) => before !== now);
  if (differences.length === 0) return [];
  const [what, before, now] = differences[0];
  return [
    `The ${what} of ${path} is ${before}, here it is ${now}: the run continues, but its result will differ in the last ` +
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
