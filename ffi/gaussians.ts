// Gaussians on a device: created, written and read by named fields.

import { CAPTURE_FRAME, type Frame } from "../base/frame.ts";
import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import type { Handle } from "./handle.ts";
import { GROUP, parameterFloats, type ParameterName } from "./parameters.ts";
import type { Arguments, Symbols } from "./symbols.ts";

/** The parameters of N Gaussians as they are optimised: raw, before any activation. */
export interface SplatArrays {
  /** 3N centres, in units of their frame (`Gaussians.frame`). */
  means: Float32Array;
  /** 3N natural logarithms of the scales. */
  logScales: Float32Array;
  /** 4N quaternions (w, x, y, z), not necessarily normalised. */
  quats: Float32Array;
  /** N logits. */
  opacities: Float32Array;
  /** N·K·3 spherical-harmonic coefficients [n][k][rgb], K = (shDegree + 1)². */
  sh: Float32Array;
  /** Degree of the spherical harmonics, 0 to 3. */
  shDegree: number;
}

/** Name of a field: one parameter, or `sh` for both parts of the spherical harmonics. */
export type GaussianField = ParameterName | "sh";

const FIELDS: Record<GaussianField, number> = { ...GROUP, sh: ABI.FIELD_SH };

/** Floats that a field has for one Gaussian. */
export function fieldWidth(field: GaussianField, shDegree: number): number {
  return field === "sh" ? 3 * (shDegree + 1) ** 2 : parameterFloats(field, shDegree);
}

/** Throws "invalid argument" unless the arrays fit together; returns the number of Gaussians. */
export function checkSplats(arrays: SplatArrays): number {
  const { shDegree, opacities: { length: count } } = arrays;
  checkCount("shDegree", shDegree, { maximum: 3 });
  for (const field of ["means", "logScales", "quats", "sh"] as const) {
    checkLength(field, arrays[field], count * fieldWidth(field, shDegree));
  }
  return count;
}

/**
 * Gaussians on a device. Rows are read and written by field, raw as in {@linkcode SplatArrays}. While a trainer owns
 * them, only it may change them.
 *
 * @example
 * ```ts
 * import { Gaussians, openDevice } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * using gaussians = Gaussians.create(device, { capacity: 8, shDegree: 1, count: 2 });
 * gaussians.upload("means", new Float32Array([0, 0, 1]), 1); // the second row
 * console.log(gaussians.count, gaussians.toArrays().means);
 * ```
 */
export class Gaussians implements Disposable {
  /** The device that holds them. */
  readonly device: Device;
  /** Rows that fit in the allocated memory. */
  readonly capacity: number;
  /** Degree of the spherical harmonics, 0 to 3. */
  readonly shDegree: number;
  /**
   * Whether they are to be rendered anti-aliased, because they were trained so: `train` and `loadPly` set it, `savePly`
   * notes it, and renders of cameras without `antialiasing` follow it. Default false.
   */
  antialiasing = false;
  /**
   * The frame of their coordinates: cameras that render them have to be in it. `train`, `initGaussians` and `loadPly`
   * set it, `savePly` notes it. Default the capture's own.
   */
  frame: Frame = CAPTURE_FRAME;

  readonly #handle: Handle;
  #count = 0;
  // A strong reference on purpose: a trainer that was not disposed owns the Gaussians as long as they can be reached.
  #trainer: object | undefined;

  private constructor(
    device: Device,
    { capacity, shDegree }: { capacity: number; shDegree: number },
    handle: (owner: Gaussians) => Handle,
  ) {
    this.device = device;
    this.capacity = capacity;
    this.shDegree = shDegree;
    this.#handle = handle(this);
  }

