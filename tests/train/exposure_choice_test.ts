// train/exposure/: whether exposure varies, by EXIF data or by the photos, and by how much.
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Scene, View } from "../../base/scene.ts";
import { chooseExposure, variationOf } from "../../train/exposure/choice.ts";
import { fitExposure, type LogGains } from "../../train/exposure/fit.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { type Look, wallScene } from "../support/wall_scene.ts";

const AUTO = resolveTrainOptions({ exposure: "auto" });
/** Gains of view v in channel c; of each channel their logarithms have mean 0 over twelve views. */
const GAINS: Look = (v, c) =>
  Math.exp(0.3 * Math.sin(2 * Math.PI * (5 * v / 12)) + 0.05 * Math.cos(Math.PI * v) * (c - 1));

/** The scene with the exposures that its photos state. */
function stating(scene: Scene, exposureOf: (view: number) => number | undefined): Scene {
  return { ...scene, train: scene.train.map((view, i): View => ({ ...view, exposure: exposureOf(i) })) };
}

/** The scene, and how many of its photos were decoded. */
function counted(scene: Scene): { scene: Scene; decoded: () => number } {
  let decoded = 0;
  const count = (view: View): View => ({ ...view, photo: () => (decoded++, view.photo()) });
  return { scene: { ...scene, train: scene.train.map(count) }, decoded: () => decoded };
}

Deno.test("fitExposure() finds the gains of photos to 2 %", async () => {
  const { train, points } = wallScene(12, GAINS);
  const fit = (await fitExposure(train, points))!;
  assertEquals(fit.views, train);
  fit.gains.forEach((gains, v) =>
    gains.forEach((gain, c) => assertAlmostEquals(gain, Math.log(GAINS(v, c, 0)), 0.02, `view ${v}, channel ${c}`))
  );
  assert(variationOf(fit).varies);
});

/** The gains of views whose halves share `shared` of what they say, with another sign in each view. */
function halvesOf(views: number, shared: number, own: number): Parameters<typeof variationOf>[0] {
  const pattern = (view: number, size: number, period: number) => Math.floor(view / period) % 2 === 0 ? size : -size;
  const half = (sign: number) =>
    Array.from({ length: views }, (_, v): LogGains => {
      const gain = pattern(v, shared, 1) + sign * pattern(v, own, 2);
      return [gain, gain, gain];
    });
  return { views: [], gains: half(0), halves: [half(1), half(-1)] };
}

Deno.test("variationOf() needs gains that are large, and that both halves of enough photos agree on", () => {
  const cases: [views: number, shared: number, own: number, correlation: number, varies: boolean][] = [
    [8, 0.1, 0, 1, true],
    [8, 0.02, 0, 1, false],
    [40, 0.1, 0.05, 0.6, true],
    [8, 0.1, 0.05, 0.6, false],
    [200, 0.1, 0.08, 0.22, false],
    [40, 0, 0.1, -1, false],
  ];
  for (const [views, shared, own, expected, varies] of cases) {
    const variation = variationOf(halvesOf(views, shared, own));
    assertAlmostEquals(variation.correlation, expected, 0.01);
    assertAlmostEquals(variation.spread, Math.sqrt(Math.max(shared ** 2 - own ** 2, 0)), 1e-9);
    assertEquals(variation.varies, varies, `${views} views, ${shared}, ${own}`);
  }
});

Deno.test("chooseExposure() trains gains, from those of the fit on, where photos differ by them", async () => {
  const { exposure, reason, start } = await chooseExposure(wallScene(12, GAINS), AUTO);
  assertEquals(exposure, "gains");
  assertStringIncludes(reason!, "differ by 1.9 stops");
  start!.forEach((gains, v) => gains.forEach((gain, c) => assertAlmostEquals(gain, Math.log(GAINS(v, c, 0)), 0.02)));
});

