// The page in a browser, while fox trains: what a user sees and does, with the mouse, by touch and by keys. Screenshots
// of it are in out/view/.
import { assert, assertEquals, assertGreater, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { EXIT } from "../../../cli/exit.ts";
import { savedIterations } from "../../../load/model_folder.ts";
import { capture } from "../../../scripts/captures.ts";
import { libraryMissing } from "../../support/device.ts";
import { start } from "../../support/process.ts";
import { browserMissing, hasText, openPage, type PageElement, type Screen, screenshot } from "./browser.ts";

/** The page's globals: the types of a browser would be those of all tests. */
declare const document: {
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): PageElement[];
  documentElement: PageElement;
  activeElement: PageElement | null;
};
declare const innerWidth: number;
declare const scrollY: number;

const fox = capture("fox", "images_8", "sparse");
const missing = browserMissing ?? libraryMissing ?? (fox === undefined ? "no capture fox" : undefined);

interface Watched {
  url: string;
  /** The model folder. */
  folder: string;
  child: Deno.ChildProcess;
}

/** A test with a run of fox that has a viewer; what is left of the run is killed. */
function pageTest(name: string, body: (run: Watched) => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir();
      const args = `train -i images_8 --eval --iterations 100000 --backend cpu --view --port 0 --json`.split(" ");
      const child = start("cli.ts", [...args, "-s", fox!, "-m", folder, "--densify_from_iter", "500"]);
      const stderr = new Response(child.stderr).text();
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes('"viewer"')) text += (await reader.read()).value ?? await stderr;
      const read = (async () => {
        while (!(await reader.read()).done);
      })();
      try {
        await body({ url: /"url":"([^"]+)"/.exec(text)![1], folder, child });
      } finally {
        try {
          child.kill("SIGKILL");
        } catch {
          // it has ended, as it should
        }
        await Promise.all([child.status, read, stderr]);
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Opens the page, and waits for a refined frame. */
async function open(url: string, screen: Screen = {}) {
  const opened = await openPage(url, screen);
  await refined(opened.page);
  return opened;
}

/** Waits for a frame after the last one, with all its detail or with less. */
async function refined(page: Page, value = true): Promise<number> {
  const before = Number(await page.getAttribute("#stage", "data-frame") ?? 0);
  await page.waitForFunction(
    ([frame, refined]) => {
      const { dataset } = document.querySelector("#stage")!;
      return Number(dataset.frame) > Number(frame) && dataset.refined === refined;
    },
    [before, String(value)] as const,
  );
  return before;
}

/** The picture as the page has it. */
function picture(page: Page): Promise<string> {
  return page.evaluate(() => document.querySelector("#frame")!.toDataURL());
}

async function iteration(page: Page): Promise<number> {
  return Number((await page.textContent("#iteration"))!.split("/")[0].replaceAll(",", ""));
}

pageTest("the page shows a run, and steers it with the mouse", async ({ url, folder, child }) => {
  await using opened = await open(url);
  const { page, problems } = opened;
  await hasText(page, "#phase", "Training");
  await hasText(page, "#source", "fox");
  assertEquals(await page.textContent("#view_name"), "0001", "the first held-out view");

  // Frames follow a drag, coarser than those of a camera at rest.
  const first = await picture(page);
  await page.mouse.move(500, 400);
  await page.mouse.down();
  const coarse = refined(page, false);
  for (let i = 1; i <= 20; i++) {
    await page.mouse.move(500 + 6 * i, 400 + i);
    await page.waitForTimeout(30);
  }
  await coarse;
  await page.mouse.up();
  await refined(page);
  assertNotEquals(await picture(page), first);
  assertEquals(await page.textContent("#view_name"), "Free camera");
  assert(await page.isDisabled('[data-compare="photo"]'));

  // Back to a view, with its photo in three ways.
  await page.click("#next");
  assertEquals(await page.textContent("#view_name"), "0012");
  await page.click('[data-compare="photo"]');
  await page.waitForFunction(() => document.querySelector("#photo")!.naturalWidth === 133);
  await page.click('[data-compare="wipe"]');
  const handle = (await page.locator("#wipe").boundingBox())!;
  await page.mouse.move(handle.x + handle.width / 2, handle.y + 100);
  await page.mouse.down();
  await page.mouse.move(handle.x + handle.width / 2 + 60, handle.y + 100);
  await page.mouse.up();
  assertGreater(Number(await page.getAttribute("#wipe", "aria-valuenow")), 55);
  assertEquals(await page.textContent("#view_name"), "0012", "the wipe is no drag of the camera");
  await refined(page);
  await screenshot(page, "wipe_dark");
  await page.click('[data-compare="difference"]');
  await screenshot(page, "difference_dark");
  await page.click('[data-compare="render"]');
  for (const mode of ["depth", "opacity", "color"]) {
    await page.click(`[data-mode="${mode}"]`);
    await page.waitForFunction(
      (mode) => document.querySelector("#stage")!.dataset.mode === mode,
      mode,
    );
    if (mode === "depth") await screenshot(page, "depth_dark");
  }
  await page.click("#centres");
  await page.waitForFunction(() => {
    const canvas = document.querySelector("#points")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  });
  await screenshot(page, "centres_dark");
  await page.click("#centres");

  // Charts move; an evaluation fills that of the PSNR, and the worst views.
  const loss = await page.textContent(".chart b");
  await page.waitForFunction((loss) => document.querySelector(".chart b")!.textContent !== loss, loss);
  await page.click("#evaluate");
  await hasText(page, ".chart b", /held out \d\d\.\d\d dB/);
  await screenshot(page, "run_dark");
  await page.click("#tab_views");
  await page.waitForFunction(() => {
    const images = [...document.querySelectorAll("#worst img")];
    return images.length === 12 && images.every(({ naturalWidth }) => naturalWidth > 0);
  });
  await screenshot(page, "views_dark");
  const worst = page.locator("#worst button").first();
  await worst.click();
  assertStringIncludes((await worst.textContent())!, (await page.textContent("#view_name"))!);

  // Pause, save while paused, resume.
  await page.click("#pause");
  await hasText(page, "#phase", "Paused");
  const paused = await iteration(page);
  await page.click("#previous");
  await refined(page);
  await page.click("#save");
  await hasText(page, "#log li", "Saved: ");
  assertEquals(await savedIterations(folder), [paused]);
  assertEquals(await iteration(page), paused);
  await page.click("#pause");
  await hasText(page, "#phase", "Training");
  await page.waitForFunction((paused) => {
    return Number(document.querySelector("#iteration")!.textContent!.split("/")[0].replaceAll(",", "")) > paused;
  }, paused);
  await page.click("#tab_log");

  // A second page, in light colours, sees the same run and what it has reported.
  await using second = await open(url, { colorScheme: "light", width: 1100, height: 700 });
  await hasText(second.page, "#log li", "Saved: ");
  await hasText(page, "#clients", "2 pages");
  await screenshot(second.page, "run_light");
  await second.page.click("#tab_log");
  await screenshot(second.page, "log_light");

  page.once("dialog", (dialog) => void dialog.accept());
  await page.click("#stop");
  for (const one of [page, second.page]) {
    await hasText(one, "#phase", "Stopped");
    assert(await one.isDisabled("#pause"));
  }
  assertEquals((await child.status).code, EXIT.done);
  await screenshot(page, "stopped_dark");
  assertEquals([...problems, ...second.problems], []);
});

pageTest("the page is operated by touch at the width of a phone", async ({ url, child }) => {
  for (const colorScheme of ["dark", "light"] as const) {
    await using opened = await open(url, { width: 360, height: 740, touch: true, colorScheme });
    const { page, problems } = opened;
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assertEquals(overflow, 0, "nothing is wider than the screen");
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: { x: number; y: number }[]) =>
      devtools.send("Input.dispatchTouchEvent", { type, touchPoints });

    const first = await picture(page);
    await touch("touchStart", { x: 150, y: 250 });
    for (let i = 1; i <= 15; i++) {
      await touch("touchMove", { x: 150 + 6 * i, y: 250 + i });
      await page.waitForTimeout(30);
    }
    await touch("touchEnd");
    await refined(page);
    const orbited = await picture(page);
    assertNotEquals(orbited, first);
    assertEquals(await page.textContent("#view_name"), "Free camera");
    assertEquals(await page.evaluate(() => scrollY), 0, "a drag on the picture does not scroll the page");

    await touch("touchStart", { x: 150, y: 250 }, { x: 200, y: 250 });
    for (let i = 1; i <= 10; i++) await touch("touchMove", { x: 150 - 5 * i, y: 250 }, { x: 200 + 5 * i, y: 250 });
    await touch("touchEnd");
    await refined(page);
    assertNotEquals(await picture(page), orbited);
    await screenshot(page, `phone_${colorScheme}`);
    await page.tap("#view_name");
    await page.tap("#tab_views");
    await page.tap("#views button >> nth=2");
    assertEquals(await page.textContent("#view_name"), "0027");
    await page.tap("#pause");
    await hasText(page, "#phase", "Paused");
    await page.tap("#pause");
    await hasText(page, "#phase", "Training");
    assertEquals(problems, []);
  }
  child.kill("SIGINT");
  assertEquals((await child.status).code, EXIT.interrupted);
});

