// What loading takes: the memory of a whole process that loads many large photos.

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { libraryMissing } from "../support/device.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const PHOTOS = 200;
const [WIDTH, HEIGHT] = [4000, 3000];

Deno.test({
  name: `loading 200 photos of 12 megapixels at a quarter takes at most twice their final size` +
    (libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`),
  ignore: libraryMissing !== undefined,
  fn: () =>
    withFolder(async (folder) => {
      const names = Array.from({ length: PHOTOS }, (_, i) => `${String(i).padStart(3, "0")}.jpg`);
      const images = names.map((name, i) => image(i, name));
      await writeCapture(folder, { model: model(pinhole(1, WIDTH, HEIGHT), images), photos: [], width: 1, height: 1 });
      // One photo under 200 names: what decoding takes does not depend on what is to be seen.
      const photo = join(folder, "images", names[0]);
      await Deno.mkdir(join(folder, "images"));
      const flat = raw(new Uint8Array(3 * 16 * 12).fill(90), 16, 12);
      await Deno.writeFile(photo, await flat.resize(WIDTH, HEIGHT, { kernel: "nearest" }).jpeg().toBuffer());
      for (const name of names.slice(1)) await Deno.link(photo, join(folder, "images", name));

      const program = fromFileUrl(new URL("load_photos.ts", import.meta.url));
      const args = ["run", "-A", "--no-check", program, folder, "4"];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assert(success, new TextDecoder().decode(stderr));
      const { photos, peak } = JSON.parse(new TextDecoder().decode(stdout));
      const final = 3 * PHOTOS * (WIDTH / 4) * (HEIGHT / 4);
      assertEquals(Math.floor(photos / final), 1); // but for padding, what the plan says
      assertLessOrEqual(peak, 2 * final, `${Math.round(peak / 1e6)} MB`);
    }),
});
