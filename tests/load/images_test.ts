// load/images.ts: sizes to train at, and pixels of photos of every kind, which the test makes with sharp.

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import type { Image8 } from "../../base/scene.ts";
import { imageSize, loadPhotos, readImage, targetSize } from "../../load/images.ts";
import { pattern, raw, withFolder } from "./fixtures.ts";

const RGB = new Uint8Array([10, 20, 30, 200, 100, 50, 0, 0, 0, 255, 255, 255, 7, 8, 9, 128, 128, 128]);

/** The photo that sharp's encoder makes, read back from a file. */
async function readBack(encoded: Promise<Uint8Array>, size?: { width: number; height: number }): Promise<Image8> {
  let image: Image8 | undefined;
  await withFolder(async (folder) => {
    const path = join(folder, "photo");
    await Deno.writeFile(path, await encoded);
    image = await readImage(path, size);
    const stored = await imageSize(path);
    const { width, height } = stored;
    if (size === undefined) assertEquals([width, height], [image.width, image.height]);
    assertEquals(stored.alpha, image.channels === 4);
  });
  return image!;
}

/** Largest difference of two images of one size. */
function difference(a: Image8, b: Image8): number {
  assertEquals([a.width, a.height, a.channels], [b.width, b.height, b.channels]);
  return a.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.data[i])), 0);
}

Deno.test("targetSize() rounds halves to even when it divides", () => {
  assertEquals(targetSize(1061, 1893, 1), { width: 1061, height: 1893 });
  assertEquals(targetSize(1061, 1893, 2), { width: 530, height: 946 });
  assertEquals(targetSize(1063, 1895, 2), { width: 532, height: 948 });
  assertEquals(targetSize(1061, 1893, 4), { width: 265, height: 473 });
  assertEquals(targetSize(1061, 1893, 8), { width: 133, height: 237 });
  assertEquals(targetSize(3, 1, 8), { width: 1, height: 1 });
});

Deno.test("targetSize() is exactly 1600 wide when a photo is wider and nothing else is asked", () => {
  assertEquals(targetSize(1600, 1200, -1), { width: 1600, height: 1200 });
  assertEquals(targetSize(800, 9000, -1), { width: 800, height: 9000 });
  assertEquals(targetSize(4000, 3000, -1), { width: 1600, height: 1200 });
  for (let width = 1601; width < 9000; width++) {
    const size = targetSize(width, width, -1); // dividing by width / 1600 would give 1599 for 536 of these
    assertEquals(size, { width: 1600, height: 1600 });
  }
});

Deno.test("targetSize() takes any other resolution as the width", () => {
  assertEquals(targetSize(805, 604, 800), { width: 800, height: 600 });
  assertEquals(targetSize(1061, 1893, 300), { width: 300, height: 535 });
  assertEquals(targetSize(100, 50, 200), { width: 200, height: 100 });
});

Deno.test("readImage() gives the stored bytes when the photo is RGB", async () => {
  const image = await readBack(raw(RGB, 3, 2).png().toBuffer());
  assertEquals(image, { width: 3, height: 2, channels: 3, data: RGB });
});

Deno.test("readImage() gives grey on three channels when the photo is grey", async () => {
  const grey = new Uint8Array([0, 50, 100, 150, 200, 255]);
  const image = await readBack(raw(grey, 3, 2).toColourspace("b-w").png().toBuffer());
  assertEquals(
    image.data,
    Uint8Array.from(grey).reduce((all, value, i) => all.fill(value, 3 * i, 3 * i + 3), new Uint8Array(18)),
  );
});

Deno.test("readImage() keeps the high bytes when the photo has 16 bits", async () => {
  const wide = new Uint16Array(18).map((_, i) => 3600 * i + 17);
  const rgb = await readBack(raw(wide, 3, 2).toColourspace("rgb16").png().toBuffer());
  assertEquals(rgb.data, new Uint8Array(18).map((_, i) => wide[i] >> 8));
  const grey = await readBack(raw(wide.subarray(0, 6), 3, 2).toColourspace("grey16").png().toBuffer());
  assertEquals(grey.data, new Uint8Array(18).map((_, i) => wide[Math.floor(i / 3)] >> 8));
});

