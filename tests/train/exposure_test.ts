// Runs that learn the exposure of their photos: what they find, and what stays as it is without.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import type { Exposures } from "../../base/exposure.ts";
import { OptionError } from "../../base/option.ts";
import type { Image8, Scene, View } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import type { Trainer } from "../../ffi/trainer.ts";
import { evaluate } from "../../measure/evaluate.ts";
import type { EvaluateEvent, PlanEvent, SaveEvent } from "../../train/events.ts";
import { RunExposures } from "../../train/exposure/exposures.ts";
import { train } from "../../train/loop.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";
import { wallScene } from "../support/wall_scene.ts";

/** No evaluations, no densification, and no warning about that. */
const QUIET: TrainOptions = { testIterations: [-1], densifyUntilIter: 0, budget: 1, shDegree: 0 };
const VIEWS = 12;
/** Noise of the photos in bytes, so that renders are about as far from them as in a real capture. */
const NOISE = 8;

/** Gains of a view, from 1 / `most` to `most`, with a tint; of each channel their product over the views is about 1. */
function gainOf(view: number, channel: number, most: number): number {
  const tint = 0.05 * Math.cos(Math.PI * view) * (channel - 1);
  return Math.exp(Math.log(most) * Math.sin(2 * Math.PI * 3 * (view + 0.5) / VIEWS) + tint);
}

/** Trains on a scene, and compares with the photos of another. */
async function lookOf(
  device: Device,
  scene: Scene,
  { clean, exposure }: { clean: Scene; exposure: TrainOptions["exposure"] },
): Promise<{ psnr: number; exposures?: Exposures }> {
  for await (const event of train(device, scene, { ...QUIET, iterations: 300, exposure })) {
    if (event.type !== "done") continue;
    using gaussians = event.gaussians;
    return { psnr: (await evaluate(gaussians, clean.train)).psnr, exposures: event.exposures };
  }
  throw new Error("no last event");
}

for (
  const [name, { brightness, most }, loss] of [
    ["gains that clip nothing", { brightness: 1, most: 1.6 }, 0.2],
    ["gains from 1/2 to 2 that clip the brightest", { brightness: 1.2, most: 2 }, 0.5],
  ] as const
) {
  deviceTest(`train() finds the look of photos that differ by ${name}`, async (device) => {
    const clean = wallScene(VIEWS, () => brightness, NOISE);
    const scene = wallScene(VIEWS, (view, channel) => brightness * gainOf(view, channel, most), NOISE);
    const { psnr: expected } = await lookOf(device, clean, { clean, exposure: "none" });
    const { psnr, exposures } = await lookOf(device, scene, { clean, exposure: "auto" });
    assertGreater(psnr, expected - loss);
    assertEquals(exposures!.kind, "gains");
    scene.train.forEach(({ name }, view) => {
      const transform = exposures!.views[name];
      for (const c of [0, 1, 2]) assertAlmostEquals(transform[5 * c] / gainOf(view, c, most), 1, 0.02, name);
    });
    const { psnr: without } = await lookOf(device, scene, { clean, exposure: "none" });
    assertLess(without, expected - 2);
  });
}

deviceTest("train() finds affine changes of colour up to their mean", async (device) => {
  const scene = wallScene(VIEWS, (view, channel) => gainOf(view, channel, 1.6), NOISE);
  const { exposures } = await lookOf(device, scene, { clean: scene, exposure: "affine" });
  for (const channel of [0, 1, 2]) {
    // What the photos have in common is in the Gaussians.
    const ratios = scene.train.map(({ name }, i) => exposures!.views[name][5 * channel] / gainOf(i, channel, 1.6));
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / VIEWS;
    for (const ratio of ratios) assertAlmostEquals(ratio / mean, 1, 0.03);
  }
});

/** The synthetic scene with each training photo darker by its own factor. */
async function gained(device: Device): Promise<Scene> {
  const scene = await syntheticScene(device);
  const altered = async (view: View, i: number): Promise<View> => {
    const photo = await view.photo();
    const image: Image8 = { ...photo, data: photo.data.map((byte) => Math.round([0.5, 0.9][i % 2] * byte)) };
    return { ...view, photo: () => Promise.resolve(image) };
  };
  return { ...scene, train: await Promise.all(scene.train.map(altered)) };
}

deviceTest("train() begins with the same loss with exposures as without, and takes other steps", async (device) => {
  const scene = await syntheticScene(device);
  const losses = async (exposure: TrainOptions["exposure"]) =>
    (await trained(device, scene, { ...QUIET, iterations: 30, exposure })).losses;
  const [none, gains, affine] = [await losses("none"), await losses("gains"), await losses("affine")];
  assertEquals([gains[0], affine[0]], [none[0], none[0]]);
  assertNotEquals(gains[29], none[29]);
  assertNotEquals(affine[29], gains[29]);
});

