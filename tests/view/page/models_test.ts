// The page of finished models in a browser, which draws them on the processor: pictures beside tame's own renders, and
// what a user does with the mouse, by touch and by keys. Screenshots of it are in out/view/.
import { assert, assertEquals, assertGreater, assertNotEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import type { Page } from "playwright-core";
import { EXIT } from "../../../cli/exit.ts";
import { writeResults } from "../../../eval/results.ts";
import { writeRunConfig } from "../../../export/model_folder.ts";
import { splatHeader } from "../../../export/ply.ts";
import { openDevice } from "../../../ffi/device.ts";
import { psnr } from "../../../ffi/metrics.ts";
import { renderImage8 } from "../../../ffi/rasterizer.ts";
import { loadPly } from "../../../init/gaussians.ts";
import { resizeCamera } from "../../../load/camera.ts";
import { loadSharp } from "../../../ffi/sharp.ts";
import { readModelViews } from "../../../load/model_cameras.ts";
import { MODEL_FILES, pointCloudPath } from "../../../load/model_folder.ts";
import { newRun } from "../../../load/run_config.ts";
import { toFloat } from "../../../measure/pixels.ts";
import { capture } from "../../../scripts/captures.ts";
import { openModel } from "../../../view/finished_model.ts";
import { ModelSite } from "../../../view/model_site.ts";
import { PageServer } from "../../../view/page_server.ts";
import { Random } from "../../reference/random.ts";
import { libraryMissing } from "../../support/device.ts";
import { ended, start } from "../../support/process.ts";
import { drawingLibraryMissing } from "../../support/splat_files.ts";
import { browserMissing, hasText, openPage, type PageElement, type Screen, screenshot } from "./browser.ts";

/** The page's globals: the types of a browser would be those of all tests. */
declare const document: {
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): (PageElement & { style: { visibility: string } })[];
  documentElement: PageElement;
  activeElement: PageElement | null;
};
declare const innerWidth: number;

/** PSNR of a picture in the page and tame's own, in dB. */
const LEAST_PSNR = 35;

/** Milliseconds that a browser without a GPU may take to draw a million splats. */
const PATIENCE_MS = 300_000;

/** Gaussians of the large model. */
const MANY = Number(Deno.env.get("TAME_TEST_GAUSSIANS") ?? 100_000);

const fox = capture("fox", "images_8", "sparse");
const missing = browserMissing ?? libraryMissing ?? drawingLibraryMissing;

