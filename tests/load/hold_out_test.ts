// testEvery and testOffset: which views are held out, and what is said where they cannot be.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { OptionError } from "../../base/option.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pattern, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

/** Writes a COLMAP capture of photos 00, 01, …, which the model lists from the last to the first. */
async function writeNumbered(folder: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => String(i).padStart(2, "0"));
  await writeCapture(folder, {
    model: model(pinhole(1, 40, 30), names.toReversed().map((name, i) => image(i, `${name}.png`))),
    photos: names.map((name) => `images/${name}.png`),
    width: 40,
    height: 30,
  });
  return names;
}

Deno.test("loadScene() holds every photo out once in the folds of testOffset 0 to testEvery - 1", async () => {
  await withFolder(async (folder) => {
    const names = await writeNumbered(folder, 11);
    for (const testEvery of [2, 3, 8, 11]) {
      const heldOut: string[] = [];
      for (let testOffset = 0; testOffset < testEvery; testOffset++) {
        const { train, test, notices } = await loadScene(folder, { eval: true, testEvery, testOffset });
        const tested = test.map(({ name }) => name);
        assertEquals(tested, names.filter((_, i) => i % testEvery === testOffset));
        assertEquals([...tested, ...train.map(({ name }) => name)].sort(), names);
        assertEquals(notices, []);
        heldOut.push(...tested);
      }
      assertEquals(heldOut.sort(), names);
    }
  });
});

Deno.test("loadScene() holds out what it did where neither is given, and nothing without eval", async () => {
  await withFolder(async (folder) => {
    await writeNumbered(folder, 11);
    const tested = async (options: object) => (await loadScene(folder, options)).test.map(({ name }) => name);
    assertEquals(await tested({ eval: true }), ["00", "08"]);
    assertEquals(await tested({ eval: true, testEvery: 8, testOffset: 0 }), ["00", "08"]);
    assertEquals(await tested({ testEvery: 2, testOffset: 1 }), []);
  });
});

Deno.test("loadScene() rejects an offset that is not less than the interval, and says so in either spelling", async () => {
  const error = await assertRejects(() => loadScene("/nonexistent", { testEvery: 4, testOffset: 4 }), OptionError);
  assertEquals(
    error.message,
    "Cannot use 4 as testOffset: it takes an integer from 0 to 3, less than testEvery",
  );
  assert(error.spelled((name) => `<${name}>`).endsWith("less than <testEvery>"));
  await assertRejects(() => loadScene("/nonexistent", { testOffset: 8 }), OptionError, "from 0 to 7");
});

Deno.test("loadScene() notes a fold without photos", async () => {
  await withFolder(async (folder) => {
    await writeNumbered(folder, 3);
    const { test, notices } = await loadScene(folder, { eval: true, testOffset: 3 });
    assertEquals(test, []);
    assertEquals(notices, ["No view is held out: there are 3, the first would be 3, counted from 0"]);
  });
});

Deno.test("loadScene() keeps to the test set that a capture names, and notes that a fold has no effect", async () => {
  await withFolder(async (folder) => {
    const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();
    const matrix = (x: number) => [[1, 0, 0, x], [0, -1, 0, 2], [0, 0, -1, 3], [0, 0, 0, 1]];
    for (const [set, count] of [["train", 3], ["test", 2]] as const) {
      const frames = Array.from(
        { length: count },
        (_, i) => ({ file_path: `${set}/${i}`, transform_matrix: matrix(i) }),
      );
      await Deno.writeTextFile(
        join(folder, `transforms_${set}.json`),
        JSON.stringify({ camera_angle_x: 0.7, frames }),
      );
      await Deno.mkdir(join(folder, set));
      for (let i = 0; i < count; i++) await Deno.writeFile(join(folder, set, `${i}.png`), photo);
    }
    const load = async (options: object) => {
      const { train, test, notices = [] } = await loadScene(folder, { eval: true, ...options });
      return [train.length, test.length, notices.filter((line) => line.includes("test_every")).length];
    };
    assertEquals(await load({}), [3, 2, 0]);
    assertEquals(await load({ testOffset: 1 }), [3, 2, 1]);
    assertEquals(await load({ testEvery: 2 }), [3, 2, 1]);
    assertEquals(await load({ testEvery: 8, testOffset: 0 }), [3, 2, 0]);
    assertEquals(await load({ eval: false, testOffset: 1 }), [5, 0, 0]);
  });
});
