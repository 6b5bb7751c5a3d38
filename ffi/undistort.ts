// Undistorts photos natively: computes the pinhole camera of a distorted photo, and resamples its pixels.

import type { Lens, LensModel, Pinhole } from "../base/scene.ts";
import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import { Struct } from "./struct.ts";

const MODELS: Record<LensModel, number> = {
  brown: ABI.LENS_BROWN,
  fisheye: ABI.LENS_FISHEYE,
  fov: ABI.LENS_FOV,
  polynomial: ABI.LENS_POLYNOMIAL,
  division: ABI.LENS_DIVISION,
  eucm: ABI.LENS_EUCM,
};

/** An 8-bit image of one channel (a mask), three, or four (with alpha). */
export interface Pixels {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Channels of a pixel. */
  channels: 1 | 3 | 4;
  /** width · height · channels bytes. */
  data: Uint8Array;
}

/**
 * The pinhole camera of an undistorted photo: the lens's focal lengths, and the largest upright rectangle around the
 * principal point that the photo covers everywhere. With `fov` no side is more than half of it off the axis, in degrees
 * from 1 to 170; without, no side is farther off than twice as far as in the photo. Also returns the degrees that the
 * whole photo sees, across and down. Throws "invalid argument" for an impossible lens, or a picture that is too large.
 */
export function pinholeOf(
  device: Device,
  lens: Omit<Lens, "pinhole" | "fov">,
  { fov = 0 }: { fov?: number } = {},
): Pick<Lens, "pinhole" | "fov"> {
  const packed = packLens(lens).set("fov", fov).bytes;
  const result = new Struct("tame_pinhole");
  device.call((symbols, error) =>
    symbols.tame_lens_pinhole(packed, packed.length, result.bytes, result.bytes.length, error)
  );
  return {
    pinhole: {
      width: result.number("width"),
      height: result.number("height"),
      fx: result.number("fx"),
      fy: result.number("fy"),
      cx: result.number("cx"),
      cy: result.number("cy"),
    },
    fov: [result.number("photo_fov_x"), result.number("photo_fov_y")],
  };
}

/** Resamples an image of the lens's size to its pinhole camera; the number of channels stays the same. */
export async function undistortImage<Image extends Pixels>(device: Device, image: Image, lens: Lens): Promise<Image> {
  const { channels, data } = image;
  if (image.width !== lens.width || image.height !== lens.height) {
    throw new TameError(
      "invalid argument",
      `The image has ${image.width} x ${image.height} pixels, its lens ${lens.width} x ${lens.height}`,
    );
  }
  checkLength("data", data, image.width * image.height * channels);
  const { width, height } = lens.pinhole;
  const packed = packLens(lens).bytes;
  const pinhole = packIntrinsics(new Struct("tame_pinhole"), lens.pinhole).bytes;
  const result = new Uint8Array(width * height * channels);
  await device.queue((symbols, error) =>
    symbols.tame_image_undistort(
      device.pointer,
      packed,
      packed.length,
      pinhole,
      pinhole.length,
      channels,
      data as BufferSource,
      data.length,
      result,
      result.length,
      error,
    )
  );
  return { ...image, width, height, data: result };
}

function packLens(lens: Omit<Lens, "pinhole" | "fov">): Struct<"tame_lens"> {
  return packIntrinsics(new Struct("tame_lens"), lens)
    .set("model", MODELS[lens.model])
    .set("coefficients", lens.coefficients);
}

function packIntrinsics<Name extends "tame_lens" | "tame_pinhole">(struct: Struct<Name>, from: Pinhole): Struct<Name> {
  checkCount("width", from.width, { minimum: 1 });
  checkCount("height", from.height, { minimum: 1 });
  for (const field of ["width", "height", "fx", "fy", "cx", "cy"] as const) struct.set(field, from[field]);
  return struct;
}
