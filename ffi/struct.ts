// The header's structs in memory, laid out as in C from the generated tables; read and written by field.

import { STRUCTS } from "./abi.ts";

/** A C type of a struct's field. */
type FieldType = "i32" | "u32" | "u64" | "f32" | "f64" | "char";

/** A field: its type, or type and array length. */
type FieldSpec = FieldType | readonly [FieldType, number];

/** Name of a struct of the header. */
export type StructName = keyof typeof STRUCTS;

const TABLES: Record<StructName, Readonly<Record<string, FieldSpec>>> = STRUCTS;

const BYTES: Record<FieldType, number> = { i32: 4, u32: 4, u64: 8, f32: 4, f64: 8, char: 1 };

interface Field {
  type: FieldType;
  offset: number;
  length: number;
}

interface Layout {
  size: number;
  fields: Map<string, Field>;
}

const layouts = new Map<StructName, Layout>();

// As in C, each field is aligned to its type, and the struct to its widest field.
function layoutOf(name: StructName): Layout {
  const known = layouts.get(name);
  if (known) return known;
  const fields = new Map<string, Field>();
  let end = 0;
  let widest = 1;
  for (const [field, spec] of Object.entries(TABLES[name])) {
    const [type, length] = typeof spec === "string" ? [spec, 1] as const : spec;
    const width = BYTES[type];
    const offset = Math.ceil(end / width) * width;
    fields.set(field, { type, offset, length });
    end = offset + width * length;
    widest = Math.max(widest, width);
  }
  const layout = { size: Math.ceil(end / widest) * widest, fields };
  layouts.set(name, layout);
  return layout;
}

/** Bytes of a struct, as `sizeof` in C. */
export function structSize(name: StructName): number {
  return layoutOf(name).size;
}

/** One struct of the header in its own buffer, with `struct_size` set where it has one. */
export class Struct<Name extends StructName> {
  /** The struct's memory, to be passed to native code. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #layout: Layout;
  readonly #view: DataView;

  /** Makes a zeroed struct. */
  constructor(name: Name) {
    this.#layout = layoutOf(name);
    this.bytes = new Uint8Array(this.#layout.size);
    this.#view = new DataView(this.bytes.buffer);
    if (this.#layout.fields.has("struct_size")) this.#view.setUint32(0, this.#layout.size, true);
  }

  /** Sets a number, or the first numbers of an array. Values are converted to the field's type. */
  set(field: string & keyof typeof STRUCTS[Name], value: number | ArrayLike<number>): this {
    const values = typeof value === "number" ? [value] : value;
    const { type, offset } = this.#layout.fields.get(field)!;
    for (let i = 0; i < values.length; i++) {
      const at = offset + i * BYTES[type];
      if (type === "f32") this.#view.setFloat32(at, values[i], true);
      else if (type === "f64") this.#view.setFloat64(at, values[i], true);
      else if (type === "u64") this.#view.setBigUint64(at, BigInt(values[i]), true);
      else this.#view.setUint32(at, values[i], true);
    }
    return this;
  }

  /** The number in a field, or in one element of it; 64-bit values as the nearest double. */
  number(field: string & keyof typeof STRUCTS[Name], index = 0): number {
    const { type, offset } = this.#layout.fields.get(field)!;
    const at = offset + index * BYTES[type];
    if (type === "f32") return this.#view.getFloat32(at, true);
    if (type === "f64") return this.#view.getFloat64(at, true);
    if (type === "u64") return Number(this.#view.getBigUint64(at, true));
    return type === "i32" ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
  }

  /** The text of a `char` array, up to its NUL. */
  text(field: string & keyof typeof STRUCTS[Name]): string {
    const { offset, length } = this.#layout.fields.get(field)!;
    return decodeText(this.bytes.subarray(offset, offset + length));
  }
}

/** Decodes UTF-8 up to the first NUL. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
