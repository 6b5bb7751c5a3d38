// The parts of a SOG file: codebooks, palettes, order, zip; and the whole through the conversion library.

import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { CODEBOOK_SIZE, quantise } from "../../export/codebook.ts";
import { findPalette } from "../../export/palette.ts";
import { encodeSog } from "../../export/sog.ts";
import { spatialOrder } from "../../export/spatial_order.ts";
import { storedZip } from "../../export/zip.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { someSplats } from "../support/splat_files.ts";

Deno.test("quantise() keeps up to 256 different values, and takes the nearest entry of others", () => {
  const few = Float32Array.from({ length: 1000 }, (_, i) => (i % 200) / 7 - 3);
  const exact = quantise(few);
  few.forEach((value, i) => assertAlmostEquals(exact.entries[exact.labels[i]], value, 2e-3));
  const many = Float32Array.from({ length: 5000 }, (_, i) => Math.tan(Math.sin(i) * 1.4));
  const { entries, labels } = quantise(many);
  assertEquals([...entries], [...entries].toSorted((a, b) => a - b));
  many.forEach((value, i) => {
    const nearest = Math.min(...entries.map((entry) => Math.abs(entry - value)));
    assertAlmostEquals(Math.abs(entries[labels[i]] - value), nearest, 1e-6);
  });
});

Deno.test("quantise() has less error than equal steps, and takes equal and no values", () => {
  const values = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i) ** 15);
  const { entries, labels } = quantise(values);
  const error = values.reduce((sum, value, i) => sum + (entries[labels[i]] - value) ** 2, 0) / values.length;
  const step = 2 / (CODEBOOK_SIZE - 1);
  assertLess(error, step ** 2 / 12 / 4);
  const equal = quantise(new Float32Array(3).fill(-2.5));
  assertEquals([...equal.labels].map((label) => equal.entries[label]), [-2.5, -2.5, -2.5]);
  assertEquals(quantise(new Float32Array(0)).labels.length, 0);
});

/** Vectors around some centres, and the mean of a coordinate's squared distance from them. */
function clustered(count: number, width: number, clusters: number): Float32Array {
  return Float32Array.from({ length: count * width }, (_, i) => {
    const [row, j] = [Math.floor(i / width), i % width];
    return Math.sin(1 + 13 * (row % clusters) + 7 * j) + 0.01 * Math.sin(row + 3 * j);
  });
}

Deno.test("findPalette() finds clusters, with labels of near entries, within the size", async () => {
  const [count, width, clusters] = [3000, 9, 40];
  const vectors = clustered(count, width, clusters);
  for (const size of [1, 64, 500, count]) {
    const { entries, labels } = await findPalette(vectors, { width, size });
    assert(entries.length / width <= size, `${entries.length / width} of ${size}`);
    assert(labels.every((label) => label < entries.length / width));
    const error = vectors.reduce(
      (sum, value, i) => sum + (entries[labels[Math.floor(i / width)] * width + i % width] - value) ** 2,
      0,
    ) / vectors.length;
    if (size >= 500) assertLess(error, 0.01 ** 2);
    if (size === 64) assertLess(error, 0.1); // of a variance of 0.5
  }
});

Deno.test("findPalette() finds few vectors apart from many that are equal, with few entries for these", async () => {
  const [width, size, equal, apart] = [45, 4096, 8000, 500];
  const vectors = new Float32Array(width * (equal + apart));
  for (let i = 0; i < apart; i++) vectors.fill(i + 1, width * (equal + i), width * (equal + i + 1));
  const { entries, labels } = await findPalette(vectors, { width, size });
  assert(entries.length <= size * width);
  assertEquals(new Set(labels.subarray(0, equal)).size, 1);
  for (let i = 0; i < apart; i++) assertAlmostEquals(entries[width * labels[equal + i]], i + 1, 5); // of 500
});

Deno.test("findPalette() gives the same for the same vectors, and stops when the signal fires", async () => {
  const vectors = clustered(2000, 9, 30);
  const first = await findPalette(vectors, { width: 9, size: 128 });
  assertEquals(await findPalette(vectors, { width: 9, size: 128 }), first);
  const large = clustered(60_000, 45, 900);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")));
  const { signal } = controller;
  await assertRejects(() => findPalette(large, { width: 45, size: 16_384, signal }), Error, "enough");
});

