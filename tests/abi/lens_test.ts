// tame_lens_pinhole() and tame_image_undistort(): the arguments that they reject, and the messages.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { Struct } from "../../ffi/struct.ts";
import { abiTest, call, must, withLengths } from "./call.ts";
import { lens, SIDE } from "./valid.ts";
import { World } from "./world.ts";

/** Offsets in a tame_lens: model, width, height; then doubles fx, fy, cx, cy, the coefficients and fov. */
const WRONG: [offset: number, type: "u32" | "f64", value: number, words: string][] = [
  [4, "u32", 6, "lens.model is 6"],
  [8, "u32", 0, "width is 0"],
  [12, "u32", 16385, "height is 16385"],
  [16, "f64", 0, "lens.fx"],
  [24, "f64", NaN, "lens.fy"],
  [32, "f64", -1, "lens.cx"],
  [40, "f64", SIDE + 1, "lens.cy"],
  [48, "f64", Infinity, "lens.coefficients"],
  [104, "f64", NaN, "lens.coefficients"],
  [112, "f64", NaN, "lens.fov"],
  [112, "f64", -90, "lens.fov is -90: expected 1 to 170"],
  [112, "f64", 0.5, "lens.fov"],
  [112, "f64", 170.5, "lens.fov"],
];

abiTest("tame_lens_pinhole() and tame_image_undistort() reject a lens when one of its fields is wrong", async () => {
  await using world = await World.open();
  for (const [offset, type, value, words] of WRONG) {
    const bytes = lens();
    const view = new DataView(bytes.buffer);
    if (type === "u32") view.setUint32(offset, value, true);
    else view.setFloat64(offset, value, true);
    for (const name of ["tame_lens_pinhole", "tame_image_undistort"] as const) {
      const { status, message } = await call(name, { ...world.arguments(name), lens: bytes });
      assertEquals(status, ABI.INVALID_ARGUMENT, `${name}: ${words}`);
      assertStringIncludes(message, words);
    }
  }
});

abiTest("tame_image_undistort() rejects two channels, and an invalid pinhole", async () => {
  await using world = await World.open();
  const args = world.arguments("tame_image_undistort");
  assertStringIncludes((await call("tame_image_undistort", { ...args, channels: 2 })).message, "1, 3 or 4");
  const wrong: [keyof typeof fields, number, string][] = [
    ["width", 0, "pinhole.width"],
    ["height", 16385, "pinhole.height"],
    ["fx", 0, "focal length 0"],
    ["fy", Infinity, "focal length inf"],
    ["cx", NaN, "principal point"],
  ];
  const fields = { width: SIDE, height: SIDE, fx: SIDE, fy: SIDE, cx: 0, cy: 0 };
  for (const [field, value, words] of wrong) {
    const pinhole = new Struct("tame_pinhole");
    for (const [name, right] of Object.entries(fields) as [keyof typeof fields, number][]) pinhole.set(name, right);
    const bytes = pinhole.set(field, value).bytes;
    const { status, message } = await call("tame_image_undistort", { ...args, pinhole: bytes });
    assertEquals(status, ABI.INVALID_ARGUMENT, field);
    assertStringIncludes(message, words);
  }
});

abiTest("tame_image_undistort() accepts alpha and masks as well as photos", async () => {
  await using world = await World.open();
  const { photo: _, image: __, photo_bytes: ___, image_bytes: ____, ...args } = world.arguments("tame_image_undistort");
  for (const channels of [1, 3, 4]) {
    const image = new Uint8Array(channels * SIDE * SIDE);
    const photo = new Uint8Array(channels * SIDE * SIDE).fill(255);
    await must("tame_image_undistort", withLengths("tame_image_undistort", { ...args, channels, photo, image }));
    assertEquals(image, photo);
  }
});
