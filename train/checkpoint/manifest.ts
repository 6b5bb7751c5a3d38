/**
 * The manifest of a checkpoint: everything in it besides the columns of the native state, as JSON.
 *
 * @module
 */

import { DataError } from "../../base/errors.ts";
import type { Backend } from "../../ffi/library.ts";
import type { ColumnInfo, TrainerProgress } from "../../ffi/state.ts";
import { isObject, parseJsonObject } from "../../load/json.ts";
import type { RunState } from "../state.ts";
import type { CaptureIdentity } from "./capture.ts";

/** Some rows of a column, which one checksum in the file follows. */
export interface CheckpointSection {
  /** Name of the column. */
  column: string;
  /** First row. */
  offset: number;
  /** Bytes of the rows. */
  bytes: number;
}

/** What stays the same during a run. */
export interface RunOrigin {
  /** Versions of the program: of tame, and of its native library's ABI. */
  versions: { tame: string; abi: number };
  /** What the run computed on; only there the rest of the run has the same bits. */
  device: { backend: Backend; targets: string };
  /** What the run trained on. */
  capture: CaptureIdentity;
  /** All options of the run by their names in the library, except functions. */
  options: Record<string, unknown>;
  /** Name of the strategy. */
  strategy: string;
}

/** What a checkpoint states about a run. */
export interface CheckpointManifest extends RunOrigin {
  /** When it was written, as `Date.toISOString()` has it. */
  written: string;
  /** The run's state in TypeScript. */
  state: RunState;
  /** The trainer's state besides its columns. */
  progress: TrainerProgress;
  /** The columns of the trainer's state. */
  columns: Pick<ColumnInfo, "name" | "values" | "rows">[];
  /** The parts of the columns, in the order of the file. */
  sections: CheckpointSection[];
  /** What the program that wrote it added: the command line's options, by the names of its flags. */
  config?: Record<string, unknown>;
}

/** What a value of the manifest has to be. */
type Shape = "number" | "string" | "boolean" | "object" | readonly [Shape] | { readonly [name: string]: Shape };

const TIME_PLAN: Shape = {
  ...{ maxSeconds: "number", iterations: "number", decided: "boolean", most: "number" },
  ...{ rehearsalSeconds: "number", expectedSeconds: "number" },
};

const COUNTERS = ["seed", "iteration", "start", "target", "count", "seconds", "loadSeconds", "evaluationSeconds"];

/** Everything that is read from a manifest; the losses and where they are bad, and `timePlan`, may be null. */
const SHAPE: Shape = {
  written: "string",
  versions: { tame: "string", abi: "number" },
  device: { backend: "string", targets: "string" },
  capture: { train: "number", test: "number", initial: "number", digest: "string" },
  options: "object",
  strategy: "string",
  state: { ...Object.fromEntries(COUNTERS.map((name) => [name, "number" as const])), pending: ["string"] },
  progress: { count: "number", opacityMode: "string", liveShDegree: "number", steps: "object" },
  columns: [{ name: "string", values: "number", rows: "number" }],
  sections: [{ column: "string", offset: "number", bytes: "number" }],
};

/**
 * Parses a manifest.
 *
 * @param bytes UTF-8 JSON
 * @param path File that it is from, for error messages
 * @returns The manifest; its numbers fit together
 * @throws {DataError} When something is missing, of another type, or contradicts the rest
 */
export function parseManifest(bytes: Uint8Array, path: string): CheckpointManifest {
  const json = parseJsonObject(bytes, path);
  const wrong = misshapen(json, SHAPE, "") ?? misshapenPlan(json.state) ?? misshapenExposure(json.state);
  if (wrong !== undefined) throw new DataError(`Checkpoint's manifest has no valid "${wrong}"`, { path });
  const manifest = json as unknown as CheckpointManifest;
  for (const { name, values, rows } of manifest.columns) {
    const parts = manifest.sections.filter(({ column }) => column === name);
    let next = 0;
    for (const { offset, bytes } of parts) next = offset === next ? offset + bytes / (4 * values) : NaN;
    if (next !== (values === 0 ? 0 : rows)) {
      throw new DataError(`Checkpoint's manifest lists no whole column ${name}`, { path });
    }
  }
  return manifest;
}

/** Checkpoints of older runs, which trained no exposures, state none. */
function misshapenExposure(state: unknown): string | undefined {
  const { exposure = "none" } = state as { exposure?: unknown };
  return ["none", "gains", "affine"].includes(exposure as string) ? undefined : "state.exposure";
}

function misshapenPlan(state: unknown): string | undefined {
  const plan = isObject(state) ? state.timePlan ?? null : null;
  return plan === null ? undefined : misshapen(plan, TIME_PLAN, "state.timePlan");
}

/** The name of the first value that has another shape; undefined if all have theirs. */
function misshapen(value: unknown, shape: Shape, name: string): string | undefined {
  if (typeof shape === "string") {
    const fits = shape === "object"
      ? isObject(value)
      : typeof value === shape && (shape !== "number" || (value as number) >= 0);
    return fits ? undefined : name;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) return name;
    return firstOf(value.map((item, i) => misshapen(item, shape[0], `${name}[${i}]`)));
  }
  if (!isObject(value)) return name;
  const prefix = name === "" ? "" : `${name}.`;
  return firstOf(Object.entries(shape).map(([key, inner]) => misshapen(value[key], inner, prefix + key)));
}

/** `Array.isArray()` does not narrow read-only tuples. */
function isList(shape: object): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function firstOf(names: (string | undefined)[]): string | undefined {
  return names.find((name) => name !== undefined);
}