function pageTest(name: string, body: (folder: string) => Promise<void>, lacking?: string): void {
  const skipped = missing ?? lacking;
  Deno.test({
    name: skipped === undefined ? name : `${name} [skipped: ${skipped}]`,
    ignore: skipped !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Serves models. */
async function serve(...paths: string[]): Promise<PageServer> {
  const models = await Promise.all(paths.map((path) => openModel(path)));
  return PageServer.listen(new ModelSite(models, "ply"), { hostname: "127.0.0.1", port: 0 });
}

/** Waits until the picture is that of the camera. */
async function drawn(page: Page): Promise<void> {
  await page.waitForSelector('#stage[aria-busy="false"]', { timeout: PATIENCE_MS });
}

async function open(url: string, screen: Screen = {}) {
  const opened = await openPage(url, { webgl: true, ...screen });
  opened.page.setDefaultTimeout(PATIENCE_MS);
  await drawn(opened.page);
  return opened;
}

/** The picture of a canvas as the screen has it, with nothing over it. */
async function picture(page: Page, canvas = "#canvas_0"): Promise<Uint8Array> {
  const show = (visibility: "visible" | "hidden") =>
    page.evaluate((visibility) => {
      for (const { style } of document.querySelectorAll(".tools, .caption")) style.visibility = visibility;
    }, visibility);
  await show("hidden");
  const png = await page.locator(canvas).screenshot();
  await show("visible");
  return png;
}

/** PSNR of the picture of a view in the page and tame's own render of the view. */
async function likeness(page: Page, model: string, options: { ply: string; view: number; canvas?: string }) {
  const { ply, view, canvas = "#canvas_0" } = options;
  const sharp = await loadSharp();
  const { data, info } = await sharp(await picture(page, canvas)).removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const size = { width: info.width, height: info.height };
  const { camera } = (await readModelViews(model))[view];
  assertGreater(1 + 1 / Math.min(size.width, size.height), size.width / size.height / (camera.width / camera.height));
  using device = await openDevice({ backend: "cpu" });
  using gaussians = await loadPly(device, ply);
  const own = await renderImage8(gaussians, resizeCamera(camera, size), { background: [0, 0, 0] });
  return psnr(device, toFloat({ ...size, channels: 3, data: new Uint8Array(data) }), toFloat(own));
}

/** Trains fox for a while into two model folders; the first has two saved iterations. */
async function trainFox(folder: string): Promise<{ model: string; other: string; ply: string }> {
  const [model, other] = ["fox", "other"].map((name) => join(folder, name));
  for (const [out, more] of [[model, ["--save_iterations", "50"]], [other, ["--antialiasing"]]] as const) {
    const iterations = out === model ? "150" : "50";
    const args =
      `train -i images_8 --eval --backend cpu --quiet --test_iterations -1 --budget 1 --iterations ${iterations}`;
    const run = await ended(start("cli.ts", [...args.split(" "), "-s", fox!, "-m", out, ...more]));
    assertEquals(run.code, EXIT.done, run.stderr);
  }
  return { model, other, ply: pointCloudPath(model, 150) };
}

pageTest("the page shows a trained model as tame renders it, its cameras, and a second model", async (folder) => {
  const { model, other, ply } = await trainFox(folder);
  await using server = await serve(model, other);
  await using opened = await open(server.url, { width: 780, height: 360 });
  const { page, problems } = opened;
  assertEquals(await page.textContent("#view_name"), "0001", "the first held-out view");
  await hasText(page, ".model h2", "fox");
  assertEquals([await page.textContent("#caption_0"), await page.textContent("#caption_1")], ["fox", "other"]);
  await hasText(page, "#phase", "Ready");
  await screenshot(page, "models_beside_dark");

  // Both pictures are those of tame, the second anti-aliased.
  const first = await likeness(page, model, { ply, view: 0 });
  assertGreater(first, LEAST_PSNR);
  const second = { ply: pointCloudPath(other, 50), view: 0, canvas: "#canvas_1" };
  assertGreater(await likeness(page, other, second), LEAST_PSNR);

  // A training view, by the list; in a wipe both pictures have one place.
  await page.click("#tab_views");
  await page.fill("#filter", "training");
  await page.click("#views li:not([hidden]) button >> nth=3");
  const name = (await page.textContent("#view_name"))!;
  await drawn(page);
  const view = (await readModelViews(model)).findIndex((one) => one.name === name);
  assertGreater(view, 6, "training views come after those held out");
  await page.keyboard.press("Escape");
  await page.click('[data-layout="wipe"]');
  await drawn(page);
  await screenshot(page, "models_wipe_dark");
  const boxes = await Promise.all(["#canvas_0", "#canvas_1"].map((id) => page.locator(id).boundingBox()));
  assertEquals(boxes[0], boxes[1]);
  await page.focus("#wipe");
  await page.keyboard.press("ArrowRight");
  await drawn(page);
  assertEquals(await page.getAttribute("#wipe", "aria-valuenow"), "52");

  // Free of the view the cameras are drawn; a click on one jumps to it.
  await page.click('[data-layout="beside"]');
  await page.hover("#stage");
  for (let i = 0; i < 2; i++) await page.mouse.wheel(0, 300);
  await drawn(page);
  assertEquals(await page.textContent("#view_name"), "Free camera");
  await screenshot(page, "models_cameras_dark");
  const withCameras = await picture(page);
  await page.click("#frusta");
  await drawn(page);
  assertNotEquals(await picture(page), withCameras);
  await page.click("#frusta");
  await drawn(page);
  assertEquals(await picture(page), withCameras);
  // The camera has moved straight back: that of the view is in the middle of the picture.
  const box = (await page.locator("#canvas_0").boundingBox())!;
  const at = await page.evaluate(([x, y]) => [x, y], [box.x + box.width / 2, box.y + box.height / 2]);
  await page.mouse.click(at[0], at[1]);
  await drawn(page);
  assertNotEquals(await page.textContent("#view_name"), "Free camera");

  // Another iteration, and the SOG file of this one.
  await page.click("#tab_model");
  const before = await picture(page);
  await page.locator(".model select").first().selectOption({ label: "50" });
  await drawn(page);
  assertNotEquals(await picture(page), before);
  await page.locator(".model select").first().selectOption({ label: "150" });
  await drawn(page);
  assertEquals(await picture(page), before);
  await page.locator(".model select >> nth=1").selectOption({ index: 1 });
  await hasText(page, ".model select >> nth=1", /SOG, \d/);
  await drawn(page);
  const shown = (await page.textContent("#view_name"))!;
  const index = (await readModelViews(model)).findIndex((one) => one.name === shown);
  assertGreater(await likeness(page, model, { ply, view: index }), LEAST_PSNR);

  await page.emulateMedia({ colorScheme: "light" });
  await screenshot(page, "models_light");
  await page.click("#tab_views");
  await screenshot(page, "models_views_light");
  assertEquals(problems, []);
}, fox === undefined ? "no capture fox" : undefined);

/**
 * Writes a model folder with many small Gaussians in a ball, some large ones beside the first camera's view, which reach
 * into it, and two cameras that see the ball.
 */
async function writeBall(folder: string, count: number): Promise<string> {
  const path = pointCloudPath(folder, 1);
  await Deno.mkdir(dirname(path), { recursive: true });
  const random = new Random(3);
  const width = 17; // x y z, normals, degree 0, opacity, scales, quaternion
  const values = new Float32Array(width * count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [random.normal(), random.normal(), random.normal()];
    const size = 1.2 * Math.cbrt(random.uniform()) / Math.hypot(x, y, z);
    const color = [x * size, y * size, z * size].map((value) => 1.2 * value);
    const scales = [0, 0, 0].map(() => -5 + random.normal() * 0.4);
    const quat = [random.normal(), random.normal(), random.normal(), random.normal()];
    const large = i % 10_000 === 0;
    const place = large ? [3 + random.uniform(), y, -2 + 0.5 * random.uniform()] : [x * size, y * size, z * size];
    const opacity = large ? -2 : random.normal();
    values.set([...place, 0, 0, 0, ...color, opacity, ...(large ? [-0.5, 0, 0.2] : scales), ...quat], width * i);
  }
  await Deno.writeFile(path, splatHeader(count, 0, []));
  await Deno.writeFile(path, new Uint8Array(values.buffer), { append: true });
  const entry = (id: number, img_name: string, position: number[], rotation: number[][]) => (
    { id, img_name, width: 320, height: 240, position, rotation, fy: 260, fx: 250, cx: 150, cy: 125 }
  );
  const cameras = [
    entry(0, "front", [0.1, 0, -3], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    entry(1, "side", [-2.5, 0.2, 0], [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]),
  ];
  await Deno.writeTextFile(join(folder, MODEL_FILES.cameras), JSON.stringify(cameras));
  return path;
}

/** Scores of its first view, and how it was trained. */
async function writeScores(folder: string): Promise<void> {
  await writeResults(folder, {
    means: { ours_1: { PSNR: 23.456, SSIM: 0.9 } },
    perView: { ours_1: { PSNR: { "00000.png": 24 } } },
    scored: {},
  });
  await writeRunConfig(folder, {
    run: { ...newRun(), saved: [1] },
    options: {},
    device: { backend: "cpu", name: "a processor", reason: "asked for", seed: 0 },
    capture: { source: "/capture", train: 1, test: 1, points: 1, extent: 1 },
    result: {
      ...{ iteration: 1, count: 1, loss: 0.5, seconds: 90, loadSeconds: 1, evaluationSeconds: 0 },
      ...{ peakMemory: 9, peakHostMemory: 0, aborted: false, timedOut: false },
    },
  });
}

pageTest("many Gaussians look in the page as tame renders them, also off the centre of a lens", async (folder) => {
  const ply = await writeBall(folder, MANY);
  await using server = await serve(folder);
  await using opened = await open(server.url, { width: 700, height: 400 });
  const { page, problems } = opened;
  assertStringIncludes((await page.textContent(".facts_list"))!, MANY.toLocaleString("en"));
  assertEquals(await page.textContent("#view_name"), "front");
  assertGreater(await likeness(page, folder, { ply, view: 0 }), LEAST_PSNR);
  await screenshot(page, "models_many_dark");
  assertEquals(problems, []);
});

pageTest("the page of models is operated by touch at the width of a phone, and by keys", async (folder) => {
  await writeBall(folder, 3_000);
  await writeScores(folder);
  await using server = await serve(folder);
  {
    await using opened = await open(server.url, { width: 360, height: 740, touch: true });
    const { page, problems } = opened;
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assertEquals(overflow, 0, "nothing is wider than the screen");
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: { x: number; y: number }[]) =>
      devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
    await touch("touchStart", { x: 150, y: 250 });
    for (let i = 1; i <= 10; i++) await touch("touchMove", { x: 150 + 8 * i, y: 250 + i });
    await touch("touchEnd");
    await drawn(page);
    assertEquals(await page.textContent("#view_name"), "Free camera");
    const orbited = await picture(page);
    await touch("touchStart", { x: 150, y: 250 }, { x: 200, y: 250 });
    for (let i = 1; i <= 8; i++) await touch("touchMove", { x: 150 + 2 * i, y: 250 }, { x: 200 - 2 * i, y: 250 });
    await touch("touchEnd");
    await drawn(page);
    assertNotEquals(await picture(page), orbited);
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      await screenshot(page, `models_phone_${colorScheme}`);
    }
    await page.tap("#tab_views");
    await page.tap("#views button >> nth=1");
    assertEquals(await page.textContent("#view_name"), "side");
    await drawn(page);
    assertEquals(problems, []);
  }

  await using opened = await open(server.url, { width: 780, height: 360 });
  const { page, problems } = opened;
  const facts = (await page.textContent(".facts_list"))!;
  for (const fact of ["3,000", "PSNR23.46 dB", "SSIM0.9000", "2, 1 held out", "1 min 30 s on a processor"]) {
    assertStringIncludes(facts, fact);
  }
  assertEquals(await page.locator("#views button").allTextContents(), ["front24.00 dB", "side"]);
  for (const key of ["ArrowLeft", "w", "e", "-"]) {
    await page.keyboard.press("r");
    await drawn(page);
    const before = await picture(page);
    await page.keyboard.press(key, { delay: 60 });
    await drawn(page);
    assertNotEquals(await picture(page), before, key);
  }
  await page.keyboard.press("]");
  assertEquals(await page.textContent("#view_name"), "side");
  await page.keyboard.press("[");
  assertEquals(await page.textContent("#view_name"), "front");
  await page.keyboard.press("c");
  assertEquals(await page.getAttribute("#frusta", "aria-pressed"), "false");
  await page.keyboard.press("?");
  assert(await page.isVisible("#keys"));
  await page.keyboard.press("?");
  const reached = new Set<string>();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement!.id || "other"));
  }
  for (const id of ["stage", "frusta", "help", "previous", "view_name", "next", "tab_model", "other"]) {
    assert(reached.has(id), `${id} cannot be reached`);
  }
  await page.focus("#tab_model");
  await page.keyboard.press("ArrowRight");
  assert(await page.isVisible("#panel_views"));
  assertEquals(problems, []);
});

