// load/find_photos.ts through loadScene(): photos whose files have other names than the capture states, for each reader.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { writeColmap } from "../../export/colmap.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pattern, pinhole, raw, withFolder } from "./fixtures.ts";

/** Writes a capture that states some photos, without the photos. */
type Writer = (folder: string, names: string[]) => Promise<void>;

const transform_matrix = [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]];

/** A file of frames, each with a photo in `folder`. */
function framesOf(names: string[], folder: string): string {
  const frames = names.map((name) => ({ file_path: `${folder}/${name}`, transform_matrix }));
  return JSON.stringify({ camera_angle_x: 0.8, frames });
}

const WRITERS: Record<string, { write: Writer; photos: string }> = {
  "a COLMAP model": {
    photos: "images",
    write: (folder, names) =>
      writeColmap(join(folder, "sparse", "0"), model(pinhole(1, 40, 30), names.map((name, i) => image(i, name)))),
  },
  "a transforms.json": {
    photos: "images",
    write: (folder, names) => Deno.writeTextFile(join(folder, "transforms.json"), framesOf(names, "images")),
  },
  "a synthetic scene": {
    photos: "train",
    write: (folder, names) => Deno.writeTextFile(join(folder, "transforms_train.json"), framesOf(names, "./train")),
  },
};

/** What a capture states, and the one file that it means. */
const ALIKE: [what: string, stated: string, file: string][] = [
  ["other case", "IMG_1.JPG", "img_1.jpg"],
  ["other case of a folder", "Left/a.png", "left/a.png"],
  ["another extension", "IMG_1.jpg", "IMG_1.png"],
  ["another extension in other case", "a.jpeg", "A.JPG"],
  ["a converted photo", "IMG_2.HEIC", "IMG_2.jpg"],
  ["composed Unicode", "caf\u00e9.png", "cafe\u0301.png"],
  ["decomposed Unicode", "cafe\u0301.png", "caf\u00e9.png"],
  ["percent-escapes", "my%20photo%20%C3%A9.png", "my photo \u00e9.png"],
  ["an escaped folder", "left%2Fa.png", "left/a.png"],
  ["an escape in the file's name only", "my photo.png", "my%20photo.png"],
  ["a percent sign that begins no escape", "100%.PNG", "100%.png"],
  ["backslashes", "left\\a.png", "left/a.png"],
  ["several dots", "DSC.0001.jpg", "DSC.0001.png"],
];

const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();

/** Writes photos into a folder of its own capture, and runs `body`. */
async function withPhotos(files: string[], body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const file of files) {
      await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
      await Deno.writeFile(join(folder, file), photo);
    }
    await body(folder);
  });
}

for (const [reader, { write, photos }] of Object.entries(WRITERS)) {
  for (const [what, stated, file] of ALIKE) {
    Deno.test(`loadScene() finds a photo of ${reader} by ${what}`, async () => {
      await withPhotos([`${photos}/${file}`, `${photos}/other.png`], async (folder) => {
        await write(folder, [stated, "other.png"]);
        const { train, notices } = await loadScene(folder);
        assertEquals(
          train.map(({ path }) => path).sort(),
          [file, "other.png"].map((f) => join(folder, photos, f)).sort(),
        );
        const said = notices!.filter((line) => line.includes("other names than the capture states"));
        // Readers of transforms.json take backslashes for slashes, as such files state both; COLMAP takes bare names.
        assertEquals(said.length, what === "backslashes" && reader !== "a COLMAP model" ? 0 : 1, `${notices}`);
      });
    });
  }

  Deno.test(`loadScene() leaves a photo of ${reader} missing where several files match, or another photo's`, async () => {
    const missing = async (folder: string): Promise<string> => {
      try {
        return (await loadScene(folder)).notices![0];
      } catch (error) {
        if (error instanceof DataError) return error.message;
        throw error;
      }
    };
    await withPhotos(["B.png", "b.PNG", "other.png"].map((file) => `${photos}/${file}`), async (folder) => {
      await write(folder, ["b.png", "other.png"]);
      const line = await missing(folder);
      assertEquals([line.includes("1 of 2 photos are missing"), /nearest name there is (B\.png|b\.PNG)/.test(line)], [
        true,
        true,
      ], line);
    });
    // One file, which is the other photo's.
    await withPhotos([`${photos}/b.png`], async (folder) => {
      await write(folder, ["b.png", "B.JPG"]);
      const line = await missing(folder);
      assertEquals([line.includes("1 of 2 photos are missing"), line.includes("nearest")], [true, false], line);
    });
    // One file that two photos may mean.
    await withPhotos([`${photos}/b.png`, `${photos}/other.png`], async (folder) => {
      await write(folder, ["B.png", "b.JPG", "other.png"]);
      const line = await missing(folder);
      assertEquals(line.includes("2 of 3 photos are missing"), true, line);
    });
  });
}

