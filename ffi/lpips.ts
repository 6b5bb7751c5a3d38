// The LPIPS network (Zhang et al. 2018) on a device, and its distance.

import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkLength, TameError } from "./errors.ts";
import type { Handle } from "./handle.ts";
import { checkPair, type Image } from "./image.ts";

/** The network whose features are compared: VGG16 or AlexNet. */
export type LpipsNet = "vgg" | "alex";

/** Options of {@linkcode lpips}. */
export interface LpipsOptions {
  /**
   * Range of the network's input. "unit": [0, 1], as in the tables of most Gaussian splatting papers; "signed":
   * [-1, 1], as it was trained. Default "unit".
   */
  range?: "unit" | "signed";
}

/** A network's constant in the ABI, its number of weights, and the minimum side of its images in pixels. */
const NETS: Record<LpipsNet, { id: number; weights: number; side: number }> = {
  vgg: { id: ABI.LPIPS_VGG, weights: ABI.LPIPS_VGG_WEIGHTS, side: 16 },
  alex: { id: ABI.LPIPS_ALEX, weights: ABI.LPIPS_ALEX_WEIGHTS, side: 31 },
};

/** An LPIPS network with its weights on a device. */
export class LpipsNetwork implements Disposable {
  /** The device that holds it. */
  readonly device: Device;
  /** The network whose features it compares. */
  readonly net: LpipsNet;
  /** SHA-256 of the weight file, in hexadecimal. */
  readonly checksum: string;

  readonly #handle: Handle;

  /** @internal Use `loadLpips`. `weights` are in the order of the ABI; they are copied. */
  constructor(device: Device, about: { net: LpipsNet; checksum: string; weights: Float32Array }) {
    const { id, weights: count } = NETS[about.net];
    checkLength("weights", about.weights, count);
    this.device = device;
    this.net = about.net;
    this.checksum = about.checksum;
    this.#handle = device.create(
      (symbols, error) =>
        symbols.tame_lpips_create(device.pointer, id, about.weights as BufferSource, about.weights.length, error),
      { owner: this, what: "LPIPS network", close: (symbols) => symbols.tame_lpips_close },
    );
  }

  /** Frees the network, after any running call. */
  [Symbol.dispose](): void {
    this.#handle.close();
  }

  /** @internal The native handle. */
  get pointer(): Deno.PointerValue {
    return this.#handle.pointer;
  }
}

/**
 * Learned perceptual distance of two images of the same size (Zhang et al. 2018, version 0.1): 0 for equal images;
 * smaller is more similar.
 *
 * @example
 * ```ts no-assert
 * import { type Image, loadLpips, lpips, openDevice } from "../mod.ts";
 *
 * export async function distance(a: Image, b: Image, file: string): Promise<number> {
 *   using device = await openDevice();
 *   using weights = await loadLpips(device, file);
 *   return await lpips(device, a, b, weights, { range: "signed" });
 * }
 * ```
 *
 * @param device The device that holds the network
 * @param a One image, values 0 to 1
 * @param b The other; the order does not matter
 * @param weights The network
 * @param options Range of the network's input
 * @returns The distance
 * @throws {TameError} "invalid argument" when the images differ in size or are smaller than 16 (VGG) or 31 (Alex)
 * pixels, or the network is on another device; "out of memory"
 */
export async function lpips(
  device: Device,
  a: Image,
  b: Image,
  weights: LpipsNetwork,
  options: LpipsOptions = {},
): Promise<number> {
  checkPair(a, b);
  if (weights.device !== device) {
    throw new TameError("invalid argument", "The LPIPS network is on another device: load it on this one");
  }
  const { side } = NETS[weights.net];
  if (a.width < side || a.height < side) {
    throw new TameError(
      "invalid argument",
      `LPIPS (${weights.net}) needs ${side} x ${side} pixels, the images have ${a.width} x ${a.height}`,
    );
  }
  const range = options.range === "signed" ? ABI.LPIPS_SIGNED : ABI.LPIPS_UNIT;
  const value = new Float64Array(1);
  await device.queue((symbols, error) =>
    symbols.tame_lpips_distance(
      weights.pointer,
      a.width,
      a.height,
      range,
      a.rgb as BufferSource,
      a.rgb.length,
      b.rgb as BufferSource,
      b.rgb.length,
      value,
      1,
      error,
    )
  );
  return value[0];
}
