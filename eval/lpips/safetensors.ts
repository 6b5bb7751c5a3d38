// Tensors of safetensors files: a JSON header, then the values.

import { DataError } from "../../base/errors.ts";
import { ByteReader } from "../../load/bytes.ts";
import { FLOAT_BYTES, type FloatType, type Tensor, toFloat32 } from "./tensor.ts";

const TYPES: Record<string, FloatType> = { F16: "f16", BF16: "bf16", F32: "f32", F64: "f64" };
const LONGEST_HEADER = 100_000_000; // bytes, as the format says

/** Whether bytes may begin a safetensors file: the length of a header, and its brace. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b;
}

/** The floating-point tensors of a file by name. */
export function parseSafetensors(bytes: Uint8Array, path: string): Map<string, Tensor> {
  const reader = new ByteReader(bytes, path);
  const length = reader.u64("the header's length");
  if (length > LONGEST_HEADER) throw reader.error(`Header of ${length} bytes is too long`, 0);
  const header = parseHeader(reader.bytes(length, "the header"), path);
  const values = reader.bytes(reader.remaining, "the values");
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: range } = Object(entry) as Record<string, unknown>;
    if (!isCounts(shape) || !isCounts(range) || range.length !== 2) {
      throw new DataError(`Tensor ${name} has a wrong shape or wrong offsets`, { path, offset: 8 });
    }
    const type = typeof dtype === "string" && Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
    if (type === undefined) continue; // integers: not needed
    const size = shape.reduce((product, side) => product * side, FLOAT_BYTES[type]);
    const [begin, end] = range;
    if (end > values.length || end - begin !== size) {
      const where = `${begin} to ${end} of ${values.length}`;
      throw new DataError(`Tensor ${name} of ${shape.join(" x ")} does not fit bytes ${where}`, { path, offset: 8 });
    }
    tensors.set(name, { shape, read: () => toFloat32(values.subarray(begin, end), type) });
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array, path: string): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return header;
  } catch (cause) {
    throw new DataError("Header is not JSON", { path, offset: 8, cause });
  }
  throw new DataError("Header is not a JSON object", { path, offset: 8 });
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
