// The comparison of ways to train: its command lines, its tables, and a tiny run of it.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { parse } from "../../cli/argv.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { trainOptions } from "../../cli/train_options.ts";
import { markdown, type RunRecord, spread, withRecord } from "../../scripts/quality/results.ts";
import { SETTINGS, trainArguments, VARIANTS } from "../../scripts/quality/variants.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { image, model, pinhole, writeCapture } from "../load/fixtures.ts";
import { libraryMissing } from "../support/device.ts";

const RECORD: RunRecord = {
  setting: "fox-C7",
  variant: "default",
  seed: 0,
  psnr: 32,
  ssim: 0.94,
  count: 29_902,
  trainSeconds: 3,
  peakMemory: 1,
  jobs: 1,
  device: "some GPU",
  command: [],
};

Deno.test("trainArguments() gives a command line that train takes, another one for each variant", () => {
  for (const setting of SETTINGS) {
    const seen = new Set<string>();
    for (const variant of VARIANTS) {
      const run = { source: "a", folder: "b", seed: 4, iterations: setting.iterations, extra: ["--iterations=9999"] };
      const { values } = parse(trainArguments(setting, variant, run), TRAIN_OPTIONS);
      const options = resolveTrainOptions(trainOptions(values));
      assertEquals([values.seed, values.eval, options.iterations], [4, true, 9999]);
      assertEquals(
        [options.mode, options.budget],
        variant.multiplies ? ["multiplier", setting.multiplier] : [
          "final_count",
          setting.count,
        ],
      );
      seen.add(JSON.stringify(options));
    }
    assertEquals(seen.size, VARIANTS.length);
  }
});

Deno.test("spread() is the mean and half the range", () => {
  assertEquals(spread([7]), { mean: 7, half: 0 });
  const { mean, half } = spread([31.9, 32.6, 32.1]);
  assertAlmostEquals(mean, 32.2, 1e-12);
  assertAlmostEquals(half, 0.35, 1e-12);
});

Deno.test("withRecord() replaces the record of the same run alone", () => {
  const others = [{ ...RECORD, seed: 1 }, { ...RECORD, variant: "cap" }, { ...RECORD, setting: "fox-B" }];
  const better = { ...RECORD, psnr: 33 };
  assertEquals(withRecord([RECORD, ...others], better), [...others, better]);
});

Deno.test("markdown() has a table for each setting and a row of means for each variant that ran", () => {
  const text = markdown([
    { ...RECORD, variant: "reference", psnr: 30 },
    RECORD,
    { ...RECORD, seed: 1, psnr: 32.5, ssim: 0.942, trainSeconds: 4, count: 29_900 },
    { ...RECORD, setting: "fox-B" },
  ]);
  const lines = text.split("\n");
  assertEquals(lines.filter((line) => line.startsWith("###")), ["### fox-C7", "### fox-B"]);
  assertEquals(lines.filter((line) => /^\| (default|reference)/.test(line)).map((line) => line.split(" | ").slice(2)), [
    ["32.25 ± 0.25", "0.9410 ± 0.0010", "29 901 ± 1", "3.5 ± 0.5 s", "2 |"],
    ["30.00 ± 0.00", "0.9400 ± 0.0000", "29 902", "3.0 ± 0.0 s", "1 |"],
    ["32.00 ± 0.00", "0.9400 ± 0.0000", "29 902", "3.0 ± 0.0 s", "1 |"],
  ]);
});

Deno.test({
  name: "scripts/quality.ts trains what is asked for, several at a time, and keeps and tells the results",
  ignore: libraryMissing !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    const names = Array.from({ length: 9 }, (_, i) => `${i}.png`);
    await writeCapture(join(folder, "fox"), {
      model: model(pinhole(1, 40, 30), names.map((name, i) => image(i, name))),
      photos: names.map((name) => `images_8/${name}`),
      width: 40,
      height: 30,
    });
    const script = fromFileUrl(new URL("../../scripts/quality.ts", import.meta.url));
    const quality = async (args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", script, "--out", join(folder, "out"), "--results", join(folder, "results.json"), ...args],
        env: { TAME_DATA: folder, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    };
    const flags = "--flags=--backend=cpu --budget=12 --densify_from_iter=2 --densify_until_iter=11 --ho_iteration=11 " +
      "--densification_interval=4";
    const some = ["--settings", "fox-C7,fox-B", "--only", "default,high_opacity", "--seeds", "3", "--jobs", "2"];
    const { code, stdout, stderr } = await quality([...some, "--iterations", "16", flags]);
    assertEquals(code, 1); // there are no photos for fox-B
    assertStringIncludes(stderr, "fox-B default, seed 3: no fox capture");
    assert(!stdout.includes("fox-B"));
    const records: RunRecord[] = JSON.parse(await Deno.readTextFile(join(folder, "results.json")));
    assertEquals(records.map(({ variant, seed, count }) => `${variant} ${seed} ${count}`).sort(), [
      "default 3 12",
      "high_opacity 3 12",
    ]);
    assert(records.every(({ psnr, ssim }) => Number.isFinite(psnr) && Number.isFinite(ssim)));
    assert(records[0].psnr !== records[1].psnr);
    assertEquals((await quality(["--report"])).stdout, stdout);
    const unknown = await quality(["--only", "best"]);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, 'Cannot use "best" as --only: there are default, curve');
    await Deno.remove(folder, { recursive: true });
  },
});