for (const [reader, { write, photos }] of Object.entries(WRITERS)) {
  Deno.test(`loadScene() leaves missing photos of ${reader} out, or rejects them, as it is told`, async () => {
    await withPhotos([`${photos}/a.png`, `${photos}/IMG_3.png`, `${photos}/c.png`], async (folder) => {
      await write(folder, ["IMG_2.png", "a.png", "lost.png", "c.png"]);
      const lines = "2 of 4 photos are missing";
      const first = "the first is \\S*IMG_2.png; the nearest name there is IMG_3.png";
      const { train, notices } = await loadScene(folder, { missing: "skip" });
      assertEquals(train.map(({ path }) => path), ["a", "c"].map((name) => join(folder, photos, `${name}.png`)));
      assertEquals(notices!.filter((line) => line.includes("missing")).length, 1);
      assertMatch(notices!.find((line) => line.includes("missing"))!, new RegExp(`^${lines} and left out, ${first}$`));
      const error = await assertRejects(() => loadScene(folder, { missing: "error" }), DataError);
      assertMatch(error.message, new RegExp(`^${lines}, ${first}\\. .*--missing skip`));
      // A transforms.json may list photos that were never published; a COLMAP model names those that it was made of.
      const unset = await loadScene(folder).then(({ train }) => train.length, (error: Error) => error.message);
      assertEquals(unset, reader === "a COLMAP model" ? error.message : 2);
      for (const name of ["a", "c"]) await Deno.remove(join(folder, photos, `${name}.png`));
      await write(folder, ["a.png", "lost.png"]);
      const none = await assertRejects(() => loadScene(folder, { missing: "skip" }), DataError, "2 of 2 photos");
      assertEquals(none.message.includes("--missing"), false, "nothing would be left");
    });
  });
}

Deno.test("loadScene() gives the photos of a COLMAP model their own poses and masks when others are skipped", async () => {
  await withPhotos(["images/b.png", "images/d.png", "masks/d.png"], async (folder) => {
    await WRITERS["a COLMAP model"].write(folder, ["d.png", "c.png", "b.png", "a.png"]);
    const { train } = await loadScene(folder, { missing: "skip" });
    // image() places the photo i of the model at (i, 0, 0).
    assertEquals(train.map(({ name, camera, maskPath }) => [name, Math.abs(camera.translation[0]), maskPath]), [
      ["b", 2, undefined],
      ["d", 0, join(folder, "masks", "d.png")],
    ]);
  });
});

Deno.test("loadScene() rejects two frames that -i gives one file, because the folders are not there", async () => {
  await withPhotos(["images_2/a.png"], async (folder) => {
    await WRITERS["a transforms.json"].write(folder, ["left/a.png", "right/a.png"]);
    await assertRejects(() => loadScene(folder, { images: "images_2" }), DataError, "have the same file");
  });
});

Deno.test("loadScene() never looks out of the folder of photos for a name that differs", async () => {
  await withPhotos(["secret.PNG", "images/other.png"], async (folder) => {
    for (const name of ["..\\secret.png", "%2e%2e/secret.png", "..%2Fsecret.png"]) {
      await WRITERS["a COLMAP model"].write(folder, ["other.png", name]);
      await assertRejects(() => loadScene(folder), DataError, "1 of 2 photos are missing");
    }
  });
});