pageTest("the page is operated by keys, and says when the run is gone", async ({ url, child }) => {
  await using opened = await open(url);
  const { page, problems } = opened;
  for (const key of ["ArrowLeft", "w", "e", "-"]) {
    const before = await picture(page);
    await page.keyboard.press("r");
    await page.keyboard.press(key, { delay: 60 });
    await refined(page);
    assertNotEquals(await picture(page), before, key);
  }
  await page.keyboard.press("]");
  assertEquals(await page.textContent("#view_name"), "0012");
  await page.keyboard.press("[");
  assertEquals(await page.textContent("#view_name"), "0001");
  for (const [key, compare] of [["p", "photo"], ["v", "wipe"], ["x", "difference"], ["x", "render"]]) {
    await page.keyboard.press(key);
    assertEquals(await page.getAttribute("#picture", "data-compare"), compare);
  }
  await page.keyboard.press("2");
  await page.waitForFunction(() => document.querySelector("#stage")!.dataset.mode === "depth");
  await page.keyboard.press("?");
  assert(await page.isVisible("#keys"));
  await page.keyboard.press("?");
  await page.keyboard.press("Space");
  await hasText(page, "#phase", "Paused");
  await page.keyboard.press("Space");
  await hasText(page, "#phase", "Training");

  // All controls can be reached, and the tabs have the keys of tabs.
  const reached = new Set<string>();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement!.id));
  }
  for (const id of ["pause", "evaluate", "save", "stop", "stage", "next", "help", "tab_run"]) {
    assert(reached.has(id), `${id} cannot be reached`);
  }
  await page.focus("#tab_run");
  await page.keyboard.press("ArrowRight");
  assert(await page.isVisible("#panel_views"));
  await page.fill("#filter", "held out");
  assertEquals(await page.locator("#views button:visible").count(), 7);
  await page.focus("#filter");
  await page.keyboard.press("w"); // is text there, not a flight
  assertEquals(await page.inputValue("#filter"), "held outw");
  assertEquals(problems, []);

  child.kill("SIGKILL");
  await hasText(page, "#phase", "Disconnected");
  assertStringIncludes((await page.textContent("#notice"))!, "No connection to the run");
});