Deno.test("readImage() gives RGB when the photo is CMYK", async () => {
  const flat = new Uint8Array(3 * 64).map((_, i) => [200, 180, 160][i % 3]);
  for (
    const encoded of [
      raw(flat, 8, 8).toColourspace("cmyk").tiff({ compression: "lzw" }).toBuffer(),
      raw(flat, 8, 8).toColourspace("cmyk").jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(),
    ]
  ) {
    const image = await readBack(encoded);
    assertEquals([image.width, image.height, image.channels], [8, 8, 3]);
    [200, 180, 160].forEach((value, i) => assertAlmostEquals(image.data[i], value, 8)); // there and back by profile
  }
});

Deno.test("readImage() keeps alpha when the photo has it, with the colours as stored", async () => {
  const rgba = new Uint8Array([10, 20, 30, 0, 200, 100, 50, 128, 1, 2, 3, 255]);
  const image = await readBack(raw(rgba, 3, 1).png().toBuffer());
  assertEquals(image, { width: 3, height: 1, channels: 4, data: rgba });
  const grey = await readBack(raw(new Uint8Array([10, 0, 20, 255, 30, 7]), 3, 1).toColourspace("b-w").png().toBuffer());
  assertEquals(grey.data, new Uint8Array([10, 10, 10, 0, 20, 20, 20, 255, 30, 30, 30, 7]));
  const wide = Uint16Array.from(rgba, (value) => 256 * value + 99);
  const deep = await readBack(raw(wide, 3, 1).toColourspace("rgb16").png().toBuffer());
  assertEquals(deep.data, rgba);
});

Deno.test("readImage() keeps alpha when the photo is a palette with a transparent colour", async () => {
  const rgba = new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255, 0, 0, 0, 0]);
  const image = await readBack(raw(rgba, 3, 1).png({ palette: true, colours: 4 }).toBuffer());
  assertEquals([image.channels, ...image.data.subarray(0, 8)], [4, ...rgba.subarray(0, 8)]);
  assertEquals(image.data[11], 0);
});

Deno.test("readImage() reduces alpha with the colours weighed by it", async () => {
  // Opaque red in the left half, and green of which nothing shows in the right.
  const [width, height] = [64, 32];
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set(i % width < 32 ? [250, 10, 20, 255] : [0, 255, 0, 0], 4 * i);
  const reduced = await readBack(raw(data, width, height).png().toBuffer(), { width: 7, height: 4 });
  assertEquals(reduced.channels, 4);
  const alphas = Array.from({ length: 7 }, (_, x) => reduced.data[4 * x + 3]);
  assertEquals([alphas[0], alphas[6]], [255, 0]);
  assert(alphas[3] > 100 && alphas[3] < 155, `half of the middle shows: ${alphas}`);
  for (let x = 0; x < 7; x++) {
    if (alphas[x] < 20) continue;
    [250, 10, 20].forEach((value, c) => assertAlmostEquals(reduced.data[4 * x + c], value, 6, `green bleeds at ${x}`));
  }
});

Deno.test("readImage() leaves pixels as stored when EXIF asks for a rotation", async () => {
  const image = await readBack(raw(RGB, 3, 2).withMetadata({ orientation: 6 }).png().toBuffer());
  assertEquals(image, { width: 3, height: 2, channels: 3, data: RGB });
});

Deno.test("readImage() leaves pixels as stored when there is an ICC profile", async () => {
  const encoded = await raw(RGB, 3, 2).withIccProfile("p3").png().toBuffer();
  const { data } = await raw(RGB, 3, 2).withIccProfile("p3").raw().toBuffer({ resolveWithObject: true });
  const stored = new Uint8Array(data);
  assert(stored.some((value, i) => Math.abs(value - RGB[i]) > 5), "the profile should change the stored values");
  assertEquals((await readBack(Promise.resolve(encoded))).data, stored);
});

