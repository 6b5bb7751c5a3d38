// Evaluation of photos with alpha and masks: composited over the renders' background, with all pixels scored.
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Image8, View } from "../../base/scene.ts";
import { renderViews } from "../../eval/render.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { readImage } from "../../load/images.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { flattened } from "../../measure/pixels.ts";
import { deviceTest } from "../support/device.ts";

const WHITE: [number, number, number] = [1, 1, 1];
const camera = {
  width: 16,
  height: 12,
  fx: 20,
  fy: 20,
  cx: 8,
  cy: 6,
  rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  translation: [0, 0, 0],
};

function viewOf(photo: Image8): View {
  const original = { width: 16, height: 12, fx: 20, fy: 20 };
  return { name: "a", path: "/nowhere/a.png", camera, original, photo: () => Promise.resolve(photo) };
}

/** Grey of a value and an alpha. */
function clear(value: number, alpha: number): Image8 {
  const data = Uint8Array.from({ length: 4 * 16 * 12 }, (_, i) => i % 4 === 3 ? alpha : value);
  return { width: 16, height: 12, channels: 4, data };
}

deviceTest("evaluate() composites a photo with alpha over the background of the renders", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  for (const background of [WHITE, [0.2, 0.6, 0.4] as [number, number, number]]) {
    const { psnr } = await evaluate(nothing, [viewOf(clear(99, 0))], { background });
    assertEquals(psnr > 130, true); // the same but for rounding
  }
  // Half of 0.2 over half of white is 0.6, 0.4 away from white.
  const { l1 } = await evaluate(nothing, [viewOf(clear(51, 127))], { background: WHITE });
  assertAlmostEquals(l1, 0.8 * 127 / 255, 1e-6);
});

deviceTest("evaluate() scores all pixels, including those that a mask excludes", async (device) => {
  using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
  const photo: Image8 = { width: 16, height: 12, channels: 3, data: new Uint8Array(3 * 192).fill(51) };
  const plain = await evaluate(nothing, [viewOf(photo)]);
  assertEquals(await evaluate(nothing, [viewOf({ ...photo, mask: new Uint8Array(192) })]), plain);
});

deviceTest("renderViews() composites a photo with alpha over the background", async (device) => {
  const folder = await Deno.makeTempDir();
  try {
    using nothing = Gaussians.create(device, { capacity: 1, shDegree: 0 });
    await renderViews(nothing, [viewOf(clear(51, 102))], folder, { background: WHITE });
    const { channels, data } = await readImage(`${folder}/gt/00000.png`);
    assertEquals([channels, ...new Set(data)], [3, Math.round(51 * 0.4 + 255 * 0.6)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("flattened() returns a photo without alpha unchanged", () => {
  const photo: Image8 = { width: 1, height: 1, channels: 3, data: new Uint8Array([1, 2, 3]) };
  assertEquals(flattened(photo, WHITE), photo);
  assertEquals(flattened({ ...photo, channels: 4, data: new Uint8Array([1, 2, 3, 255]) }, WHITE), photo);
});
