// A new format of captures takes one registration: here a text file with a photo and a camera centre on each line.

import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { readDataFile } from "../../load/bytes.ts";
import type { Capture, CaptureReader, PosedPhoto } from "../../load/capture.ts";
import { registerReader } from "../../load/readers.ts";
import { loadScene } from "../../load/scene.ts";
import { pattern, raw, withFolder } from "./fixtures.ts";

/** Reads `*.posed`: lines of a photo's name and its camera's centre; every camera looks along z with a 90° lens. */
const posedReader: CaptureReader = {
  expects: "a .posed file",
  async read(source: string): Promise<Capture | undefined> {
    if (!source.endsWith(".posed")) return undefined;
    const lines = new TextDecoder().decode(await readDataFile(source)).trim().split("\n");
    const photos = lines.map((line, i): PosedPhoto => {
      const [name, ...center] = line.split(" ");
      if (center.length !== 3) throw new DataError("Expected a name and three numbers", { path: source, line: i + 1 });
      return {
        name,
        path: join(dirname(source), name),
        intrinsics: ({ width, height }) => ({
          width,
          height,
          fx: width / 2,
          fy: width / 2,
          cx: width / 2,
          cy: height / 2,
        }),
        stated: { name: `Camera of ${name}`, path: source },
        rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
        translation: center.map((value) => -Number(value)),
      };
    });
    return { photos, points: undefined, fallback: "views", ordered: false, notices: [] };
  },
};

Deno.test("loadScene() reads a made-up format once its reader is registered, and not after", async () => {
  await withFolder(async (folder) => {
    const source = join(folder, "walk.posed");
    await Deno.writeTextFile(source, "b.png 2 0 0\na.png 0 0 0\nc.png 4 0 0\n");
    for (const name of ["a.png", "b.png", "c.png"]) await raw(pattern(40, 30), 40, 30).png().toFile(join(folder, name));
    {
      using _registered = registerReader(posedReader);
      const scene = await loadScene(source, { eval: true, resolution: 20 });
      assertEquals([scene.train, scene.test].map((views) => views.map(({ name }) => name)), [["b", "c"], ["a"]]);
      const { camera } = scene.train[1];
      assertEquals([camera.width, camera.height, camera.fx, camera.translation], [20, 15, 10, [-4, 0, 0]]);
      assertEquals((await scene.train[1].photo()).data.length, 3 * 20 * 15);
      await assertRejects(() => loadScene(folder), DataError, "expected a .posed file, a COLMAP model in sparse/0");
    }
    await assertRejects(() => loadScene(source), DataError);
  });
});

Deno.test("loadScene() names file and line when a registered reader rejects a capture", async () => {
  await withFolder(async (folder) => {
    using _registered = registerReader(posedReader);
    const source = join(folder, "walk.posed");
    await Deno.writeTextFile(source, "a.png 0 0 0\nb.png 2 0\n");
    await assertRejects(() => loadScene(source), DataError, `Expected a name and three numbers`);
  });
});