pageTest("a file without cameras is seen from outside; one that is gone is said to be", async (folder) => {
  const ply = await writeBall(folder, 5_000);
  const alone = join(folder, "alone.ply");
  await Deno.copyFile(ply, alone);
  await using server = await serve(alone);
  await using opened = await open(server.url, { width: 800, height: 500 });
  const { page, problems } = opened;
  assert(await page.isHidden("#steps") && await page.isHidden("#frusta"));
  const sharp = await loadSharp();
  const png = await picture(page);
  const { width = 0, height = 0 } = await sharp(png).metadata();
  const brightness = async (left: number, top: number): Promise<number> => {
    const part = await sharp(png).extract({ left, top, width: 40, height: 40 }).png().toBuffer();
    return (await sharp(part).greyscale().stats()).channels[0].mean;
  };
  const middle = await brightness((width >> 1) - 20, (height >> 1) - 20);
  assertGreater(middle, 10, "the model is in the picture");
  assertGreater(middle, 2 * await brightness(0, 0), "there is room around it");
  await screenshot(page, "models_alone_dark");
  assertEquals(problems, []);
  await Deno.remove(alone);
  await page.reload();
  await hasText(page, "#notice", "Cannot show alone.ply: Not found");
  await hasText(page, "#phase", "Failed");
});