  /**
   * Allocates memory for `capacity` Gaussians. The first `count` rows (default 0) are zero, with the identity
   * quaternion. Throws "out of memory" when there is not enough memory.
   */
  static create(device: Device, options: { capacity: number; shDegree: number; count?: number }): Gaussians {
    const { capacity, shDegree, count = 0 } = options;
    checkSizes(options);
    const gaussians = new Gaussians(device, options, (owner) =>
      device.create(
        (symbols, error) => symbols.tame_gaussians_create(device.pointer, capacity, shDegree, error),
        { owner, ...ABOUT },
      ));
    if (count > 0) gaussians.resize(count);
    return gaussians;
  }

  /** @internal {@linkcode Gaussians.create} queued after the calls before it, without blocking the event loop. */
  static async createAsync(
    device: Device,
    options: { capacity: number; shDegree: number; count?: number },
  ): Promise<Gaussians> {
    const { capacity, shDegree, count = 0 } = options;
    checkSizes(options);
    const pointer = await device.queueCreate((symbols, error) =>
      symbols.tame_gaussians_create_async(device.pointer, capacity, shDegree, error)
    );
    const gaussians = new Gaussians(device, options, (owner) => device.adopt(pointer, { owner, ...ABOUT }));
    if (count > 0) {
      await device.queue((symbols, error) => symbols.tame_gaussians_resize_async(gaussians.pointer, count, error));
      gaussians.#count = count;
    }
    return gaussians;
  }