Deno.test("chooseExposure() fits all views of a capture that has more than it needs to decide", async () => {
  const look: Look = (v) => Math.exp(0.3 * Math.sin(v));
  const { scene, decoded } = counted(wallScene(70, look));
  const { start } = await chooseExposure(scene, AUTO);
  assertEquals(decoded(), 24 + 70);
  const mean = start!.reduce((sum, _, v) => sum + 0.3 * Math.sin(v), 0) / 70;
  start!.forEach(([gain], v) => assertAlmostEquals(gain, 0.3 * Math.sin(v) - mean, 0.02));
});

Deno.test("chooseExposure() trains none where photos have one exposure, also with noise and shading", async () => {
  const looks: Look[] = [
    () => 1,
    (v, c) => 1 + 0.01 * Math.sin(7 * v + 3 * c),
    (v, _, across) => 1 + 0.2 * Math.sin(3 * v) * (across < 0.5 ? -1 : 1), // each half for itself
  ];
  for (const look of looks) {
    const { exposure, reason, start } = await chooseExposure(wallScene(12, look), AUTO);
    assertEquals([exposure, start], ["none", undefined]);
    assertStringIncludes(reason!, "the same exposure");
  }
});

Deno.test("chooseExposure() decodes no photo where there is nothing to compare", async () => {
  const wall = wallScene(12, GAINS);
  const few = { ...wall, points: { count: 40, positions: wall.points.positions, colors: wall.points.colors } };
  for (const scene of [few, { ...wall, train: wall.train.slice(0, 7) }]) {
    const { scene: watched, decoded } = counted(scene);
    assertEquals(await chooseExposure(watched, AUTO), { exposure: "none", reason: undefined });
    assertEquals(await chooseExposure(watched, { ...AUTO, exposure: "affine" }), { exposure: "affine" });
    assertEquals(decoded(), 0);
  }
  const transparent = { ...wall, train: wall.train.map((view) => ({ ...view, alpha: true })) };
  assertEquals((await chooseExposure(transparent, AUTO)).exposure, "none");
});

Deno.test("chooseExposure() leaves photos that cannot be read to the run", async () => {
  const wall = wallScene(12, GAINS);
  const broken = (view: View, i: number): View =>
    i === 3 ? { ...view, photo: () => Promise.reject(new Error("no")) } : view;
  const { exposure, start } = await chooseExposure({ ...wall, train: wall.train.map(broken) }, AUTO);
  assertEquals(exposure, "gains");
  assertEquals(start![3], [0, 0, 0]);
});

Deno.test("chooseExposure() starts at the EXIF data's exposures where they differ, in stored values", async () => {
  const scene = stating(wallScene(12), (v) => v % 2 === 0 ? 0.1 : 0.4);
  for (const exposure of ["auto", "gains", "affine"] as const) {
    const { start, ...choice } = await chooseExposure(scene, { ...AUTO, exposure });
    assertEquals(choice.exposure, exposure === "affine" ? "affine" : "gains");
    if (exposure === "auto") assertStringIncludes(choice.reason!, "EXIF data state exposures that differ by 2.0 stops");
    start!.forEach((gains, v) =>
      gains.forEach((gain) => assertAlmostEquals(gain, (v % 2 === 0 ? -1 : 1) * Math.log(2) / 2.2, 1e-12))
    );
  }
});

Deno.test("chooseExposure() ignores EXIF data that are all alike, or not in every photo", async () => {
  for (const exposureOf of [() => 0.3, (v: number) => v === 5 ? undefined : 1 + v]) {
    const scene = stating(wallScene(12), exposureOf);
    assertEquals((await chooseExposure(scene, AUTO)).exposure, "none");
    assertEquals(await chooseExposure(scene, { ...AUTO, exposure: "gains" }), { exposure: "gains" });
  }
});

Deno.test("chooseExposure() trains none with parity, and where none is asked for", async () => {
  const { scene, decoded } = counted(stating(wallScene(12, GAINS), (v) => 1 + v));
  const parity = resolveTrainOptions({ parity: "reference", hoIteration: 15_000, exposure: "auto" });
  assertEquals(await chooseExposure(scene, parity), { exposure: "none" });
  assertEquals(await chooseExposure(scene, { ...AUTO, exposure: "none" }), { exposure: "none" });
  assertEquals(decoded(), 0);
});
