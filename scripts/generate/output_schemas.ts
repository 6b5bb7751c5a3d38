// docs/schemas: JSON schemas (draft 7) of what --json prints. The types of the library say which properties there are;
// the values are those after JSON, in which a number that is not finite is null.

import { EXPORT_FORMATS } from "../../export/export_format.ts";
import type { ExportedFile } from "../../export/export_splats.ts";
import type { DeviceInfo, LibraryReport } from "../../ffi/device_info.ts";
import type { BuildInfo } from "../../ffi/library.ts";
import type { PlanEvent, RunEnding, TrainEvent, TrainResult } from "../../train/events.ts";
import type { MemoryPlan, PlanItem } from "../../train/plan.ts";
import type { TimePlan } from "../../train/time_plan.ts";
import { DIALECT, type Schema } from "./schema.ts";

/** A property that may be absent. */
interface Optional {
  optional: Schema;
}

type Fields = Readonly<Record<string, Schema | Optional>>;

/** The properties of a type of the library. */
type FieldsOf<Type, Without extends string = never> = {
  readonly [Key in Exclude<keyof Type, Without>]-?: Schema | Optional;
};

/** The properties of an event of a run, without those that every event has, and what is not printed. */
type EventFields<Event extends TrainEvent> = FieldsOf<
  Event,
  "type" | "iteration" | "gaussians" | "snapshot" | "exposures"
>;

type EventsOfTrain = {
  readonly [Type in TrainEvent["type"]]:
    & { readonly description: string; readonly fields: EventFields<Extract<TrainEvent, { type: Type }>> & Fields }
    & (Type extends "warning" ? { readonly gaussians: Optional } : { readonly gaussians?: undefined });
};

const INTEGER: Schema = { type: "integer", minimum: 0 };
const AMOUNT: Schema = { type: "number", minimum: 0 };
const TEXT: Schema = { type: "string" };
const FLAG: Schema = { type: "boolean" };
const BACKEND: Schema = { enum: ["cpu", "cuda"] };
const SETS = ["test", "train"];

/** A number that is null where it is not finite. */
function number(description: string): Schema {
  return { type: ["number", "null"], description };
}

