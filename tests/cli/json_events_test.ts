// What --json prints is what docs/schemas says: every event of runs with several strategies, evaluations, a pause, an
// early end and numbers that are not finite. Tests of whole commands check theirs by tests/support/events.ts too.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Ajv } from "ajv";
import { parse } from "../../cli/argv.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { Reporter } from "../../cli/progress.ts";
import { AllSinks } from "../../cli/sinks/all.ts";
import { FolderSink } from "../../cli/sinks/folder.ts";
import { JsonSink } from "../../cli/sinks/json.ts";
import { RecordSink } from "../../cli/sinks/record.ts";
import type { RunSetup } from "../../cli/sinks/sink.ts";
import { newRun } from "../../load/run_config.ts";
import { doctorSchema, eventsSchema } from "../../scripts/generate/output_schemas.ts";
import { TrainController } from "../../train/controller.ts";
import type { TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import type { TimePlan } from "../../train/time_plan.ts";
import { withFolder } from "../load/fixtures.ts";
import { deviceTest } from "../support/device.ts";
import { eventsIn } from "../support/events.ts";
import { ended, start } from "../support/process.ts";
import { Recorder } from "../support/recorder.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

const EVENTS = { densifyFromIter: 5, densificationInterval: 10, densifyUntilIter: 35 };
const SHORT = { iterations: 40, budget: 2, ...EVENTS };

deviceTest("every event of a run is what docs/schemas/events.schema.json says", async (device) => {
  const scene = await syntheticScene(device);
  const types = new Set<string>();
  /** The events that a run prints; `onEvent` sees each before it is printed. */
  const printed = async (options: TrainOptions, onEvent: (event: TrainEvent) => void = () => {}) => {
    let output = "";
    await withFolder(async (folder) => {
      const { values } = parse(["-s", "capture"], TRAIN_OPTIONS);
      const streams = new Recorder(false);
      const reporter = new Reporter({ json: true, streams });
      const setup: RunSetup = { values, device, scene, folder, run: newRun(), loadSeconds: 0 };
      const written = new FolderSink(setup);
      const record = new RecordSink(setup, { folder: written });
      const { signal } = new AbortController();
      const json = new JsonSink(reporter, setup, { folder: written, record, signal });
      const sinks = new AllSinks([written, record, json]);
      try {
        for await (const event of train(device, scene, options)) {
          onEvent(event);
          await sinks.event(event);
          if (event.type === "done") event.gaussians[Symbol.dispose]();
        }
      } finally {
        output = streams.output;
      }
    });
    const events = eventsIn(output);
    for (const { type } of events) types.add(type);
    return events;
  };

  const controller = new TrainController();
  const usual = await printed(
    { ...SHORT, testIterations: [20], previewIterations: [10], checkpointIterations: [30], controller },
    ({ type, iteration }) => {
      if (type === "save") controller.pause();
      if (type === "preview") controller.pause();
      if (type === "pause") setTimeout(() => controller.resume());
      assert(iteration <= 40);
    },
  );
  assertEquals(usual.at(-1).result.iteration, 40);
  for (const strategy of ["absgrad", "mcmc", "adc"] as const) await printed({ ...SHORT, strategy });
  // Whether a plan of the time comes to these depends on the machine.
  const timePlan: TimePlan = {
    ...{ maxSeconds: 5, iterations: 9, decided: true, most: 40, rehearsalSeconds: 0.5, expectedSeconds: 4.5 },
  };
  const { iteration, gaussians, iterations } = usual[0];
  const decided = { type: "iterations", iteration, gaussians, iterations, timePlan, schedule: { hoIteration: 5 } };
  for (const event of [decided, { ...usual[0], timePlan }]) types.add(eventsIn(JSON.stringify(event))[0].type);

  const stop = new AbortController();
  const stopped = await printed({ ...SHORT, signal: stop.signal }, ({ type }) => type === "densify" && stop.abort());
  const last = (events: Awaited<ReturnType<typeof printed>>) => events.findLast(({ type }) => type === "save");
  assertEquals([stopped.at(-1).result.aborted, last(stopped).ending], [true, "aborted"]);
  const unstarted = await printed({ ...SHORT, signal: AbortSignal.abort() });
  assertEquals([unstarted.at(-1).result.loss, unstarted.at(-1).path], [null, null], "JSON has no NaN");

  const hopeless = { iterations: 300, scalingLr: 10, onDivergence: "continue" } as const;
  const diverged = await printed(hopeless);
  assert(last(diverged).nonFinite > 0 && diverged.some(({ type }) => type === "warning"));

  // All types, so that a new one is not forgotten here.
  const all: Record<TrainEvent["type"], true> = {
    ...{
      plan: true,
      iterations: true,
      photo: true,
      step: true,
      densifying: true,
      densify: true,
      view: true,
      evaluate: true,
      save: true,
    },
    ...{ preview: true, checkpoint: true, pause: true, resume: true, warning: true, done: true },
  };
  assertEquals([...types].sort(), Object.keys(all).sort());
});

Deno.test("the schema of events rejects unknown types, and missing, wrong and unknown properties", () => {
  const good = { type: "densifying", iteration: 5, gaussians: 3, event: 1, events: 2 };
  eventsIn(JSON.stringify(good));
  for (const change of [{ type: "others" }, { event: undefined }, { event: 1.5 }, { gaussians: {} }, { more: 1 }]) {
    assertThrows(() => eventsIn(JSON.stringify({ ...good, ...change })));
  }
  const fits = new Ajv({ allowUnionTypes: true }).compile(eventsSchema());
  assertEquals([fits(good), fits({ ...good, more: 1 })], [true, false]);
});

Deno.test("doctor --json prints what docs/schemas/doctor.schema.json says", async () => {
  const fits = new Ajv({ allowUnionTypes: true }).compile(doctorSchema());
  const environments: Record<string, string>[] = [{}, { TAME_LIBRARY: "/nowhere/libtame_cpu.so" }];
  for (const env of environments) {
    const { stdout } = await ended(start("cli.ts", ["doctor", "--json"], { env }));
    const report = JSON.parse(stdout);
    assertEquals([fits(report), fits.errors], [true, null], stdout);
    assertEquals(fits(Object.assign(report, { usable: ["abacus"] })), false);
  }
});