deviceTest("train() decides by the photos whether to learn exposures, and says so", async (device) => {
  const options = { ...QUIET, iterations: 20 };
  for (const size of [0, 0.3]) {
    const scene = wallScene(10, (view) => Math.exp(size * Math.sin(2 * view)));
    const auto = await trained(device, scene, { ...options, exposure: "auto" });
    const plan = auto.events[0] as PlanEvent;
    assertEquals(plan.exposure.exposure, size === 0 ? "none" : "gains");
    assert(plan.exposure.reason!.includes(size === 0 ? "the same" : "differ"));
    if (size > 0) continue;
    const none = await trained(device, scene, { ...options, exposure: "none" });
    assertEquals(auto.losses, none.losses);
    assertSameBits(auto.rows, none.rows, "Gaussians");
    assertEquals((none.events[0] as PlanEvent).exposure, { exposure: "none", reason: undefined });
  }
});

deviceTest("train() evaluates and saves with exposures, and names views by them", async (device) => {
  const scene = await gained(device);
  const options = {
    ...QUIET,
    iterations: 200,
    testIterations: [200],
    saveIterations: [100],
    exposure: "gains" as const,
  };
  const { events } = await trained(device, scene, options);
  const saves = events.filter((event): event is SaveEvent => event.type === "save");
  assertEquals(saves.map(({ iteration }) => iteration), [100, 200]);
  const names = [...scene.train, ...scene.test].map(({ name }) => name);
  for (const { exposures } of saves) assertEquals(Object.keys(exposures!.views), names);
  assertNotEquals(saves[1].exposures, saves[0].exposures);
  const sets = events.filter((event): event is EvaluateEvent => event.type === "evaluate");
  assertEquals(sets.map(({ set, corrected }) => [set, corrected !== undefined]), [["test", true], ["train", true]]);
  // With its own exposure a training view is far closer to its photo than with the mean look.
  const plain = await trained(device, scene, { ...options, exposure: "none" });
  const [, without] = plain.events.filter((event): event is EvaluateEvent => event.type === "evaluate");
  assertGreater(sets[1].psnr, without.psnr + 1);
  assertEquals(without.corrected, undefined);
});

/** A trainer that has these parameters. */
function trainerWith(parameters: number[]): Trainer {
  const bytes = new Uint8Array(new Float32Array(parameters).buffer);
  return { state: { read: () => Promise.resolve(bytes) } } as unknown as Trainer;
}

/** Views of these names and exposures. */
function named(exposures: Record<string, number | undefined>): View[] {
  return Object.entries(exposures).map(([name, exposure]) => ({ name, exposure }) as View);
}

Deno.test("RunExposures: a view that is held out is between its neighbours, where they predict the others", async () => {
  // A ramp: each of the inner ones is the mean of its neighbours.
  const names = Array.from("abcdefghijklmnopqrstu").filter((name) => name !== "h");
  const train = named(Object.fromEntries(names.map((name) => [name, undefined])));
  const run = new RunExposures("gains", { train, test: named({ h: undefined }) });
  const ramp = (name: string) => 0.1 * (name.charCodeAt(0) - "k".charCodeAt(0));
  await run.update(trainerWith(names.flatMap((name) => [1, 0.5, 0.2].map((size) => size * ramp(name)))));
  [1, 0.5, 0.2].forEach((size, c) => assertAlmostEquals(Math.log(run.current.views.h[5 * c]), -0.3 * size, 0.01));
  // Neighbours that alternate say nothing about each other: the mean look.
  await run.update(trainerWith(names.flatMap((_, i) => Array(3).fill(i % 2 === 0 ? 0.3 : -0.3))));
  assertEquals(run.current.views.h, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  assertAlmostEquals(run.current.views.a[0], Math.exp(0.3), 1e-6);
});

Deno.test("RunExposures: a view that is held out has the exposure that its photo states", async () => {
  const train = named({ a: 1, b: 4, c: 1, d: 4 });
  const gain = Math.log(2) / 2.2; // half of the difference of two stops
  for (const kind of ["gains", "affine"] as const) {
    const run = new RunExposures(kind, { train, test: named({ bb: 8, cc: undefined }) });
    const own = [-gain, gain, -gain, gain].map((own) => kind === "gains" ? own : Math.exp(own) / Math.cosh(gain) - 1);
    const rows = kind === "gains"
      ? own.map((value) => [value, value, value])
      : own.map((value) => [value, 0, 0, 0, 0, value, 0, 0, 0, 0, value, 0]);
    await run.update(trainerWith(rows.flat()));
    const { views } = run.current;
    const mean = kind === "gains" ? 1 : Math.cosh(gain);
    assertAlmostEquals(views.b[0], Math.exp(gain) / mean, 1e-6);
    assertAlmostEquals(views.bb[5], Math.exp(2 * gain) / mean, 1e-5);
    assertAlmostEquals(views.cc[10], 1 / mean, 1e-6);
  }
});

Deno.test("exposures and parity with the reference exclude each other", () => {
  const parity = ["exposure"] as const;
  assertEquals(resolveTrainOptions({ parity, exposure: "auto" }).exposure, "auto");
  try {
    resolveTrainOptions({ parity, exposure: "gains" });
    assert(false);
  } catch (error) {
    assert(error instanceof OptionError);
    assert(error.message.includes("Cannot use exposure gains with parity"), error.message);
  }
});
