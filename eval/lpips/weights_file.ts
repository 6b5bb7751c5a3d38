// tame's file of LPIPS weights: a table of tensors, their values, and a SHA-256 of everything. docs/lpips.md
// describes it byte by byte.

import type { LpipsNet } from "../../ffi/lpips.ts";
import { ByteReader } from "../../load/bytes.ts";
import { lpipsTensors, valuesOf } from "./network.ts";

const MAGIC = "tamelpip";
const VERSION = 1;
const NETS: readonly LpipsNet[] = ["vgg", "alex"];
const CHECKSUM_BYTES = 32;

/** Types of the values. */
const FLOAT32 = 0;
const FLOAT16 = 1;

/** The weights of an LPIPS network. */
export interface LpipsWeights {
  /** Whose features are compared. */
  net: LpipsNet;
  /** All tensors' values one after another, in the order of {@linkcode lpipsTensors}. */
  values: Float32Array;
}

/**
 * The bytes of a weight file. A tensor whose values all fit 16-bit floats is stored as such, any other with 32 bits.
 *
 * @internal
 */
export async function encodeLpips({ net, values }: LpipsWeights): Promise<{ bytes: Uint8Array; checksum: string }> {
  const table: (string | number)[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { name, shape } of lpipsTensors(net)) {
    const tensor = values.subarray(at, at += valuesOf(shape));
    const half = new Float16Array(tensor);
    const exact = half.every((value, i) => value === tensor[i]);
    table.push(`${name}\0`, exact ? FLOAT16 : FLOAT32, shape.length, ...shape);
    parts.push(...padded(bytesOf(exact ? half : tensor)));
  }
  const header = [MAGIC, VERSION, NETS.indexOf(net), lpipsTensors(net).length, ...table].map(encode);
  const content = concatenate([...padded(concatenate(header)), ...parts]);
  const digest = await sha256(content);
  return { bytes: concatenate([content, digest]), checksum: digest.toHex() };
}

/**
 * Reads a weight file's bytes; `path` is for error messages.
 *
 * @internal
 * @throws {DataError} When it is not such a file, of another version, damaged or truncated
 */
export async function decodeLpips(bytes: Uint8Array, path: string): Promise<LpipsWeights & { checksum: string }> {
  const reader = new ByteReader(bytes, path);
  const magic = reader.remaining < MAGIC.length ? "" : text(reader.bytes(MAGIC.length, "the magic"));
  if (magic !== MAGIC) {
    throw reader.error('Not a file of LPIPS weights: make one with "convert lpips", see docs/lpips.md', 0);
  }
  const version = reader.u32("the version");
  if (version !== VERSION) {
    throw reader.error(`LPIPS weights have version ${version}, this tame reads ${VERSION}: convert them again`, 8);
  }
  // The checksum first: what matches it is not damaged.
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < reader.offset) throw reader.error("File ends inside the checksum");
  const content = bytes.subarray(0, end);
  const digest = await sha256(content);
  if (!digest.every((byte, i) => byte === bytes[end + i])) {
    throw reader.error("The checksum does not match: the file is damaged or truncated, convert the weights again", end);
  }
  return { ...decodeTensors(content, path), checksum: digest.toHex() };
}

function decodeTensors(content: Uint8Array, path: string): LpipsWeights {
  const reader = new ByteReader(content, path);
  reader.skip(MAGIC.length + 4, "the magic and the version");
  const net = NETS[reader.u32("the net")];
  if (net === undefined) throw reader.error("Unknown net of LPIPS weights", reader.offset - 4);
  const wanted = lpipsTensors(net);
  const count = reader.u32("the number of tensors");
  if (count !== wanted.length) {
    throw reader.error(`File has ${count} tensors, LPIPS (${net}) has ${wanted.length}`, reader.offset - 4);
  }
  const types = wanted.map(({ name, shape }) => {
    const start = reader.offset;
    const found = reader.text("a tensor's name");
    const type = reader.u32(`the type of ${name}`);
    const dimensions = reader.u32(`the dimensions of ${name}`);
    const sizes = shape.map(() => reader.u32(`the sizes of ${name}`));
    if (found !== name || dimensions !== shape.length || sizes.some((size, d) => size !== shape[d])) {
      throw reader.error(`Tensor is not ${name} of ${shape.join(" x ")}`, start);
    }
    if (type !== FLOAT32 && type !== FLOAT16) throw reader.error(`Unknown type ${type} of ${name}`, start);
    return type;
  });
  align(reader);
  const values = new Float32Array(wanted.reduce((sum, { shape }) => sum + valuesOf(shape), 0));
  let at = 0;
  wanted.forEach(({ name, shape }, i) => {
    const length = valuesOf(shape);
    const Type = types[i] === FLOAT16 ? Float16Array : Float32Array;
    const raw = reader.bytes(length * Type.BYTES_PER_ELEMENT, name);
    values.set(new Type(raw.slice().buffer), at);
    at += length;
    align(reader);
  });
  reader.end("tensors");
  return { net, values };
}

function align(reader: ByteReader): void {
  reader.skip(-reader.offset & 3, "padding");
}

/** Bytes, and zeros up to a multiple of four. */
function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, new Uint8Array(-bytes.length & 3)];
}

function encode(word: string | number): Uint8Array {
  return typeof word === "string" ? new TextEncoder().encode(word) : bytesOf(new Uint32Array([word]));
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
