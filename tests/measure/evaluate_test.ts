// Evaluation: float renders compared with photos.
import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DISPLAY } from "../../base/display.ts";
import { DataError } from "../../base/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { evaluate, Report } from "../../measure/evaluate.ts";
import { deviceTest } from "../support/device.ts";
import { damagedView, flatView } from "../support/flat_views.ts";

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

Deno.test("a report shows itself in a notebook as a table, with the means last", () => {
  const report = new Report(
    [{ name: "a<b", psnr: 20, ssim: 0.5, l1: 0.1 }, { name: "c", psnr: 30, ssim: 1, l1: 0 }],
    2,
  );
  const { "text/html": html, "text/plain": text } = report[DISPLAY]() as Record<string, string>;
  assertEquals(text.split("\n").at(-1), "mean: PSNR 25.00 dB, SSIM 0.7500, L1 0.0500");
  assertStringIncludes(html, "<tr><td>a&lt;b</td><td>20.00</td><td>0.5000</td><td>0.1000</td></tr>");
  assertStringIncludes(html, "2 Gaussians are not finite");
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

deviceTest("evaluate() rejects with the photo's error when one is damaged", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  for (const views of [[damagedView("a.png")], [flatView("b", 0), damagedView("a.png"), flatView("c", 0)]]) {
    const seen: number[] = [];
    const onView = (done: number): void => void seen.push(done);
    await assertRejects(() => evaluate(nothing, views, { onView }), DataError, "a.png");
    assertEquals(seen, views.length === 1 ? [] : [1]);
  }
});

deviceTest("evaluate() decodes the next photo while it scores a view", async (device) => {
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