  /** Copies arrays to a device. Throws "invalid argument" when their lengths do not fit together. */
  static fromArrays(device: Device, arrays: SplatArrays): Gaussians {
    const count = checkSplats(arrays);
    const gaussians = Gaussians.create(device, { capacity: Math.max(1, count), shDegree: arrays.shDegree, count });
    for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
      gaussians.upload(field, arrays[field]);
    }
    return gaussians;
  }

  /** Number of Gaussians. */
  get count(): number {
    return this.#count;
  }

  /** Sets the number of Gaussians, at most the capacity; new rows are zero with the identity quaternion. */
  resize(count: number): void {
    this.rejectWhileTraining("resize");
    checkCount("count", count, { maximum: this.capacity });
    this.device.call((symbols, error) => symbols.tame_gaussians_resize(this.pointer, count, error));
    this.#count = count;
  }

  /** Writes whole rows of a field, starting at row `offset` (default 0). */
  upload(field: GaussianField, data: Float32Array, offset = 0): void {
    const values = this.#uploadArguments(field, data, offset);
    this.device.call((symbols, error) => symbols.tame_gaussians_upload(...values, error));
  }

  /** @internal {@linkcode Gaussians.upload} queued after the calls before it, without blocking the event loop. */
  async uploadAsync(field: GaussianField, data: Float32Array, offset = 0): Promise<void> {
    const values = this.#uploadArguments(field, data, offset);
    await this.device.queue((symbols, error) => symbols.tame_gaussians_upload_async(...values, error));
  }

  /** Reads `count` rows of a field (default: all that follow), starting at row `offset` (default 0). */
  download(field: GaussianField, options: { offset?: number; count?: number } = {}): Float32Array<ArrayBuffer> {
    const { offset = 0, count = Math.max(0, this.#count - offset) } = options;
    const { data, values } = this.#downloadArguments(FIELDS[field], {
      offset,
      count,
      width: fieldWidth(field, this.shDegree),
    });
    this.device.call((symbols, error) => symbols.tame_gaussians_download(...values, error));
    return data;
  }

  /**
   * Reads rows as the vertices of a PLY file: x y z, three zeros for the normal, f_dc, f_rest (channel-major), opacity,
   * scales, rotation: 14 + 3 (shDegree + 1)² floats each.
   */
  plyRows(offset: number, rows: number): Float32Array<ArrayBuffer> {
    const { data, values } = this.#plyArguments(offset, rows);
    this.device.call((symbols, error) => symbols.tame_gaussians_download(...values, error));
    return data;
  }

  /**
   * Reads those of some rows whose every parameter is a finite number, as {@linkcode Gaussians.plyRows} does. Does not
   * block the event loop.
   */
  async finitePlyRows(offset: number, rows: number): Promise<Float32Array<ArrayBuffer>> {
    const { data } = this.#plyArguments(offset, rows);
    const kept = new Uint32Array(1);
    await this.device.queue((symbols, error) =>
      symbols.tame_gaussians_download_finite(this.pointer, offset, rows, data, data.length, kept, kept.length, error)
    );
    return data.subarray(0, kept[0] * (data.length / Math.max(rows, 1)));
  }

  /**
   * Counts the Gaussians that have a parameter that is not a finite number. They are not rendered, and `savePly` leaves
   * them out. In healthy training there are none. Does not block the event loop.
   */
  async countNonFinite(): Promise<number> {
    const count = new Uint32Array(1);
    await this.device.queue((symbols, error) =>
      symbols.tame_gaussians_non_finite(this.pointer, count, count.length, error)
    );
    return count[0];
  }

  /** Copies all parameters from the device. */
  toArrays(): SplatArrays {
    return {
      means: this.download("means"),
      logScales: this.download("logScales"),
      quats: this.download("quats"),
      opacities: this.download("opacities"),
      sh: this.download("sh"),
      shDegree: this.shDegree,
    };
  }

  /** Frees the memory, after any running call and any trainer that uses it. */
  [Symbol.dispose](): void {
    this.#handle.close();
  }

  /** @internal The native handle. */
  get pointer(): Deno.PointerValue {
    return this.#handle.pointer;
  }

  /** @internal Throws "busy" while a trainer owns these Gaussians. */
  rejectWhileTraining(what: string): void {
    if (this.#trainer === undefined) return;
    throw new TameError("busy", `Cannot ${what} while a trainer owns these Gaussians`);
  }

  /** @internal Makes a trainer the owner of these Gaussians. */
  attach(trainer: object): void {
    this.#trainer = trainer;
  }

  /** @internal Ends a trainer's ownership. */
  detach(trainer: object): void {
    if (this.#trainer === trainer) this.#trainer = undefined;
  }

  /** @internal Sets the count after a trainer removed or added rows. */
  recount(count: number): void {
    this.#count = count;
  }

  #uploadArguments(field: GaussianField, data: Float32Array, offset: number): Arguments<"tame_gaussians_upload"> {
    this.rejectWhileTraining("upload");
    checkCount("offset", offset);
    const width = fieldWidth(field, this.shDegree);
    const rows = width === 0 ? 0 : data.length / width;
    if (!Number.isInteger(rows) || (width === 0 && data.length > 0)) {
      throw new TameError("invalid argument", `${data.length} floats are not whole rows of ${field}, ${width} each`);
    }
    return [this.pointer, FIELDS[field], offset, rows, data as BufferSource, data.length];
  }

  #plyArguments(offset: number, rows: number): Download {
    const width = 14 + fieldWidth("sh", this.shDegree);
    return this.#downloadArguments(ABI.FIELD_PLY_ROWS, { offset, count: rows, width });
  }

  #downloadArguments(field: number, range: { offset: number; count: number; width: number }): Download {
    const { offset, count, width } = range;
    checkCount("offset", offset);
    checkCount("count", count, { maximum: Math.max(0, this.#count - offset) });
    const data = new Float32Array(count * width);
    return { data, values: [this.pointer, field, offset, count, data, data.length] };
  }
}

const ABOUT = { what: "Gaussians handle", close: (symbols: Symbols) => symbols.tame_gaussians_close };

/** The array that a native download fills, and the arguments of the call. */
interface Download {
  data: Float32Array<ArrayBuffer>;
  values: Arguments<"tame_gaussians_download">;
}

function checkSizes({ capacity, shDegree, count = 0 }: { capacity: number; shDegree: number; count?: number }): void {
  checkCount("capacity", capacity, { minimum: 1 });
  checkCount("shDegree", shDegree, { maximum: 3 });
  checkCount("count", count, { maximum: capacity });
}
