// Exposures from EXIF data: both byte orders, and data that are damaged in any way.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadSharp } from "../../ffi/sharp.ts";
import { exposureOfExif } from "../../load/exif.ts";
import { imageSize } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { Random } from "../reference/random.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";
import { mutated } from "./mutations.ts";

const EXIF = 0x8769, TIME = 0x829A, APERTURE = 0x829D, ISO = 0x8827;

/** TIFF data with one directory that points to the one with the exposure: 1/200 s, f/4, ISO 100. */
function tiff(little: boolean, entries: [tag: number, type: number, value: number | [number, number]][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(26 + 6 + 12 * entries.length + 8 * entries.length));
  const short = (at: number, value: number) => view.setUint16(at, value, little);
  const long = (at: number, value: number) => view.setUint32(at, value, little);
  short(0, little ? 0x4949 : 0x4D4D), short(2, 42), long(4, 8);
  short(8, 1), short(10, EXIF), short(12, 4), long(14, 1), long(18, 26);
  short(26, entries.length);
  entries.forEach(([tag, type, value], i) => {
    const at = 28 + 12 * i, far = 32 + 12 * entries.length + 8 * i;
    short(at, tag), short(at + 2, type), long(at + 4, 1);
    if (typeof value !== "number") long(at + 8, far), long(far, value[0]), long(far + 4, value[1]);
    else type === 3 ? short(at + 8, value) : long(at + 8, value);
  });
  return new Uint8Array(view.buffer);
}

const STATED: Parameters<typeof tiff>[1] = [[TIME, 5, [1, 200]], [APERTURE, 5, [40, 10]], [ISO, 3, 100]];

Deno.test("exposureOfExif() is time x ISO / f-number^2, in either byte order, with and without a heading", () => {
  for (const little of [true, false]) {
    const bytes = tiff(little, STATED);
    assertAlmostEquals(exposureOfExif(bytes)!, 100 / 200 / 16, 1e-12);
    const headed = new Uint8Array([...new TextEncoder().encode("Exif\0\0"), ...bytes]);
    assertAlmostEquals(exposureOfExif(headed)!, 100 / 200 / 16, 1e-12);
    assertAlmostEquals(exposureOfExif(tiff(little, STATED.with(2, [ISO, 4, 400])))!, 4 * 100 / 200 / 16, 1e-12);
  }
});

Deno.test("exposureOfExif() is undefined where a value is missing, 0, infinite or of another type", () => {
  for (const [i] of STATED.entries()) assertEquals(exposureOfExif(tiff(true, STATED.toSpliced(i, 1))), undefined);
  for (const time of [[0, 200], [1, 0], [0, 0]] as [number, number][]) {
    assertEquals(exposureOfExif(tiff(true, STATED.with(0, [TIME, 5, time]))), undefined);
  }
  assertEquals(exposureOfExif(tiff(true, STATED.with(2, [ISO, 2, 100]))), undefined);
});

Deno.test("exposureOfExif() gives a number in its range or undefined for damaged data", () => {
  const random = new Random(3), bytes = tiff(false, STATED);
  for (let end = 0; end < bytes.length - 8; end++) assertEquals(exposureOfExif(bytes.subarray(0, end)), undefined);
  for (let i = 0; i < 2000; i++) {
    const exposure = exposureOfExif(mutated(bytes, random));
    assert(exposure === undefined || exposure > 0 && exposure <= 1e9);
  }
});

Deno.test("loadScene() gives a view the exposure that its photo's EXIF data state", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeTinyCapture(folder);
    const sharp = await loadSharp();
    const path = join(folder, "images", "photo3.png");
    const exif = { IFD2: { ExposureTime: "1/50", FNumber: "28/10", ISOSpeedRatings: "200" } };
    await Deno.writeFile(path, await sharp(await Deno.readFile(path)).withExif(exif).png().toBuffer());
    const expected = 200 / 50 / 2.8 ** 2;
    assertAlmostEquals((await imageSize(path)).exposure!, expected, 1e-6);
    const { train } = await loadScene(folder);
    assertEquals(train.map(({ exposure }) => exposure !== undefined), train.map((_, i) => i === 3));
    assertAlmostEquals(train[3].exposure!, expected, 1e-6);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
