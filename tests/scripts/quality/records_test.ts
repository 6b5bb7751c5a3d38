// The results folder of the quality harness.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../base/errors.ts";
import { ResultsFolder, viewMeans } from "../../../scripts/quality/records.ts";
import type { Run } from "../../../scripts/quality/runs.ts";
import { recordOf, runOf } from "./finished_run.ts";

async function withResults(body: (results: ResultsFolder, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(new ResultsFolder(join(folder, "results")), join(folder, "results"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ResultsFolder reads what it wrote for the same flags and code alone", async () => {
  await withResults(async (results) => {
    const run = runOf({ variant: "base=", seed: 3 });
    assertEquals(await results.read(run, "c0de"), undefined);
    const record = recordOf(run, { PSNR: 30, SSIM: 0.9 });
    await results.write(run, record);
    assertEquals(await results.read(run, "c0de"), record);
    assertEquals(await results.read(runOf({ variant: "another_name=", seed: 3 }), "c0de"), record);
    assertEquals(await results.read(run, "0ther"), undefined);
    assertEquals(await results.read(runOf({ variant: "base=", seed: 4 }), "c0de"), undefined);
    assertEquals(await results.read(runOf({ variant: "base=--sh_degree 2", seed: 3 }), "c0de"), undefined);
  });
});

Deno.test("ResultsFolder leaves nothing but whole records, and names one that is damaged", async () => {
  await withResults(async (results, folder) => {
    const run = runOf({});
    await results.write(run, recordOf(run, { PSNR: 30, SSIM: 0.9 }));
    await results.write(run, recordOf(run, { PSNR: 31, SSIM: 0.9 }));
    const files = [...Deno.readDirSync(join(folder, "fox-C7"))].map(({ name }) => name);
    assertEquals([files.length, files[0].endsWith(".json")], [1, true]);
    assertEquals((await results.read(run, "c0de"))!.scores.PSNR, 31);
    await Deno.writeTextFile(join(folder, "fox-C7", files[0]), "{");
    await assertRejects(() => results.read(run, "c0de"), DataError, files[0]);
  });
});

Deno.test("ResultsFolder tells the codes of the runs that are asked for, the latest first", async () => {
  await withResults(async (results) => {
    const [run, other] = [runOf({}), runOf({ seed: 1 })];
    const codes = async (...runs: Run[]) => (await results.codes(runs)).map(({ hash, commit }) => `${hash} ${commit}`);
    assertEquals(await codes(run), []);
    await results.write(run, recordOf(run, {}, { code: "new", commit: "abc", finished: "2026-02-01T00:00:00.000Z" }));
    await results.write(run, recordOf(run, {}, { code: "old", finished: "2026-01-01T00:00:00.000Z" }));
    await results.write(other, recordOf(other, {}, { code: "old", finished: "2026-03-01T00:00:00.000Z" }));
    assertEquals(await codes(run), ["new abc", "old null"]);
    assertEquals(await codes(run, other), ["old null", "new abc"]);
  });
});

Deno.test("viewMeans() are means over the views, and throws for a score that JSON cannot hold", () => {
  const views = [{ name: "a", scores: { PSNR: 30, SSIM: 0.5 } }, { name: "b", scores: { PSNR: 31, SSIM: 1 } }];
  assertEquals(viewMeans(views), { PSNR: 30.5, SSIM: 0.75 });
  const infinite = JSON.parse('[{ "name": "a", "scores": { "PSNR": null } }]');
  assertThrows(() => viewMeans(infinite), Error, "PSNR of view a");
  assertThrows(() => viewMeans([]), Error, "No view was held out");
});
