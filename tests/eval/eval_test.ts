// Evaluation on floats, pictures of the views, and the scores of a folder of pictures.
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { Image8, View } from "../../base/scene.ts";
import { scoreModel } from "../../eval/metrics.ts";
import { writePng } from "../../eval/png.ts";
import { rendersPath, renderViews } from "../../eval/render.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { readImage } from "../../load/images.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { deviceTest } from "../support/device.ts";

const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const camera = { width: 20, height: 14, fx: 20, fy: 20, cx: 10, cy: 7, rotation, translation: [0, 0, 0] };

/** A view whose photo has one value everywhere. */
function flatView(name: string, value: number): View {
  const photo: Image8 = { width: 20, height: 14, channels: 3, data: new Uint8Array(20 * 14 * 3).fill(value) };
  const original = { width: 20, height: 14, fx: 20, fy: 20 };
  return { name, path: `/nowhere/${name}.png`, camera, original, photo: () => Promise.resolve(photo) };
}

deviceTest("evaluate() compares clamped floats with photos and averages over views", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  const background: [number, number, number] = [2, 2, 2]; // clamped to white
  const report = await evaluate(nothing, [flatView("a", 204), flatView("b", 255)], { background });
  assertEquals(report.views.map((view) => view.name), ["a", "b"]);
  assertAlmostEquals(report.views[0].psnr, 20 * Math.log10(1 / 0.2), 1e-5);
  assertAlmostEquals(report.views[0].l1, 0.2, 1e-6);
  assertEquals(report.views[1].psnr, Infinity);
  assertAlmostEquals(report.views[1].ssim, 1, 1e-9);
  assertAlmostEquals(report.l1, 0.1, 1e-6);
  assertAlmostEquals(report.ssim, (report.views[0].ssim + 1) / 2, 1e-12);
});

deviceTest("evaluate() stops before the next view when its signal fires", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  const controller = new AbortController();
  let seen = 0;
  const onView = (): void => {
    seen++;
    controller.abort();
  };
  const views = [flatView("a", 0), flatView("b", 0)];
  await assertRejects(() => evaluate(nothing, views, { signal: controller.signal, onView }), DOMException);
  assertEquals(seen, 1);
});

/** A flat view whose photo is damaged: told at once, as a file that is not there is. */
function damagedView(name: string): View {
  const photo = (): Promise<Image8> => Promise.reject(new DataError("Photo cannot be read", { path: name }));
  return { ...flatView(name, 0), photo };
}

deviceTest("renderViews() and evaluate() reject with the photo's error when one is damaged", async (device) => {
  const folder = await Deno.makeTempDir();
  try {
    using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
    for (const views of [[damagedView("a.png")], [flatView("b", 0), damagedView("a.png"), flatView("c", 0)]]) {
      const seen: number[] = [];
      const onView = (done: number): void => void seen.push(done);
      await assertRejects(() => renderViews(nothing, views, folder, { onView }), DataError, "a.png");
      await assertRejects(() => evaluate(nothing, views, { onView }), DataError, "a.png");
      assertEquals(seen, views.length === 1 ? [] : [1, 1]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

deviceTest("evaluate() has the next photo decoded while it works on a view", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  const started: string[] = [];
  const views = ["a", "b", "c"].map((name) => {
    const view = flatView(name, 0);
    return { ...view, photo: () => (started.push(name), view.photo()) };
  });
  const counts: number[] = [];
  await evaluate(nothing, views, { onView: () => counts.push(started.length) });
  assertEquals(counts, [2, 3, 3]);
  assertEquals(started, ["a", "b", "c"]);
});

deviceTest("renderViews() and scoreModel() write numbered pictures and the reference's tables", async (device) => {
  const folder = await Deno.makeTempDir();
  try {
    using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
    await assertRejects(() => scoreModel(device, folder), DataError, "No rendered test views");
    const views = [flatView("a", 51), flatView("b", 128), flatView("c", 0)];
    const background: [number, number, number] = [0.2, 0.2, 0.2];
    await renderViews(nothing, views, rendersPath(folder, "test", 7000), { background });
    await renderViews(nothing, views.slice(0, 2), rendersPath(folder, "test", 7000), { background });
    for (const sub of ["renders", "gt"]) {
      const names = (await Array.fromAsync(Deno.readDir(`${folder}/test/ours_7000/${sub}`))).map((file) => file.name);
      assertEquals(names.sort(), ["00000.png", "00001.png"]); // the third, of the earlier run, is gone
    }
    const render = await readImage(`${folder}/test/ours_7000/renders/00001.png`);
    assert(render.data.every((value) => value === 51), "0.2 is 51 of 255, losslessly");

    const scores = await scoreModel(device, folder);
    const { means, pictures } = scores.ours_7000;
    assertEquals([means.PSNR, pictures[0].scores.PSNR], [Infinity, Infinity]);
    assertAlmostEquals(pictures[1].scores.PSNR, 20 * Math.log10(255 / 77), 1e-5);
    const text = await Deno.readTextFile(`${folder}/per_view.json`);
    assert(text.startsWith('{\n "ours_7000": {\n  "SSIM": {\n   "00000.png": 1'), text);
    const results = JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
    assertEquals(Object.keys(results.ours_7000), ["SSIM", "PSNR", "SSIM_valid"]);
    assertAlmostEquals(results.ours_7000.SSIM, means.SSIM, 1e-12);

    await writePng(`${folder}/test/ours_7000/gt/00001.png`, { ...await views[1].photo(), width: 14, height: 20 });
    await assertRejects(() => scoreModel(device, folder), DataError, "its render 20 x 14");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
