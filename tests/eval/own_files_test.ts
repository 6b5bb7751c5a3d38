// The files that tame writes and reads again, damaged: values of the right types and ranges, or a DataError that names
// the file; never another error, nor a name that leaves its folder.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, dirname, join, relative } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { readRecord, writeRecord } from "../../cli/full_eval/record.ts";
import { readRenderRecord, type RenderRecord, writeRenderRecord } from "../../eval/render_record.ts";
import { readMeans, readPerView, readScored, writeResults } from "../../eval/results.ts";
import { writeRunConfig } from "../../export/model_folder.ts";
import { FILE_NAME, list, object, optional, readChecked, table, TEXT, value } from "../../load/checks.ts";
import { readExposures } from "../../load/exposures.ts";
import { readModelViews } from "../../load/model_cameras.ts";
import { exposuresPath, MODEL_FILES, readCfgArgs } from "../../load/model_folder.ts";
import { newRun, readRunConfig } from "../../load/run_config.ts";
import { mutated } from "../load/mutations.ts";
import { Random } from "../reference/random.ts";

const MUTATIONS = 400;

/** A value for every field of a file, of each wrong type and beyond each range. */
const WRONG = [null, true, -1, 0.5, 1e300, "", "..", "../../x", "/etc/passwd", "\0", [], {}, [[[[]]]], { a: { b: 1 } }];

/** A file: its whole content, and what must hold for the values that are read. */
interface OwnFile {
  name: string;
  write: (folder: string) => Promise<void>;
  read: (folder: string) => Promise<unknown>;
  check: (values: never) => void;
}

const isIteration = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 32;
const RECORD: RenderRecord = {
  ...{ iteration: 7, ply: "0f", set: "test", source: "/capture", whiteBackground: true, images: "images_2" },
  ...{ resolution: 4, eval: true, testEvery: 8, testOffset: 1, near: 0.1, allowOutside: false },
  ...{ missing: "skip", undistortFov: 120, exposure: true },
  ...{ referenceCameras: true, coverage: "rectangle" },
};
const AS_IT_IS = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
const SCORES = { "00000.png": 20.5, "00001.png": null };
const RESULT = {
  iteration: 5,
  count: 1,
  loss: 0.5,
  seconds: 1,
  loadSeconds: 1,
  evaluationSeconds: 0,
  peakMemory: 9,
  peakHostMemory: 0,
};
const writeScores = (folder: string) =>
  writeResults(folder, {
    means: { ours_7: { PSNR: 20.5, SSIM: 0.5 } },
    perView: { ours_7: { PSNR: SCORES, SSIM: SCORES } },
    scored: { ours_7: "0f" },
  });
const isFileName = (name: string) => assert(name !== ".." && name !== "." && basename(name) === name, name);

const FILES: OwnFile[] = [
  {
    name: "render.json",
    write: (folder) => writeRenderRecord(folder, RECORD),
    read: readRenderRecord,
    check({ iteration, set, source, resolution = 1, testEvery = 2 }: RenderRecord): void {
      assert(isIteration(iteration) && ["train", "test"].includes(set) && typeof source === "string");
      assert(Number.isInteger(resolution) && Number.isInteger(testEvery));
    },
  },
  {
    name: MODEL_FILES.config,
    write: (folder) =>
      writeRunConfig(folder, {
        run: { ...newRun(), saved: [3, 5] },
        options: { iterations: 5 },
        device: { backend: "cpu", name: "a processor", reason: "asked for", seed: 0 },
        capture: { source: "/capture", train: 2, test: 0, points: 1, extent: 1 },
        result: { ...RESULT, aborted: false, timedOut: false },
        seconds: { load: 1, train: 1, total: 3 },
      }),
    read: readRunConfig,
    check(config: Awaited<ReturnType<typeof readRunConfig>>): void {
      assert(config?.result === undefined || isIteration(config.result.iteration));
      assert(config?.run === undefined || config.run.saved.every(isIteration));
    },
  },
  {
    name: "results.json",
    write: writeScores,
    read: readMeans,
    check(means: Awaited<ReturnType<typeof readMeans>>): void {
      for (const [method, scores] of Object.entries(means)) {
        isFileName(method);
        assert(Object.values(scores).every((score) => score === null || Number.isFinite(score)));
      }
    },
  },
  {
    name: "per_view.json",
    write: writeScores,
    read: readPerView,
    check(perView: Awaited<ReturnType<typeof readPerView>>): void {
      for (const metrics of Object.values(perView)) {
        for (const scores of Object.values(metrics)) Object.keys(scores).forEach(isFileName);
      }
    },
  },
  {
    name: "scored.json",
    write: writeScores,
    read: readScored,
    check: (scored: Record<string, string>) => assert(Object.values(scored).every((hash) => typeof hash === "string")),
  },
  {
    name: "full_eval.json",
    write: (folder) =>
      writeRecord(folder, {
        done: { train: { arguments: ["train", "-s"], seconds: 1.5 } },
        failure: { stage: "render", code: 3, message: "no PLY" },
      }),
    read: readRecord,
    check: ({ done }: Awaited<ReturnType<typeof readRecord>>) => assertEquals(typeof done, "object"),
  },
  {
    name: MODEL_FILES.cameras,
    write: (folder) =>
      Deno.writeTextFile(
        join(folder, MODEL_FILES.cameras),
        '[{"id":0,"img_name":"a","width":4,"height":3,"position":[1,2,3],"rotation":[[0,1,0],[0,0,1],[1,0,0]],' +
          '"fy":2.5,"fx":2,"cx":2.25,"cy":1.5}]',
      ),
    read: readModelViews,
    check(views: Awaited<ReturnType<typeof readModelViews>>): void {
      for (const { name, camera } of views) {
        const { width, height, fx, fy, cx, cy, rotation, translation } = camera;
        assert(typeof name === "string" && width > 0 && height > 0 && fx > 0 && fy > 0);
        assertEquals([rotation.length, translation.length], [9, 3]);
        assert([width, height, fx, fy, cx, cy, ...rotation].every(Number.isFinite));
      }
    },
  },
  {
    name: relative(".", exposuresPath(".", 7)),
    write: async (folder) => {
      await Deno.mkdir(dirname(exposuresPath(folder, 7)), { recursive: true });
      const views = { a: AS_IT_IS, __proto__: AS_IT_IS.with(3, 0.5) };
      await Deno.writeTextFile(exposuresPath(folder, 7), JSON.stringify({ version: 1, kind: "gains", views }));
    },
    read: (folder) => readExposures(folder, 7),
    check(exposures: Awaited<ReturnType<typeof readExposures>>): void {
      for (const transform of Object.values(exposures!.views)) {
        assert(transform.length === 12 && transform.every(Number.isFinite));
      }
    },
  },
  {
    name: MODEL_FILES.cfgArgs,
    write: (folder) =>
      Deno.writeTextFile(
        join(folder, MODEL_FILES.cfgArgs),
        "Namespace(source_path='/a b', images=\"c'd\", resolution=-1, eval=True, near=1e-1, coverage='alpha')",
      ),
    read: readCfgArgs,
    check: ({ resolution = 1, near = 1 }: Awaited<ReturnType<typeof readCfgArgs>>) =>
      assert(Number.isInteger(resolution) && parseFloat(`${near}`) > 0),
  },
];

