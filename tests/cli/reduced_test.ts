// Photos at a fraction of their size.

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REDUCTIONS, writeReduced } from "../../cli/convert/reduced.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { pattern, raw } from "../load/fixtures.ts";

Deno.test("writeReduced() loses nothing in PNG, TIFF and WebP, and keeps the formats", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tame_reduced_" });
  try {
    const photo = () => raw(pattern(64, 40), 64, 40);
    const photos = {
      "a.png": photo().png(),
      "b.tif": photo().tiff({ compression: "none" }),
      "c.TIFF": photo().tiff({ compression: "none" }),
      "d.webp": photo().webp({ lossless: true }),
      "e.jpg": photo().jpeg(),
    };
    const formats = ["png", "tiff", "tiff", "webp", "jpeg"];
    const names = Object.keys(photos);
    await Deno.mkdir(join(folder, "images"));
    for (const [name, image] of Object.entries(photos)) {
      await Deno.writeFile(join(folder, "images", name), await image.toBuffer());
    }
    const { signal } = new AbortController();
    await writeReduced(folder, names, { signal, onPhoto() {} });
    const sharp = await loadSharp();
    for (const factor of REDUCTIONS) {
      const of = (name: string) => join(folder, `images_${factor}`, name);
      const pixels = async (name: string) => (await sharp(await Deno.readFile(of(name))).raw().toBuffer()).toHex();
      const expected = await pixels("a.png");
      for (const [i, name] of names.entries()) {
        const format = formats[i];
        const { width, height, format: written } = await sharp(await Deno.readFile(of(name))).metadata();
        assertEquals([width, height, written], [64 / factor, 40 / factor, format], name);
        if (format === "tiff") {
          assert(await pixels(name) === expected, `${name} at 1/${factor} has other pixels than PNG`);
        }
      }
      // Its pixels differ from those of PNG, since WebP's decoder reduces too: the chunk says that there is no loss.
      const webp = await Deno.readFile(of("d.webp"));
      assertEquals(new TextDecoder().decode(webp.subarray(12, 16)), "VP8L");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
