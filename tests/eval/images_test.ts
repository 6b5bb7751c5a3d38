// Rendered images of the views, and the scores of a folder of images.
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { scoreModel } from "../../eval/metrics.ts";
import { writePng } from "../../eval/png.ts";
import { rendersPath, renderViews } from "../../eval/render.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { readImage } from "../../load/images.ts";
import { deviceTest } from "../support/device.ts";
import { damagedView, flatView } from "../support/flat_views.ts";

deviceTest("renderViews() rejects with the photo's error when one is damaged", async (device) => {
  const folder = await Deno.makeTempDir();
  try {
    using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
    for (const views of [[damagedView("a.png")], [flatView("b", 0), damagedView("a.png"), flatView("c", 0)]]) {
      const seen: number[] = [];
      const onView = (done: number): void => void seen.push(done);
      await assertRejects(() => renderViews(nothing, views, folder, { onView }), DataError, "a.png");
      assertEquals(seen, views.length === 1 ? [] : [1]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

deviceTest("renderViews() and scoreModel() write numbered images and the reference's tables", async (device) => {
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
    const { means, images } = scores.ours_7000;
    assertEquals([means.PSNR, images[0].scores.PSNR], [Infinity, Infinity]);
    assertAlmostEquals(images[1].scores.PSNR, 20 * Math.log10(255 / 77), 1e-5);
    const text = await Deno.readTextFile(`${folder}/per_view.json`);
    assert(text.startsWith('{\n "ours_7000": {\n  "SSIM": {\n   "00000.png": 1'), text);
    const results = JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
    assertEquals(Object.keys(results.ours_7000), ["SSIM", "PSNR", "SSIM_valid", "PSNR_cc", "SSIM_cc"]);
    assertAlmostEquals(results.ours_7000.SSIM, means.SSIM, 1e-12);

    await writePng(`${folder}/test/ours_7000/gt/00001.png`, { ...await views[1].photo(), width: 14, height: 20 });
    await assertRejects(() => scoreModel(device, folder), DataError, "its render 20 x 14");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