Deno.test("readImage() reduces from the full-size pixels when the photo is a JPEG", async () => {
  const jpeg = await raw(pattern(256, 192), 256, 192).jpeg({ quality: 95 }).toBuffer();
  const full = await readBack(Promise.resolve(jpeg));
  const lossless = raw(full.data, 256, 192).png().toBuffer();
  for (const factor of [2, 4, 16]) {
    const size = { width: 256 / factor, height: 192 / factor };
    assertEquals(difference(await readBack(Promise.resolve(jpeg), size), await readBack(lossless, size)), 0);
  }
});

Deno.test("readImage() averages over the area when it reduces, and keeps a flat colour", async () => {
  const size = { width: 33, height: 25 };
  const reduced = await readBack(raw(pattern(264, 200), 264, 200).png().toBuffer(), size);
  const [low, high] = [Math.min(...reduced.data), Math.max(...reduced.data)];
  assert(low >= 45 && high <= 175, `the fine pattern of ±40 should be gone: ${low} to ${high}`);
  const flat = await readBack(raw(new Uint8Array(3 * 100).fill(77), 10, 10).png().toBuffer(), { width: 7, height: 13 });
  assertEquals(flat, { width: 7, height: 13, channels: 3, data: new Uint8Array(3 * 91).fill(77) });
});

Deno.test("readImage() throws a DataError that names the file when it is missing, cut short or no image", async () => {
  await withFolder(async (folder) => {
    const jpeg = await raw(pattern(64, 64), 64, 64).jpeg().toBuffer();
    await Deno.writeFile(join(folder, "cut.jpg"), jpeg.subarray(0, jpeg.length / 2));
    await Deno.writeTextFile(join(folder, "text.jpg"), "not a photo");
    await Deno.writeTextFile(join(folder, "empty.jpg"), "");
    for (const name of ["missing.jpg", "cut.jpg", "text.jpg", "empty.jpg"]) {
      const error = await assertRejects(() => readImage(join(folder, name)), DataError, "Photo cannot be read");
      assertEquals(error.path, join(folder, name));
      if (name !== "cut.jpg") await assertRejects(() => imageSize(join(folder, name)), DataError, name);
    }
  });
});

/** Views whose photos are one pixel, the view's index; counts how many decode at once. */
function countingViews(count: number): { views: { photo(): Promise<Image8> }[]; peak(): number; started(): number } {
  let running = 0, peak = 0, started = 0;
  const views = Array.from({ length: count }, (_, i) => ({
    async photo(): Promise<Image8> {
      started++;
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, (i * 7) % 4));
      running--;
      return { width: 1, height: 1, channels: 3 as const, data: new Uint8Array([i, i, i]) };
    },
  }));
  return { views, peak: () => peak, started: () => started };
}

Deno.test("loadPhotos() hands over each photo once when several are in flight", async () => {
  const { views, peak } = countingViews(23);
  const seen: number[] = [];
  await loadPhotos(views, {
    concurrency: 3,
    onPhoto: (index, image) => {
      assertEquals(image.data[0], index);
      seen.push(index);
    },
  });
  assertEquals(seen.sort((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i));
  assertEquals(peak(), 3);
  await loadPhotos([]);
});

Deno.test("loadPhotos() starts no more photos when one fails or the signal fires", async () => {
  const failing = countingViews(20);
  failing.views[4] = { photo: () => Promise.reject(new DataError("Photo cannot be read", { path: "5.jpg" })) };
  await assertRejects(() => loadPhotos(failing.views, { concurrency: 2 }), DataError, "5.jpg");
  assert(failing.started() < 10, `${failing.started()} photos were started`);

  const stopped = countingViews(20);
  const controller = new AbortController();
  const onPhoto = (): void => controller.abort(new Error("enough"));
  await assertRejects(
    () => loadPhotos(stopped.views, { concurrency: 2, onPhoto, signal: controller.signal }),
    Error,
    "enough",
  );
  assert(stopped.started() < 6, `${stopped.started()} photos were started`);
});
