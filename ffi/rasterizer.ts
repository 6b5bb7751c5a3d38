// Renders Gaussians: to images, and with the differentiable rasteriser on the caller's arrays.

import { DISPLAY, type MimeBundle } from "../base/display.ts";
import type { Camera, Image8 } from "../base/scene.ts";
import { ABI } from "./abi.ts";
import { packCamera } from "./camera.ts";
import type { Device } from "./device.ts";
import { checkLength } from "./errors.ts";
import { checkSplats, type Gaussians, type SplatArrays } from "./gaussians.ts";
import type { Handle } from "./handle.ts";
import type { Image } from "./image.ts";
import { Picture } from "./picture.ts";

/** A colour, nominally 0..1 per channel. */
export type Color = [red: number, green: number, blue: number];

/** Options of {@linkcode render}, {@linkcode renderImage8} and {@linkcode rasterize}. */
export interface RenderOptions {
  /** Background colour. Default black. */
  background?: Color;
}

const BLACK: Color = [0, 0, 0];

/**
 * Renders one camera to floats, without gradients. The camera has to be in the frame of the Gaussians. Does not block
 * the event loop.
 *
 * @example
 * ```ts
 * import { Gaussians, openDevice, render } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * using gaussians = Gaussians.create(device, { capacity: 1, shDegree: 0 });
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 8, height: 8, fx: 8, fy: 8, cx: 4, cy: 4, rotation, translation: [0, 0, 0] };
 * const image = await render(gaussians, camera, { background: [1, 0, 0] });
 * console.log(image.rgb[0]); // 1: nothing but background
 * ```
 *
 * @returns The image with opacities and depths, which a notebook shows
 */
export async function render(gaussians: Gaussians, camera: Camera, options: RenderOptions = {}): Promise<Picture> {
  const packed = packCamera(camera, gaussians.antialiasing);
  const { width, height } = camera;
  const rgb = new Float32Array(3 * width * height);
  const alpha = new Float32Array(width * height);
  const depth = new Float32Array(width * height);
  await renderInto(gaussians, packed, { ...options, format: ABI.FORMAT_F32, image: rgb, alpha, depth });
  return new Picture({ width, height, rgb, alpha, depth });
}

/** @internal {@linkcode render} without opacities and depths, for comparisons with photos. */
export async function renderColors(gaussians: Gaussians, camera: Camera, options: RenderOptions = {}): Promise<Image> {
  const packed = packCamera(camera, gaussians.antialiasing);
  const { width, height } = camera;
  const rgb = new Float32Array(3 * width * height);
  await renderInto(gaussians, packed, { ...options, format: ABI.FORMAT_F32, image: rgb });
  return { width, height, rgb };
}

/**
 * Renders one camera to bytes, rounded as trunc(clamp(255 v + 0.5, 0, 255)). With `alpha` (default false) the fourth
 * channel is the opacity.
 */
export async function renderImage8(
  gaussians: Gaussians,
  camera: Camera,
  options: RenderOptions & { alpha?: boolean } = {},
): Promise<Image8> {
  const packed = packCamera(camera, gaussians.antialiasing);
  const { width, height } = camera;
  const channels = options.alpha ? 4 : 3;
  const format = options.alpha ? ABI.FORMAT_RGBA8 : ABI.FORMAT_RGB8;
  const data = new Uint8Array(channels * width * height);
  await renderInto(gaussians, packed, { background: options.background, format, image: data });
  return { width, height, channels, data };
}

/** Result of {@linkcode renderFrame}. */
export interface Frame {
  /** Rounded as by {@linkcode renderImage8}. */
  image: Image8;
  /** width · height opacities. */
  alpha: Float32Array;
  /** width · height depths Σ w z / max(Σ w, 1e-6), in world units. */
  depth: Float32Array;
}

/** @internal Renders one camera to RGB bytes, with opacities and depths as floats. */
export async function renderFrame(gaussians: Gaussians, camera: Camera, options: RenderOptions = {}): Promise<Frame> {
  const packed = packCamera(camera, gaussians.antialiasing);
  const { width, height } = camera;
  const data = new Uint8Array(3 * width * height);
  const alpha = new Float32Array(width * height);
  const depth = new Float32Array(width * height);
  await renderInto(gaussians, packed, { ...options, format: ABI.FORMAT_RGB8, image: data, alpha, depth });
  return { image: { width, height, channels: 3, data }, alpha, depth };
}

interface Target {
  background?: Color;
  format: number;
  image: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
  alpha?: Float32Array<ArrayBuffer>;
  depth?: Float32Array<ArrayBuffer>;
}

async function renderInto(gaussians: Gaussians, camera: Uint8Array<ArrayBuffer>, target: Target): Promise<void> {
  const { background = BLACK, format, image, alpha, depth } = target;
  await gaussians.device.queue((symbols, error) =>
    symbols.tame_render(
      gaussians.pointer,
      camera,
      camera.length,
      ...background,
      format,
      image,
      image.byteLength,
      alpha ?? null,
      alpha?.length ?? 0,
      depth ?? null,
      depth?.length ?? 0,
      error,
    )
  );
}

/**
 * @internal Counts the (tile, splat) pairs of a view of the Gaussians. The scratch memory of a pass grows with them.
 */
export async function countInstances(gaussians: Gaussians, camera: Camera): Promise<number> {
  const packed = packCamera(camera, gaussians.antialiasing);
  const instances = new BigUint64Array(1);
  await gaussians.device.queue((symbols, error) =>
    symbols.tame_count_instances(gaussians.pointer, packed, packed.length, instances, instances.length, error)
  );
  return Number(instances[0]);
}

