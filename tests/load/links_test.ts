// Captures whose files are symbolic links into a store, as git-annex and DVC keep them.

import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pattern, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const [WIDTH, HEIGHT] = [40, 30];

const METASHAPE = `<document><chunk>
  <sensors><sensor id="0" type="frame"><calibration type="frame"><resolution width="${WIDTH}" height="${HEIGHT}"/>
    <f>40</f></calibration></sensor></sensors>
  <cameras><camera id="0" sensor_id="0" label="a"><transform>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1</transform></camera></cameras>
</chunk></document>`;
const REALITYSCAN = "#name,x,y,alt,heading,pitch,roll,f\na.png,1,2,3,0,0,0,30\n";

/** Writes a file to a store, with a link to it in the capture. */
async function writeLinked(folder: string, name: string, content: Uint8Array): Promise<void> {
  const [stored, link] = [join(folder, "store", name.replaceAll("/", "_")), join(folder, "capture", name)];
  for (const path of [stored, link]) await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(stored, content);
  await Deno.symlink(stored, link);
}

for (const [name, text] of [["cameras.xml", METASHAPE], ["registration.csv", REALITYSCAN]]) {
  Deno.test(`loadScene() reads a capture whose ${name} and photo are links`, async () => {
    await withFolder(async (folder) => {
      await writeLinked(folder, name, new TextEncoder().encode(text));
      await writeLinked(folder, "images/a.png", await raw(pattern(WIDTH, HEIGHT), WIDTH, HEIGHT).png().toBuffer());
      await Deno.symlink("nowhere", join(folder, "capture", `broken ${name}`));
      await Deno.symlink(".", join(folder, "capture", `folder ${name}`));
      const { train } = await loadScene(join(folder, "capture"));
      assertEquals(train.map(({ path }) => path), [join(folder, "capture", "images", "a.png")]);
    });
  });
}

Deno.test("loadScene() reads the capture that the only entry of a folder links to", async () => {
  await withFolder(async (folder) => {
    const content = model(pinhole(1, WIDTH, HEIGHT), [image(1, "a.png")]);
    await writeCapture(join(folder, "store"), {
      model: content,
      photos: ["images/a.png"],
      width: WIDTH,
      height: HEIGHT,
    });
    await Deno.mkdir(join(folder, "capture"));
    await Deno.symlink("../store", join(folder, "capture", "garden"));
    assertEquals((await loadScene(join(folder, "capture"))).train.length, 1);
  });
});

Deno.test("loadScene() finds no capture where links lead in a circle, or nowhere", async () => {
  for (const target of [".", "link", "nowhere"]) {
    await withFolder(async (folder) => {
      await Deno.symlink(target, join(folder, "link"));
      await assertRejects(() => loadScene(folder), DataError, "No capture: expected");
    });
  }
});