function described(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

function list(items: Schema, description: string): Schema {
  return { type: "array", items, description };
}

/** An object with these properties and no others. */
function object(fields: Fields, more: Schema = {}): Schema {
  const entries = Object.entries(fields);
  return {
    ...more,
    type: "object",
    properties: Object.fromEntries(entries.map(([name, field]) => [name, isOptional(field) ? field.optional : field])),
    required: entries.filter(([, field]) => !isOptional(field)).map(([name]) => name),
    additionalProperties: false,
  };
}

function isOptional(field: Schema | Optional): field is Optional {
  return "optional" in field;
}

function objectOf<Type>(fields: FieldsOf<Type>, more?: Schema): Schema {
  return object(fields as Fields, more);
}

const ENDINGS: readonly RunEnding[] = ["finished", "aborted", "timedOut", "failed", "diverged"];

const PLAN = objectOf<MemoryPlan>({
  items: list(
    objectOf<PlanItem>({ purpose: TEXT, bytes: AMOUNT, exact: described(FLAG, "else an estimate") }),
    "bytes by purpose",
  ),
  total: described(AMOUNT, "bytes of all items"),
  limit: number("bytes that the run may use; null: no limit is known"),
  hostBytes: described(AMOUNT, "bytes of photos in host memory, beside the device's"),
  renderPixels: { optional: described(INTEGER, "with --view: pixels of the largest frame that there is room for") },
  renderPairs: { optional: described(INTEGER, "where memory is short: (tile, splat) pairs that a frame may have") },
});

const TIME_PLAN = objectOf<TimePlan>({
  maxSeconds: described(AMOUNT, "--max_seconds"),
  iterations: described(INTEGER, "iterations of the run"),
  decided: described(FLAG, "whether they are decided, or an estimate"),
  most: described(INTEGER, "--iterations, or its default"),
  rehearsalSeconds: AMOUNT,
  expectedSeconds: AMOUNT,
});

const RESULT = objectOf<TrainResult>({
  iteration: described(INTEGER, "the last finished iteration"),
  count: described(INTEGER, "Gaussians"),
  loss: number("moving average; null: no iteration was finished, or the loss is not finite"),
  seconds: described(AMOUNT, "of training"),
  loadSeconds: described(AMOUNT, "of preparation"),
  evaluationSeconds: AMOUNT,
  peakMemory: described(INTEGER, "bytes of the device"),
  peakHostMemory: described(INTEGER, "bytes of photos beside the device's"),
  aborted: described(FLAG, "whether a signal or a viewer ended the run early"),
  timedOut: described(FLAG, "whether --max_seconds ended the run early"),
});

const SECONDS = described(AMOUNT, "seconds of training so far");
const NOT_FINITE = described(INTEGER, "Gaussians with a parameter that is not finite");
const SIMILARITY = { psnr: number("dB"), ssim: number("structural similarity") };
const SCORES = {
  ...SIMILARITY,
  l1: number("mean absolute difference"),
  corrected: { optional: object(SIMILARITY, { description: "with corrected colours, if exposures are learnt" }) },
};

const TRAIN_EVENTS: EventsOfTrain = {
  plan: {
    description: "first event of a run: the memory that it needs, and its schedule",
    fields: {
      plan: PLAN,
      iterations: described(INTEGER, "at which the run ends"),
      target: described(INTEGER, "target count of Gaussians"),
      densification: list(INTEGER, "iterations at which densification is due"),
      exposure: objectOf<PlanEvent["exposure"]>({
        exposure: { enum: ["gains", "affine", "none"], description: "what is learnt for each photo" },
        reason: { optional: described(TEXT, "why, if --exposure auto had something to decide by") },
      }),
      timePlan: { anyOf: [TIME_PLAN, { type: "null" }], description: "null without --max_seconds" },
      scaled: {
        optional: {
          type: "object",
          additionalProperties: INTEGER,
          description: "options of the schedule by their names in the library, if they were scaled to the iterations",
        },
      },
      checkpointBytes: described(AMOUNT, "bytes of a checkpoint, about"),
    },
  },
  iterations: {
    description: "--max_seconds: the number of iterations is decided",
    fields: {
      iterations: described(INTEGER, "at which the run ends"),
      timePlan: TIME_PLAN,
      schedule: {
        type: "object",
        additionalProperties: AMOUNT,
        description: "options of the schedule by their names in the library",
      },
    },
  },
  photo: {
    description: "more photos are in memory",
    fields: { loaded: INTEGER, total: INTEGER },
  },
  step: {
    description: "some iterations are done: those from first to iteration",
    fields: {
      first: described(INTEGER, "first iteration of this event"),
      losses: list(number("null: not finite"), "loss of each iteration"),
      loss: number("moving average: 0.4 of the new loss, 0.6 of the old average; null: not finite"),
      count: described(INTEGER, "Gaussians"),
      seconds: SECONDS,
      memory: described(INTEGER, "bytes that the device holds"),
    },
  },
  densifying: {
    description: "Gaussians are about to be pruned, cloned and split",
    fields: { event: described(INTEGER, "number of the densification event, from 1"), events: INTEGER },
  },
  densify: {
    description: "Gaussians were pruned, cloned and split",
    fields: {
      target: described(INTEGER, "target count of this event"),
      pruned: INTEGER,
      cloned: INTEGER,
      split: INTEGER,
      filled: described(INTEGER, "of those cloned and split, Gaussians that were not candidates"),
      count: described(INTEGER, "Gaussians"),
      nonFinite: NOT_FINITE,
      seconds: SECONDS,
    },
  },
  view: {
    description: "scores of one view",
    fields: { set: { enum: SETS }, name: TEXT, ...SCORES },
  },
  evaluate: {
    description: "mean scores of a set of views",
    fields: { set: { enum: SETS }, views: INTEGER, ...SCORES, nonFinite: NOT_FINITE },
  },
  save: {
    description: "Gaussians were saved",
    fields: {
      ending: { optional: { enum: ENDINGS, description: "why this save is the last; absent while the run continues" } },
      nonFinite: { optional: described(NOT_FINITE, "Gaussians that the PLY leaves out; absent if the device failed") },
      path: { optional: described(TEXT, "the PLY; absent if it could not be written") },
    },
  },
  preview: {
    description: "a preview was written",
    fields: { path: described(TEXT, "the image") },
  },
  checkpoint: { description: "a checkpoint is being written", fields: {} },
  pause: { description: "a viewer paused the run", fields: {} },
  resume: { description: "a viewer resumed the run", fields: {} },
  warning: {
    description: "something to know; the run continues",
    fields: { message: TEXT },
    gaussians: { optional: INTEGER },
  },
  done: {
    description: "last event, unless the run failed",
    fields: {
      result: RESULT,
      folder: described(TEXT, "model folder"),
      path: { type: ["string", "null"], description: "the last PLY; null: nothing was saved" },
      totalSeconds: described(AMOUNT, "since the process began"),
    },
  },
};

/** Events that are no iteration's, and those of other commands. */
const OTHER_EVENTS: Readonly<Record<string, { description: string; fields: Fields }>> = {
  notice: { description: "train: something about the capture or its options", fields: { message: TEXT } },
  viewer: { description: "train --view, view: a page is served", fields: { url: TEXT } },
  export: {
    description: "train --export, export: a file was written",
    fields: {
      path: TEXT,
      format: { enum: Object.keys(EXPORT_FORMATS) },
      count: described(INTEGER, "Gaussians"),
      bytes: INTEGER,
    } satisfies FieldsOf<ExportedFile>,
  },
  render: {
    description: "render: images were written",
    fields: {
      set: { enum: [...SETS, "path"] },
      iteration: INTEGER,
      views: described(INTEGER, "images"),
      path: described(TEXT, "their folder"),
      video: { optional: TEXT },
    },
  },
  metrics: {
    description: "metrics: mean scores of rendered views",
    fields: {
      model: described(TEXT, "model folder"),
      method: TEXT,
      views: INTEGER,
      scores: { type: "object", additionalProperties: number("null: not finite") },
    },
  },
};

/** The schema of one line of `--json` of train, render, metrics, export and view. */
export function eventsSchema(): Schema {
  const ofTrain = Object.entries(TRAIN_EVENTS).map(([type, { description, fields, gaussians = INTEGER }]) =>
    object({ type: { const: type }, iteration: INTEGER, gaussians, ...fields }, { description })
  );
  const others = Object.entries(OTHER_EVENTS).map(([type, { description, fields }]) =>
    object({ type: { const: type }, ...fields }, { description })
  );
  return {
    $schema: DIALECT,
    title: "Event of --json",
    description: "One line that tame's train, render, metrics, export or view prints with --json",
    oneOf: [...ofTrain, ...others],
  };
}

const DEVICE = objectOf<DeviceInfo>({
  index: INTEGER,
  name: TEXT,
  hasCode: described(FLAG, "whether the library has code for it"),
  targets: described(TEXT, "targets of the library whose code runs on it"),
  computeCapability: described(INTEGER, "10 * major + minor; 0 on the CPU backend"),
  driverVersion: described(INTEGER, "13000 is 13.0; 0 on the CPU backend"),
  threads: described(INTEGER, "hardware threads of a CPU, multiprocessors of a GPU"),
  memoryTotal: described(INTEGER, "bytes"),
  memoryFree: described(INTEGER, "bytes"),
});

const LIBRARY = objectOf<LibraryReport>({
  backend: BACKEND,
  path: { optional: TEXT },
  build: {
    optional: objectOf<BuildInfo>({
      backend: BACKEND,
      version: described(TEXT, "of tame"),
      compiler: TEXT,
      targets: list(TEXT, "instruction sets or GPU architectures with code in the file"),
    }),
  },
  devices: list(DEVICE, "also those for which the library has no code"),
  problem: { optional: described(TEXT, "why it cannot be used; absent if it can") },
});

/** The schema of `doctor --json`. */
export function doctorSchema(): Schema {
  return {
    $schema: DIALECT,
    title: "Report of doctor --json",
    ...object({
      versions: object({ tame: TEXT, deno: TEXT }),
      photos: object({
        versions: { optional: object({ sharp: TEXT, vips: TEXT }) },
        problem: { optional: described(TEXT, "why photos cannot be decoded; absent if they can") },
      }),
      libraries: list(LIBRARY, "those that were looked for"),
      usable: list(BACKEND, "backends that can be used, the first of them by --backend auto"),
    }),
  };
}