for (const { name, write, read, check } of FILES) {
  Deno.test(`${name} is read as it was written, or with a DataError when it is damaged`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await write(folder);
      const path = join(folder, name);
      const bytes = await Deno.readFile(path);
      const whole = await read(folder);
      check(whole as never);
      const tryContent = async (content: Uint8Array) => {
        await Deno.writeFile(path, content);
        try {
          check(await read(folder) as never);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          assertStringIncludes(error.message, path);
        }
      };
      for (let end = 0; end < bytes.length; end += 1 + Math.floor(bytes.length / MUTATIONS)) {
        await tryContent(bytes.subarray(0, end));
      }
      const random = new Random(5);
      for (let i = 0; i < MUTATIONS; i++) await tryContent(mutated(bytes, random));
      for (const text of ["", "[".repeat(100_000), '{"a":'.repeat(100_000), "0", "{}", "\ufeff{}", "Namespace("]) {
        await tryContent(new TextEncoder().encode(text));
      }
      if (name === MODEL_FILES.cfgArgs) return;
      for (const damaged of eachDamaged(JSON.parse(new TextDecoder().decode(bytes)))) {
        await tryContent(new TextEncoder().encode(JSON.stringify(damaged)));
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** A value with each of its parts, at any depth, replaced by each wrong value, or called by it. */
function* eachDamaged(value: unknown): Generator<unknown> {
  yield* WRONG;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      for (const other of eachDamaged(item)) yield value.with(i, other);
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const other of eachDamaged(item)) yield { ...value, [key]: other };
      const { [key]: _, ...others } = value as Record<string, unknown>;
      yield others;
      for (const name of WRONG) if (typeof name === "string") yield { ...others, [name]: item };
    }
  }
}

Deno.test("readChecked() names the file, the field and what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.json");
    const check = object({
      name: FILE_NAME,
      count: value({ kind: "integer", minimum: 1, maximum: 9 }),
      lists: optional(table(list(TEXT))),
    });
    const read = () => readChecked(path, check, "write it again");
    assertEquals(await read(), undefined);
    const write = (content: unknown) => Deno.writeTextFile(path, JSON.stringify(content));
    await write({ name: "a b.png", count: 9, lists: null, more: 1 });
    assertEquals(await read(), { name: "a b.png", count: 9 });
    const wrong: [unknown, string][] = [
      [{ name: "a" }, "count is missing: expected an integer from 1 to 9"],
      [{ name: "a", count: 10 }, "count is 10: expected an integer from 1 to 9"],
      [{ name: "a", count: "1" }, 'count is "1": expected'],
      [{ name: "a/b", count: 1 }, 'name is "a/b": expected the name of a file, without a folder'],
      [{ name: "a", count: 1, lists: { x: ["y", 2] } }, "lists.x[1] is 2: expected a string"],
      [{ name: "a", count: 1, lists: { "x y": {} } }, 'lists."x y" is {}: expected a list'],
      [{ name: "a", count: "x".repeat(10_000) }, 'count is "xxxxxxxxx'],
    ];
    for (const [content, message] of wrong) {
      await write(content);
      const error = await assertRejects(read, DataError, message);
      assertStringIncludes(error.message, `; write it again (${path})`);
      assert(error.message.length < 500);
    }
    await Deno.remove(path);
    await Deno.mkdir(path);
    await assertRejects(read, DataError, "Expected a file");
    await Deno.remove(path);
    await Deno.symlink("/dev/zero", path); // without an end
    await assertRejects(read, DataError, "Expected a file");
    await Deno.remove(path);
    await Deno.truncate(
      await Deno.open(path, { create: true, write: true }).then((file) => (file.close(), path)),
      2 ** 40,
    );
    await assertRejects(read, DataError, "File is too large");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