/** Derivatives of a scalar with respect to the arrays of {@linkcode SplatArrays}, in their shapes. */
export interface SplatGradients {
  /** 3N. */
  means: Float32Array;
  /** 3N. */
  logScales: Float32Array;
  /** 4N. */
  quats: Float32Array;
  /** N. */
  opacities: Float32Array;
  /** N·K·3. */
  sh: Float32Array;
  /** 2N, with respect to the projected means in pixels. */
  means2d: Float32Array;
}

/**
 * Renders the caller's arrays with gradients. The result holds the image and what `backward` needs; dispose it.
 *
 * @example
 * ```ts
 * import { openDevice, rasterize } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * const splats = {
 *   means: new Float32Array([0, 0, 2]),
 *   logScales: new Float32Array(3).fill(-2),
 *   quats: new Float32Array([1, 0, 0, 0]),
 *   opacities: new Float32Array([2]),
 *   sh: new Float32Array([1, 0, 0]),
 *   shDegree: 0,
 * };
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 16, height: 16, fx: 16, fy: 16, cx: 8, cy: 8, rotation, translation: [0, 0, 0] };
 * using result = rasterize(device, splats, camera);
 * const gradients = result.backward(new Float32Array(16 * 16 * 3).fill(1));
 * console.log(gradients.opacities[0]);
 * ```
 */
export function rasterize(
  device: Device,
  splats: SplatArrays,
  camera: Camera,
  options: RenderOptions = {},
): Rasterization {
  return new Rasterization(device, splats, { camera, background: options.background ?? BLACK });
}

/** A rendered image and the backward pass to the parameters it was rendered from. */
export class Rasterization implements Disposable {
  /** H·W·3 values, background included, not clamped. */
  readonly image: Float32Array;
  /** H·W opacities. */
  readonly alpha: Float32Array;
  /** H·W depths Σ w z / max(Σ w, 1e-6), in world units. */
  readonly depth: Float32Array;
  /** The three as an image, for metrics and to look at. */
  readonly picture: Picture;

  readonly #device: Device;
  readonly #handle: Handle;
  readonly #count: number;
  readonly #shLength: number;

  /** @internal Use {@linkcode rasterize}. */
  constructor(device: Device, splats: SplatArrays, view: { camera: Camera; background: Color }) {
    const count = checkSplats(splats);
    const camera = packCamera(view.camera);
    const pixels = view.camera.width * view.camera.height;
    const image = new Float32Array(3 * pixels);
    const alpha = new Float32Array(pixels);
    const depth = new Float32Array(pixels);
    this.#device = device;
    this.#count = count;
    this.#shLength = splats.sh.length;
    this.#handle = device.create(
      (symbols, error) =>
        symbols.tame_rasterize_forward(
          device.pointer,
          count,
          splats.shDegree,
          splats.means as BufferSource,
          splats.means.length,
          splats.logScales as BufferSource,
          splats.logScales.length,
          splats.quats as BufferSource,
          splats.quats.length,
          splats.opacities as BufferSource,
          splats.opacities.length,
          splats.sh as BufferSource,
          splats.sh.length,
          camera,
          camera.length,
          ...view.background,
          image,
          image.length,
          alpha,
          alpha.length,
          depth,
          depth.length,
          error,
        ),
      { owner: this, what: "rasterization", close: (symbols) => symbols.tame_rasterization_close },
    );
    this.image = image;
    this.alpha = alpha;
    this.depth = depth;
    this.picture = new Picture({ width: view.camera.width, height: view.camera.height, rgb: image, alpha, depth });
  }

  /**
   * Gradients of a scalar whose derivatives with respect to `image` (H·W·3) and, if given, `alpha` (H·W) are known.
   * May be called more than once.
   */
  backward(dImage: Float32Array, dAlpha?: Float32Array): SplatGradients {
    checkLength("dImage", dImage, this.image.length);
    if (dAlpha) checkLength("dAlpha", dAlpha, this.alpha.length);
    const count = this.#count;
    const means = new Float32Array(3 * count);
    const logScales = new Float32Array(3 * count);
    const quats = new Float32Array(4 * count);
    const opacities = new Float32Array(count);
    const sh = new Float32Array(this.#shLength);
    const means2d = new Float32Array(2 * count);
    this.#device.call((symbols, error) =>
      symbols.tame_rasterize_backward(
        this.#handle.pointer,
        dImage as BufferSource,
        dImage.length,
        (dAlpha ?? null) as BufferSource | null,
        dAlpha?.length ?? 0,
        means,
        means.length,
        logScales,
        logScales.length,
        quats,
        quats.length,
        opacities,
        opacities.length,
        sh,
        sh.length,
        means2d,
        means2d.length,
        error,
      )
    );
    return { means, logScales, quats, opacities, sh, means2d };
  }

  /** Radii in pixels (3 σ, rounded up); 0 where a Gaussian is not visible. */
  radii(): Int32Array {
    const radii = new Int32Array(this.#count);
    this.#device.call((symbols, error) =>
      symbols.tame_rasterization_radii(this.#handle.pointer, radii, radii.length, error)
    );
    return radii;
  }

  /** What a notebook shows: the image. */
  [DISPLAY](): Promise<MimeBundle> {
    return this.picture[DISPLAY]();
  }

  /** Frees what the backward pass needs; the arrays stay valid. */
  [Symbol.dispose](): void {
    this.#handle.close();
  }
}
