// The table of inputs: each kind of odd capture in each format that can have it, and the guide's table of them.

import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import { cameraCenter } from "../../load/camera.ts";
import { loadScene } from "../../load/scene.ts";
import { page } from "../docs/markdown.ts";
import { withFolder } from "./fixtures.ts";
import { cleanContent, type FormatName, writePhotos, WRITERS } from "./inputs/capture.ts";
import { type Case, CASES, type Outcome } from "./inputs/cases.ts";

const FOLD = { eval: true, testEvery: 3, testOffset: 1 };

/** What training depends on, with lengths in units of the extent from the mean of the cameras. */
interface Substance {
  /** By name: photo, lens, rotation and position of each view, and whether it is held out. */
  views: Map<string, { pixels: number[]; numbers: number[]; heldOut: boolean }>;
  points: number[];
}

async function substanceOf({ train, test, points, extent }: Scene): Promise<Substance> {
  const all = [...train, ...test];
  const centers = all.map(({ camera }) => cameraCenter(camera));
  const mean = [0, 1, 2].map((axis) => centers.reduce((sum, center) => sum + center[axis] / centers.length, 0));
  const relative = (values: Iterable<number>) => Array.from(values, (value, i) => (value - mean[i % 3]) / extent);
  const views: Substance["views"] = new Map();
  for (const [i, { name, camera, photo }] of all.entries()) {
    const { width, height, fx, fy, cx, cy, rotation } = camera;
    const numbers = [width, height, fx, fy, cx, cy, ...rotation, ...relative(centers[i])];
    const { data } = await photo();
    views.set(name.normalize(), { pixels: [...data], numbers, heldOut: i >= train.length });
  }
  return { views, points: relative(points.positions) };
}

function assertSame(actual: Substance, expected: Substance): void {
  assertEquals([...actual.views.keys()].sort(), [...expected.views.keys()].sort());
  for (const [name, { pixels, numbers, heldOut }] of expected.views) {
    const view = actual.views.get(name)!;
    assertEquals([view.heldOut, view.pixels], [heldOut, pixels], name);
    view.numbers.forEach((value, i) => assertAlmostEquals(value, numbers[i], 1e-6, `${name}, number ${i}`));
  }
  assertEquals(actual.points.length, expected.points.length);
  actual.points.forEach((value, i) => assertAlmostEquals(value, expected.points[i], 1e-5, `coordinate ${i} of points`));
}

/** Loads a case. */
async function load(format: FormatName, { states, files, options }: Partial<Case>, folder: string): Promise<Scene> {
  const clean = cleanContent();
  await writePhotos(folder, clean.shots);
  await WRITERS[format](folder, states?.(clean) ?? clean);
  await files?.(folder);
  return await loadScene(folder, { ...FOLD, ...options });
}

let expected: Promise<Substance> | undefined;

/** The clean capture in COLMAP's format, which all others are compared with. */
function expectedSubstance(): Promise<Substance> {
  return expected ??= (async () => {
    let substance: Substance | undefined;
    await withFolder(async (folder) => {
      substance = await substanceOf(await load("COLMAP, binary", {}, folder));
    });
    return substance!;
  })();
}

async function assertOutcome(outcome: Outcome, loading: () => Promise<Scene>): Promise<void> {
  const { same, lens, masked, notice, error, views = cleanContent().shots.length } = outcome;
  if (error !== undefined) {
    const failure = await assertRejects(async () => {
      for (const view of (await loading()).train) await view.photo();
    }, Error);
    assertMatch(failure.message, error);
    return;
  }
  const scene = await loading();
  assertEquals(scene.train.length + scene.test.length, views);
  const { notices = [] } = scene;
  if (notice !== undefined) assert(notices.some((line) => notice.test(line)), notices.join("\n") || "no notice");
  if (lens !== undefined) { for (const { camera } of scene.train) assertEquals([camera.width, camera.fx], lens); }
  if (masked) { for (const view of scene.train) assert((await view.photo()).mask !== undefined, view.name); }
  if (same) assertSame(await substanceOf(scene), await expectedSubstance());
}

for (const odd of CASES) {
  const { input, outcome, formats } = odd;
  for (const format of formats) {
    Deno.test(`${input}, ${format}`, () =>
      withFolder((folder) =>
        assertOutcome(typeof outcome === "function" ? outcome(format) : outcome, () => load(format, odd, folder))
      ));
  }
}

Deno.test("the guide's table of inputs is the one that is tested", () => {
  const rows = [...page("docs/guide/inputs.md").matchAll(/^\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)]
    .map(([, input, happens, formats]) => ({ input, happens, formats }))
    .filter(({ input }) => input !== "input" && !input.startsWith("-"));
  const tested = CASES.map(({ input, happens, formats }) => ({ input, happens, formats: formats.join("; ") }));
  assertEquals(rows, tested);
  assert(CASES.reduce((sum, { formats }) => sum + formats.length, 0) >= 40);
});
