// load/heic.ts: what is said about photos that no build of sharp decodes.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { imageSize } from "../../load/images.ts";
import { pattern, raw, withFolder } from "./fixtures.ts";
import { zipOf } from "./zips.ts";

Deno.test("imageSize() says how to convert a photo in HEIC, in a folder or in an archive", async () => {
  await withFolder(async (folder) => {
    // The file type box of a phone's photo, with brands in any order, and the start of its metadata.
    const box = (...brands: string[]) =>
      new TextEncoder().encode(
        `\0\0\0${String.fromCharCode(8 + 4 * brands.length + 4)}ftyp${brands[0]}\0\0\0\0` +
          `${brands.slice(1).join("")}\0\0\0\x20meta`,
      );
    for (const [i, brands] of [["heic", "mif1", "heic"], ["mif1", "miaf", "heix"], ["msf1", "hevc"]].entries()) {
      const path = join(folder, `${i}.HEIC`);
      await Deno.writeFile(path, box(...brands));
      await Deno.writeFile(join(folder, `${i}.zip`), zipOf([{ name: "a.heic", data: box(...brands) }]));
      for (const photo of [path, join(folder, `${i}.zip`, "a.heic")]) {
        const error = await assertRejects(
          () => imageSize(photo),
          DataError,
          "Photo is in HEIC, which cannot be decoded",
        );
        assert(error.message.includes("convert all photos to JPEG") && error.path === photo);
      }
    }
    await Deno.writeFile(join(folder, "a.avif"), await raw(pattern(40, 30), 40, 30).avif().toBuffer());
    assertEquals((await imageSize(join(folder, "a.avif"))).width, 40);
    await Deno.writeFile(join(folder, "b.avif"), box("avif", "mif1"));
    await assertRejects(() => imageSize(join(folder, "b.avif")), DataError, "Photo cannot be read");
  });
});
