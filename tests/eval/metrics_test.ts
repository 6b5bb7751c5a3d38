// The scores in results.json of a model on disk: of images, of the same renders unrounded, and LPIPS.

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import type { ColorTransform, Exposures } from "../../base/exposure.ts";
import type { Scene } from "../../base/scene.ts";
import { loadLpips, lpips } from "../../eval/lpips/lpips.ts";
import { encodeLpips } from "../../eval/lpips/weights_file.ts";
import { scoreModel } from "../../eval/metrics.ts";
import { writePng } from "../../eval/png.ts";
import { RENDER_FOLDERS, rendersPath, renderViews } from "../../eval/render.ts";
import { backgroundOf, type RenderRecord, writeRenderRecord } from "../../eval/render_record.ts";
import { readMeans, readScored } from "../../eval/results.ts";
import { encodeCameras } from "../../export/colmap.ts";
import { savePointCloud } from "../../export/model_folder.ts";
import { ABI } from "../../ffi/abi.ts";
import type { Device } from "../../ffi/device.ts";
import { LibraryError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { renderColors } from "../../ffi/rasterizer.ts";
import { fileHash } from "../../load/file_hash.ts";
import { readImage } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { clampColors, toFloat } from "../../measure/pixels.ts";
import { psnrReference, ssimReference } from "../reference/image.ts";
import { Random } from "../reference/random.ts";
import { deviceTest } from "../support/device.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";

/** A model folder with saved Gaussians and rendered test views, and what it was rendered from. */
interface World {
  model: string;
  scene: Scene;
  gaussians: Gaussians;
}

/** Halves red, and adds to blue. */
const LOOK: ColorTransform = [0.5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.125];

/** Runs a body over a model of 30 random Gaussians before the tiny capture's cameras. */
async function withModel(device: Device, body: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const source = join(folder, "capture"), model = join(folder, "model");
    await writeTinyCapture(source, { across: 3 });
    const scene = await loadScene(source, { eval: true });
    const random = new Random(4);
    const count = 30;
    using gaussians = Gaussians.fromArrays(device, {
      means: Float32Array.from({ length: 3 * count }, (_, i) => i % 3 === 2 ? 4 : 2 * random.uniform() - 1),
      logScales: new Float32Array(3 * count).fill(-1.2),
      quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
      opacities: new Float32Array(count).fill(1),
      sh: Float32Array.from({ length: 3 * count }, () => random.normal()),
      shDegree: 0,
    });
    const ply = await fileHash(await savePointCloud(gaussians, model, 7));
    const record: RenderRecord = { iteration: 7, ply, set: "test", source, eval: true, whiteBackground: true };
    const images = rendersPath(model, "test", 7);
    await renderViews(gaussians, scene.test, images, { background: backgroundOf(record) });
    await writeRenderRecord(images, record);
    await body({ model, scene, gaussians });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

deviceTest("renderViews() and scoreModel() give each view the exposure of its photo", async (device) => {
  await withModel(device, async ({ model, scene, gaussians }) => {
    const [first] = scene.test;
    const exposures: Exposures = { kind: "affine", views: { [first.name]: LOOK } };
    const ply = await fileHash(await savePointCloud(gaussians, model, 7, exposures));
    const record = { iteration: 7, ply, set: "test", source: scene.source, eval: true, whiteBackground: true } as const;
    const images = rendersPath(model, "test", 7), background = backgroundOf(record);
    const path = join(images, RENDER_FOLDERS.renders, "00000.png");
    const plain = await readImage(path);
    for (const alpha of [false, true]) {
      await renderViews(gaussians, scene.test, images, { background, exposures, alpha });
      const exposed = await readImage(path);
      const limits = [0.5, 1, 1], added = [0, 0, 0.125 * 255];
      plain.data.forEach((byte, i) => {
        const expected = Math.min(limits[i % 3] * byte + added[i % 3], 255);
        assertAlmostEquals(exposed.data[i], expected, 1, `byte ${i}`);
      });
    }
    await writeRenderRecord(images, { ...record, exposure: true });
    const report = await evaluate(gaussians, scene.test, { background, exposures });
    const { ours_7: { means } } = await scoreModel(device, model);
    assertEquals([means.PSNR_float, means.SSIM_float], [report.psnr, report.ssim]);
    assertEquals([means.PSNR_cc_float, means.SSIM_cc_float], [report.corrected!.psnr, report.corrected!.ssim]);
    assert(Math.abs(means.PSNR_cc - means.PSNR_cc_float) < 0.02);
    const without = await evaluate(gaussians, scene.test, { background });
    assert(without.psnr !== report.psnr && without.corrected === undefined);
    assertEquals(without.views[1].psnr, report.views[1].psnr); // the second has no exposure
  });
});

deviceTest("scoreModel() scores the images, and the same renders without rounding", async (device) => {
  await withModel(device, async ({ model, scene, gaussians }) => {
    const { ours_7: { means, images } } = await scoreModel(device, model);
    const report = await evaluate(gaussians, scene.test, { background: [1, 1, 1] });
    assertEquals([means.PSNR_float, means.SSIM_float], [report.psnr, report.ssim]);
    assert(means.PSNR !== means.PSNR_float && Math.abs(means.PSNR - means.PSNR_float) < 0.02);
    assertEquals(images.length, 2);
    for (const [i, { scores }] of images.entries()) {
      const image = clampColors(await renderColors(gaussians, scene.test[i].camera, { background: [1, 1, 1] }));
      const photo = toFloat(await scene.test[i].photo());
      assertAlmostEquals(scores.PSNR_float, psnrReference(image, photo), 1e-6);
      assertAlmostEquals(scores.SSIM_float, ssimReference(image, photo), 1e-6);
      assertAlmostEquals(scores.SSIM_valid_float, ssimReference(image, photo, { padding: "valid" }), 1e-6);
      const rounded = { ...image, rgb: image.rgb.map((value) => Math.floor(255 * value + 0.5) / 255) };
      assertAlmostEquals(scores.PSNR, psnrReference(rounded, photo), 1e-6);
    }
    const results = JSON.parse(await Deno.readTextFile(join(model, "results.json")));
    assertEquals(results, { ours_7: means });
    const own = ["SSIM", "PSNR", "SSIM_valid", "PSNR_cc", "SSIM_cc"];
    const names = [...own, ...own.map((name) => `${name}_float`)];
    assertEquals(Object.keys(means), names);
    const perView = JSON.parse(await Deno.readTextFile(join(model, "per_view.json")));
    assertEquals(Object.keys(perView.ours_7), names);
    assertEquals(perView.ours_7.SSIM_float["00001.png"], images[1].scores.SSIM_float);
  });
});

deviceTest("scoreModel() says whether a folder, or only its renders are missing", async (device) => {
  await assertRejects(() => scoreModel(device, "/nowhere/model"), DataError, "No such folder (/nowhere/model)");
  const folder = await Deno.makeTempDir();
  await assertRejects(() => scoreModel(device, folder), DataError, "No rendered test views");
  await Deno.remove(folder);
});

deviceTest(
  "scoreModel() scores the images and reports why when the views cannot be rendered again",
  async (device) => {
    await withModel(device, async ({ model, scene }) => {
      const reasons: string[] = [];
      const names = async (): Promise<string[]> => {
        const onInexact = (method: string, reason: string) => void reasons.push(`${method}: ${reason}`);
        return Object.keys((await scoreModel(device, model, { onInexact })).ours_7.means);
      };
      await Deno.remove(scene.source, { recursive: true });
      assertEquals(await names(), ["SSIM", "PSNR", "SSIM_valid", "PSNR_cc", "SSIM_cc"]);
      assertStringIncludes(reasons[0], "ours_7: No such file or folder");
      const record = join(model, "test", "ours_7", "render.json");
      await Deno.writeTextFile(record, "{");
      assertEquals((await names()).length, 5);
      assertStringIncludes(reasons[1], "File is not JSON; render the model again");
      await Deno.remove(record);
      assertEquals((await names()).length, 5);
      assertStringIncludes(reasons[2], "The record of how the images were rendered is missing");
      await Deno.remove(join(model, "point_cloud"), { recursive: true });
      assertEquals((await names()).length, 5);
    });
  },
);

deviceTest(
  "scoreModel() refuses images of Gaussians that have changed since, and scores the others",
  async (device) => {
    await withModel(device, async ({ model, gaussians }) => {
      await scoreModel(device, model);
      const results = join(model, "results.json");
      const before = await Deno.readTextFile(results);
      // The same bytes again are no change, whatever the times of the files say.
      const ply = await savePointCloud(gaussians, model, 7);
      await Deno.utime(ply, new Date(), new Date(Date.now() + 10_000));
      assertEquals("PSNR_float" in (await scoreModel(device, model)).ours_7.means, true);

      gaussians.upload("opacities", new Float32Array([0.5]), 0);
      await savePointCloud(gaussians, model, 7);
      await Deno.utime(ply, new Date(0), new Date(0));
      const error = await assertRejects(() => scoreModel(device, model), DataError, "render the model again");
      assertStringIncludes(error.message, ply);
      const failed: string[] = [];
      const onFailure = (method: string) => void failed.push(method);
      assertEquals(await scoreModel(device, model, { onFailure }), {});
      assertEquals(await Deno.readTextFile(results), before, "what was there is there");

      // Without a record the times decide.
      await Deno.remove(join(model, "test", "ours_7", "render.json"));
      await scoreModel(device, model, { onFailure });
      await Deno.utime(ply, new Date(), new Date(Date.now() + 10_000));
      await scoreModel(device, model, { onFailure });
      assertEquals(failed, ["ours_7", "ours_7"]);

      const other = join(model, "test", "by_hand");
      for (const sub of ["renders", "gt"]) {
        await Deno.mkdir(join(other, sub), { recursive: true });
        await Deno.copyFile(join(model, "test", "ours_7", sub, "00000.png"), join(other, sub, "00000.png"));
      }
      assertEquals(Object.keys(await scoreModel(device, model, { onFailure })), ["by_hand"]);
      assertEquals([Object.keys(await readMeans(model)), await readScored(model)], [["by_hand"], {}]);
    });
  },
);

deviceTest("scoreModel() says that Gaussians are of an earlier run than config.json", async (device) => {
  await withModel(device, async ({ model }) => {
    const notices: string[] = [];
    const onNotice = (method: string, message: string) => void notices.push(`${method}: ${message}`);
    const config = (saved: number[]) => ({
      versions: { tame: "0.1.0" },
      run: { id: "a", started: "2026-01-01T00:00:00Z", saved },
      device: { backend: "cpu", name: "a processor" },
    });
    for (const content of [config([7]), config([3]), { ...config([7]), device: 5 }]) {
      await Deno.writeTextFile(join(model, "config.json"), JSON.stringify(content));
      assertEquals("PSNR_float" in (await scoreModel(device, model, { onNotice })).ours_7.means, true);
    }
    assertEquals(notices.length, 2);
    assertStringIncludes(notices[0], "ours_7: Its Gaussians are of an earlier run");
    assertStringIncludes(notices[1], "device is 5: expected an object");
  });
});

deviceTest("scoreModel() undistorts the capture's photos with the named library", async (device) => {
  await withModel(device, async ({ model, scene }) => {
    const params = [50, 24, 16, 1e-9]; // so little that nothing is cropped
    const camera = { id: 1, model: "SIMPLE_RADIAL", width: 48, height: 32, params } as const;
    const path = join(scene.source, "sparse", "0", "cameras.bin");
    await Deno.writeFile(path, encodeCameras(new Map([[1, camera]])));
    assertEquals("PSNR_float" in (await scoreModel(device, model)).ours_7.means, true);
    const library = join(model, "no_library.so");
    await assertRejects(() => scoreModel(device, model, { library }), LibraryError, library);
  });
});

deviceTest(
  "scoreModel() has LPIPS of both ranges when it is given weights, under the name of their network",
  async (device) => {
    const file = await Deno.makeTempFile();
    try {
      const random = new Random(2);
      const values = Float32Array.from({ length: ABI.LPIPS_ALEX_WEIGHTS }, () => 0.02 * random.uniform() - 0.008);
      await Deno.writeFile(file, (await encodeLpips({ net: "alex", values })).bytes);
      await withModel(device, async ({ model, scene, gaussians }) => {
        using weights = await loadLpips(device, file);
        const { ours_7: { means, images } } = await scoreModel(device, model, { weights });
        const image = clampColors(await renderColors(gaussians, scene.test[0].camera, { background: [1, 1, 1] }));
        const photo = toFloat(await scene.test[0].photo());
        assertEquals(images[0].scores.LPIPS_alex_float, await lpips(device, image, photo, weights));
        assertEquals(
          images[0].scores.LPIPS_alex_signed_float,
          await lpips(device, image, photo, weights, { range: "signed" }),
        );
        assertEquals(Object.keys(means).slice(0, 5), ["SSIM", "PSNR", "LPIPS_alex", "SSIM_valid", "LPIPS_alex_signed"]);
        assertEquals(Object.keys(means).length, 14);
      });
    } finally {
      await Deno.remove(file);
    }
  },
);

deviceTest(
  "renderViews() writes opacities and depths that read back, and removes those that are not requested",
  async (device) => {
    await withModel(device, async ({ model, scene, gaussians }) => {
      const folder = join(model, "planes");
      const { clamped, farthest } = await renderViews(gaussians, scene.test, folder, { alpha: true, depthScale: 500 });
      // deno-lint-ignore no-import-prefix -- as in load/images.ts, one spelling for one module
      const { default: sharp } = await import("npm:sharp@0.35.5");
      const read = async (file: string, depth: "uchar" | "ushort") => {
        const metadata = await sharp(join(folder, file)).metadata();
        assertEquals([metadata.depth, metadata.channels], [depth, 1]);
        const space = depth === "ushort" ? "grey16" : "b-w";
        return await sharp(join(folder, file)).toColourspace(space).raw({ depth }).toBuffer();
      };
      const depths = await read("depth/00001.png", "ushort");
      const alphas = await read("alpha/00001.png", "uchar");
      const values = new Uint16Array(depths.buffer, depths.byteOffset, depths.length / 2);
      assertEquals([values.length, alphas.length], [48 * 32, 48 * 32]);
      const solid = values.filter((_, i) => alphas[i] > 128);
      assert(
        solid.length > 100 && solid.every((value) => Math.abs(value - 2000) <= 1),
        "all Gaussians are 4 units away",
      );
      assert(clamped === 0 && Math.abs(farthest - 4) < 0.01, `${farthest}`);
      assertEquals((await renderViews(gaussians, scene.test, folder, { depthScale: 16_000 })).clamped, 0);
      assertEquals((await renderViews(gaussians, scene.test, folder, { depthScale: 16_500 })).clamped, 2);
      assertEquals(await renderViews(gaussians, scene.test, folder), { clamped: 0, farthest: 0 });
      await writePng(join(folder, "renders", "00002.png"), await scene.test[0].photo());
      await renderViews(gaussians, scene.test, folder, { alpha: true });
      const left = async (name: string) => (await Array.fromAsync(Deno.readDir(join(folder, name)))).length;
      assertEquals(await Promise.all(["renders", "gt", "alpha", "depth"].map(left)), [2, 2, 2, 0]);
    });
  },
);
