// A tensor of a file of any format, and the types in which its values are stored.

/** A named array of numbers in a file. */
export interface Tensor {
  /** Sizes, outermost first; none for a single number. */
  readonly shape: readonly number[];
  /** The values, row-major, as 32-bit floats; throws a `DataError` when they are damaged. */
  read(): Float32Array;
}

/** Floats as files store them. */
export type FloatType = "f16" | "bf16" | "f32" | "f64";

/** Bytes of each type. */
export const FLOAT_BYTES: Record<FloatType, number> = { f16: 2, bf16: 2, f32: 4, f64: 8 };

/** Little-endian floats as 32-bit ones; f64 is rounded to the nearest. */
export function toFloat32(bytes: Uint8Array, type: FloatType): Float32Array {
  const { buffer } = bytes.slice(); // aligned
  if (type === "f32") return new Float32Array(buffer);
  if (type === "f64") return Float32Array.from(new Float64Array(buffer));
  if (type === "f16") return Float32Array.from(new Float16Array(buffer));
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16 >>> 0).buffer);
}
