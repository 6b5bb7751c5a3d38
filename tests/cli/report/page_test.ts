// Reports in a browser: of a run, and of a benchmark. Nothing is wider than a phone or a screen, nothing is requested.

import { assertEquals, assertGreater } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { htmlReport } from "../../../cli/full_eval/report_html.ts";
import { TRAIN_OPTIONS } from "../../../cli/options.ts";
import { parse } from "../../../cli/argv.ts";
import { jpegOf } from "../../../cli/report/pictures.ts";
import { runReport } from "../../../cli/report/run_report.ts";
import type { RunSetup } from "../../../cli/sinks/sink.ts";
import { publishedMeans, publishedScene } from "../../../cli/full_eval/published.ts";
import { newRun } from "../../../load/run_config.ts";
import { browserMissing, openBrowser, type PageElement, screenshot } from "../../view/page/browser.ts";

declare const document: { documentElement: PageElement; images: ArrayLike<PageElement> };
declare const innerWidth: number;

const JPEG = await jpegOf({ width: 960, height: 300, channels: 3, data: new Uint8Array(3 * 960 * 300).fill(99) }, 960);

const NAME = "a_scene_whose_name_is_as_long_as_names_of_scenes_are_that_somebody_wanted_to_find_again";

function runPage(): string {
  const { values } = parse(["-s", "capture", "--iterations", "300", "--eval"], TRAIN_OPTIONS);
  const views = { train: Array(43), test: Array(7), points: { count: 15059 }, source: `/captures/${NAME}/${NAME}` };
  const setup = {
    ...{ values, folder: `/models/${NAME}`, run: newRun(), loadSeconds: 1, scene: views },
    device: { name: "a processor", backend: "cpu", reason: "cpu, a processor: no usable GPU" },
  } as unknown as RunSetup;
  const rows = Array.from({ length: 300 }, (_, i) => (
    { iteration: i + 1, loss: 1 / (i + 9), gaussians: 1000 * i, seconds: i / 9, memory: 1e9 + i, psnr: 20, ssim: 0.5 }
  ));
  const result = { iteration: 300, count: 9, loss: 0.5, seconds: 90, loadSeconds: 1, evaluationSeconds: 0 };
  return runReport(setup, {
    ...{ argv: ["-s", `/captures/${NAME}`, "-m", "it's"], ending: "finished", iteration: 300, totalSeconds: 99, rows },
    result: { ...result, peakMemory: 9, peakHostMemory: 9, aborted: false, timedOut: false },
    evaluation: { iteration: 300, views: 7, psnr: 21, ssim: 0.5 },
    worst: [{ source: JPEG, caption: `${NAME}, 19 dB` }],
    previews: [],
  });
}

function benchmarkPage(): string {
  const measures = {
    ...{ psnr: 27.45, ssim: 0.8, gaussians: 5_987_095, iterations: 30_000, trainSeconds: 1234.5, totalSeconds: 2345.6 },
    ...{ iterationsPerSecond: 123.4, peakMemoryMiB: 12_345, plyMiB: 1234.5 },
  };
  const row = (scene: string) => ({
    ...{ scene, model: "", measures, references: publishedScene("garden", "budget"), started: "2026-01-02T03:04:05Z" },
    options: ["--eval", "--budget", "15", "-i", "images_4", `--init=/points/${scene}`],
  });
  const rows = [row("garden"), { ...row(NAME), problem: `train failed: ${NAME}` }];
  return htmlReport({
    ...{ title: "The benchmark", date: "2026-01-02T03:04:05Z", versions: { tame: "1", deno: "2" } },
    datasets: [{
      title: "Mip-NeRF 360",
      rows,
      means: measures,
      complete: 1,
      references: publishedMeans("m360", "budget"),
    }],
  }, [{ scene: "garden", charts: [], crops: [{ file: "", jpeg: JPEG, caption: NAME }] }]);
}

Deno.test({
  name: "reports fit a phone and a screen, and request nothing" +
    (browserMissing === undefined ? "" : ` [skipped: ${browserMissing}]`),
  ignore: browserMissing !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using browser = await openBrowser({ width: 360, height: 740 });
    const { page } = browser;
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => requests.push(message.text()));
    try {
      for (const [name, html] of Object.entries({ run: runPage(), benchmark: benchmarkPage() })) {
        const path = join(folder, `${name}.html`);
        await Deno.writeTextFile(path, html);
        await page.goto(toFileUrl(path).href);
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 740 });
          const colorScheme = width === 360 ? "light" : "dark";
          await page.emulateMedia({ colorScheme });
          const wider = await page.evaluate(() => {
            const { documentElement } = document;
            return documentElement.scrollWidth - innerWidth;
          });
          assertEquals(wider, 0, `${name} at ${width}`);
          await page.locator("details summary").click({ timeout: 1000 }).catch(() => {}); // the benchmark's has none
          assertEquals(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "unfolded");
          await screenshot(page, `report_${name}_${colorScheme}`);
        }
        assertGreater(await page.evaluate(() => document.images[0].naturalWidth), 0, "its picture is in it");
        assertEquals(requests.splice(0).filter((url) => !/^(?:data:|file:.*\.html$)/.test(url)), []);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
