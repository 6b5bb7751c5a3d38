// The quality harness as a whole, on a tiny capture in the fox's place.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { ResultsFolder, type RunRecord } from "../../../scripts/quality/records.ts";
import type { Run } from "../../../scripts/quality/runs.ts";
import { libraryMissing } from "../../support/device.ts";
import { type Ended, ended, start } from "../../support/process.ts";
import { writeTinyCapture } from "../../support/tiny_capture.ts";

const SHORT = "--backend=cpu --budget=450 --densify_from_iter=2 --densify_until_iter=11 --ho_iteration=11 " +
  "--densification_interval=4";

Deno.test({
  name: "scripts/quality.ts trains pairs, several at a time, keeps their results, and runs nothing twice",
  ignore: libraryMissing !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await writeTinyCapture(join(folder, "fox"), { images: "images_8" });
      const quality = async (args: string[]): Promise<Ended> =>
        await ended(start("scripts/quality.ts", ["--results", join(folder, "out"), ...args], {
          env: { TAME_DATA: folder },
        }));
      const some = [
        ...["--settings", "fox-C7", "--variants", "base=;slow=--position_lr_init 0.00001;same=", "--seeds", "3"],
        ...["--folds", "0,1", "--jobs", "2", "--iterations", "16", "--flags", SHORT],
      ];
      const first = await quality(some);
      assertEquals(first.code, 0, first.stderr);
      assertStringIncludes(first.stderr, "6 runs, 4 to do"); // base and same are the same
      const records = recordsOf(join(folder, "out", "fox-C7"));
      assertEquals(records.map(({ variant, seed, fold, count }) => `${variant} ${seed} ${fold} ${count}`).sort(), [
        "base 3 0 450",
        "base 3 1 450",
        "slow 3 0 450",
        "slow 3 1 450",
      ]);
      for (const { fold, views, scores, backend, jobs } of records) {
        assertEquals(views.map(({ name }) => name), fold === 0 ? ["photo0", "photo8"] : ["photo1"]);
        assertEquals([backend, jobs], ["cpu", 2]);
        assertAlmostEquals(scores.PSNR, views.reduce((sum, view) => sum + view.scores.PSNR, 0) / views.length, 1e-9);
        for (const name of ["PSNR", "SSIM", "PSNR_cc", "SSIM_cc"]) assert(Number.isFinite(scores[name]), name);
      }
      assertEquals([...Deno.readDirSync(join(folder, "out", "models"))], [], "models are removed");
      const rows = first.stdout.split("\n").filter((line) => /^\| (base|slow|same) /.test(line));
      assertEquals(rows.map((row) => row.split("|").at(-2)!.trim()).filter((_, i) => i !== 1), [
        "baseline",
        "no difference",
      ]);
      assertStringIncludes(rows[2], "+0.000 ± 0.000");

      const again = await quality([...some, "--views"]);
      assertStringIncludes(again.stderr, "6 runs, 0 to do");
      assert(again.stdout.startsWith(first.stdout.trimEnd()));
      assertStringIncludes(again.stdout, "| photo8 ");
      assertEquals((await quality([...some, "--report"])).stdout, first.stdout);

      // The results of another code, with a PSNR that is 1 dB lower.
      for (const record of records) {
        const { setting, arguments: args, scores } = record;
        const run = { setting: { name: setting }, arguments: args } as Run;
        const before = { ...record, code: "before", scores: { ...scores, PSNR: scores.PSNR - 1 } };
        await new ResultsFolder(join(folder, "out")).write(run, before);
      }
      const against = await quality([...some, "--variants", "base=", "--against", "bef"]);
      assertStringIncludes(against.stdout, "| base before ");
      assertStringIncludes(against.stdout, "+1.000 ± 0.000");
      const never = await quality([...some, "--against", "never"]);
      assertEquals(never.code, 2);
      assertStringIncludes(never.stderr, 'Cannot use "never" as --against: there are before');

      const missing = await quality([...some, "--settings", "fox-B"]);
      assertEquals(missing.code, 1);
      assertStringIncludes(missing.stderr, "fox-B base, seed 3, fold 0: There is no fox capture with images_2");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "scripts/quality.ts keeps the other results when a run fails",
  ignore: libraryMissing !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await writeTinyCapture(join(folder, "fox"), { images: "images_8" });
      const args = [
        ...["--results", join(folder, "out"), "--settings", "fox-C7", "--seeds", "0", "--iterations", "16"],
        ...["--variants", "base=;small=--memory_limit 100K", "--keep_models", "--flags", SHORT],
      ];
      const { code, stderr, stdout } = await ended(start("scripts/quality.ts", args, { env: { TAME_DATA: folder } }));
      assertEquals(code, 1);
      assertStringIncludes(stderr, "fox-C7 small, seed 0, fold 0: Training ended with exit code 4: ");
      assertEquals(recordsOf(join(folder, "out", "fox-C7")).map(({ variant }) => variant), ["base"]);
      assertStringIncludes(stdout, "| base ");
      const models = [...Deno.readDirSync(join(folder, "out", "models"))].map(({ name }) => name);
      const kept = models.find((name) => name.startsWith("fox-C7_base_seed_0_fold_0_"))!;
      assert(existsSync(join(folder, "out", "models", kept, "config.json")));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("scripts/quality.ts rejects what it cannot do before it trains", async () => {
  const rejected: [args: string[], words: string][] = [
    [["--variants", "best"], 'Unknown variant "best"'],
    [["--settings", "garden"], 'Cannot use "garden" as --settings: there are fox-C7'],
    [
      ["--settings", "fox-C7", "--peers", "scripts/peers.json"],
      "No scene of --peers scripts/peers.json is in this run",
    ],
    [["--folds", "8"], 'Cannot use "8" as --folds'],
    [["--flags", "--seed 3"], "Cannot use --seed: the harness sets it (in --flags)"],
  ];
  for (const [args, words] of rejected) {
    const { code, stderr } = await ended(start("scripts/quality.ts", args));
    assertEquals(code, 2);
    assertStringIncludes(stderr, words);
  }
});

function recordsOf(folder: string): RunRecord[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => JSON.parse(Deno.readTextFileSync(join(folder, name))));
}