Deno.test("spatialOrder() is a permutation that takes shorter steps than the order of the file", () => {
  const { means, count } = someSplats(2000, 0);
  const order = spatialOrder(means);
  assertEquals([...order].toSorted((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
  const length = (rows: ArrayLike<number>) =>
    Array.from(
      { length: count - 1 },
      (_, i) => Math.hypot(...[0, 1, 2].map((axis) => means[3 * rows[i] + axis] - means[3 * rows[i + 1] + axis])),
    ).reduce((a, b) => a + b);
  assertLess(length(order), 0.3 * length(Array.from({ length: count }, (_, i) => i)));
});

Deno.test("storedZip() writes the signatures, sizes and checksums of the format", () => {
  const zip = storedZip({ a: new TextEncoder().encode("123456789"), "b.txt": new Uint8Array(0) });
  const view = new DataView(zip.buffer);
  assertEquals(view.getUint32(0, true), 0x04034b50);
  assertEquals(view.getUint32(14, true), 0xcbf43926); // of "123456789", by definition of the checksum
  assertEquals([view.getUint32(18, true), view.getUint32(22, true), view.getUint16(26, true)], [9, 9, 1]);
  assertEquals(new TextDecoder().decode(zip.subarray(30, 40)), "a123456789");
  const end = zip.length - 22;
  assertEquals([view.getUint32(end, true), view.getUint16(end + 10, true)], [0x06054b50, 2]);
  const directory = view.getUint32(end + 16, true);
  assertEquals(directory + view.getUint32(end + 12, true), end);
  assertEquals(view.getUint32(directory, true), 0x02014b50);
  const second = directory + 46 + 1;
  assertEquals(view.getUint32(view.getUint32(second + 42, true), true), 0x04034b50);
});

Deno.test("encodeSog() writes lossless images whose pixels decode to the Gaussians", async () => {
  const splats = someSplats(50, 0);
  const files = unzipped(await encodeSog(splats, { antialiased: true }));
  const meta = JSON.parse(new TextDecoder().decode(files["meta.json"]));
  assertEquals([meta.version, meta.count, meta.model, meta.shN], [2, 50, "antialiased", undefined]);
  const sharp = await loadSharp();
  const pixels = async (name: string) => (await sharp(files[name]).ensureAlpha().raw().toBuffer()).subarray(0, 4 * 50);
  const [low, high] = [await pixels("means_l.webp"), await pixels("means_u.webp")];
  const order = spatialOrder(splats.means);
  const { mins, maxs } = meta.means;
  const sh0 = await pixels("sh0.webp");
  order.forEach((from, to) => {
    for (let axis = 0; axis < 3; axis++) {
      const share = (low[4 * to + axis] + 256 * high[4 * to + axis]) / 65535;
      const log = mins[axis] + share * (maxs[axis] - mins[axis]);
      assertAlmostEquals(Math.sign(log) * Math.expm1(Math.abs(log)), splats.means[3 * from + axis], 1e-4);
      assertAlmostEquals(meta.sh0.codebook[sh0[4 * to + axis]], splats.sh[3 * from + axis], 0.02);
    }
    assertAlmostEquals(sh0[4 * to + 3] / 255, 1 / (1 + Math.exp(-splats.opacities[from])), 0.5 / 255 + 1e-6);
  });
});

/** The entries of a zip file that stores them. */
function unzipped(zip: Uint8Array): Record<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(zip.buffer, zip.byteOffset);
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (let at = 0; view.getUint32(at, true) === 0x04034b50;) {
    const [size, nameLength] = [view.getUint32(at + 18, true), view.getUint16(at + 26, true)];
    const start = at + 30 + nameLength;
    files[new TextDecoder().decode(zip.subarray(at + 30, start))] = new Uint8Array(zip.subarray(start, start + size));
    at = start + size;
  }
  return files;
}

Deno.test("encodeSog() tells how much of its work is done from the start to the end, and stops between steps", async () => {
  for (const shDegree of [0, 1]) {
    const shares: number[] = [];
    await encodeSog(someSplats(700, shDegree), { antialiased: false, onProgress: (share) => shares.push(share) });
    assertEquals(shares[0], 0);
    assertAlmostEquals(shares[shares.length - 1], 1, 1e-9);
    assertEquals(shares, shares.toSorted((a, b) => a - b));
    const steps = shares.slice(1).map((share, i) => share - shares[i]);
    assertLess(Math.max(...steps), shDegree === 0 ? 0.11 : 0.6, "no step is most of it, but the palette of so few");
  }
  const controller = new AbortController();
  const onProgress = (share: number) => share > 0.5 && controller.abort(new Error("enough"));
  const stopped = encodeSog(someSplats(700, 0), { antialiased: false, signal: controller.signal, onProgress });
  await assertRejects(() => stopped, Error, "enough");
});

Deno.test("findPalette() tells its progress while a large group is searched", async () => {
  const shares: number[] = [];
  const vectors = clustered(30_000, 45, 900);
  await findPalette(vectors, { width: 45, size: 4096, onProgress: (share) => shares.push(share) });
  assertEquals(shares, shares.toSorted((a, b) => a - b));
  assertEquals(shares.at(-1), 1);
  assert(shares.filter((share) => share < 0.5).length > 0, "also before the first group is done");
});
