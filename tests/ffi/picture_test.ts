// Pictures: images that encode themselves and that a notebook shows.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DISPLAY } from "../../base/display.ts";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Picture } from "../../ffi/picture.ts";
import { rasterize, render, renderImage8 } from "../../ffi/rasterizer.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { deviceTest } from "../support/device.ts";

const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const CAMERA = { width: 16, height: 12, fx: 16, fy: 16, cx: 8, cy: 6, rotation, translation: [0, 0, 0] };
const SPLATS = {
  means: new Float32Array([0, 0, 2]),
  logScales: new Float32Array(3).fill(-1),
  quats: new Float32Array([1, 0, 0, 0]),
  opacities: new Float32Array([2]),
  sh: new Float32Array([1, -0.5, 4]),
  shDegree: 0,
};

/** The pixels of a PNG file. */
async function decoded(png: Uint8Array): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { data, info } = await (await loadSharp())(png).raw().toBuffer({ resolveWithObject: true });
  assertEquals(info.channels, 3);
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

Deno.test("Picture.toPng() clamps and rounds", async () => {
  const rgb = new Float32Array([-1, 2, 0.5, 0.1, 0.2, 0.3]);
  assertEquals(await decoded(await new Picture({ width: 2, height: 1, rgb }).toPng()), {
    width: 2,
    height: 1,
    data: new Uint8Array([0, 255, 128, 26, 51, 77]),
  });
});

Deno.test("a Picture of the wrong size is refused", () => {
  assertThrows(() => new Picture({ width: 2, height: 2, rgb: new Float32Array(3) }), TameError, "rgb");
});

deviceTest("a render shows itself in a notebook, with the bytes that the command line writes", async (device) => {
  using gaussians = Gaussians.fromArrays(device, SPLATS);
  const image = await render(gaussians, CAMERA, { background: [0, 1, 0] });
  const bundle = await image[DISPLAY]();
  assertEquals(bundle["text/plain"], "Picture of 16 x 12 pixels");
  const { data } = await decoded(Uint8Array.fromBase64(bundle["image/png"] as string));
  assertEquals(data, (await renderImage8(gaussians, CAMERA, { background: [0, 1, 0] })).data);
  assert(image.alpha !== undefined && image.depth !== undefined);
});

deviceTest("a rasterisation is a picture", async (device) => {
  using result = rasterize(device, SPLATS, CAMERA);
  assertEquals(result.picture.rgb, result.image);
  assertEquals(await result[DISPLAY](), await result.picture[DISPLAY]());
});
