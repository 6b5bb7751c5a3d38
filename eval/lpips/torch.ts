// Tensors of PyTorch's files: the zip archives of today and the plain pickles from before 1.6. Nothing in them is
// executed: pickle.ts accepts no functions but those below.

import { DataError } from "../../base/errors.ts";
import { ByteReader } from "../../load/bytes.ts";
import { type PickleGlobal, type PickleHost, type PickleValue, reject, unpickle } from "./pickle.ts";
import { FLOAT_BYTES, type FloatType, type Tensor, toFloat32 } from "./tensor.ts";
import { StoredZip } from "./zip.ts";

/** A plain file begins with a pickle of this number. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const STORAGES: Record<string, FloatType> = {
  "torch.FloatStorage": "f32",
  "torch.HalfStorage": "f16",
  "torch.BFloat16Storage": "bf16",
  "torch.DoubleStorage": "f64",
};

const MOST_DIMENSIONS = 16;

/** Values that tensors share; the bytes are fetched, and checked, when they are first needed. */
class Storage {
  constructor(
    readonly key: string,
    readonly type: FloatType,
    readonly length: number,
  ) {}

  /** Set before a tensor is returned. */
  fetch!: () => Uint8Array;
}

class TorchTensor implements Tensor {
  readonly shape: readonly number[];
  readonly #storage: Storage;
  readonly #offset: number;
  readonly #strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: number[], strides: number[]) {
    this.shape = shape;
    this.#storage = storage;
    this.#offset = offset;
    this.#strides = strides;
  }

  read(): Float32Array {
    const bytes = this.#storage.fetch();
    const length = this.shape.reduce((product, size) => product * size, 1);
    const step = FLOAT_BYTES[this.#storage.type];
    if (this.#contiguous()) {
      return toFloat32(bytes.subarray(step * this.#offset, step * (this.#offset + length)), this.#storage.type);
    }
    const all = toFloat32(bytes, this.#storage.type);
    const values = new Float32Array(length);
    const index = this.shape.map(() => 0);
    let at = this.#offset;
    for (let i = 0; i < length; i++) {
      values[i] = all[at];
      for (let d = index.length - 1; d >= 0; d--) {
        at += this.#strides[d];
        if (++index[d] < this.shape[d]) break;
        at -= this.#strides[d] * this.shape[d];
        index[d] = 0;
      }
    }
    return values;
  }

  #contiguous(): boolean {
    let wanted = 1;
    for (let d = this.shape.length - 1; d >= 0; d--) {
      if (this.shape[d] !== 1 && this.#strides[d] !== wanted) return false;
      wanted *= this.shape[d];
    }
    return true;
  }
}

const GLOBALS: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    { name: "collections.OrderedDict", call: orderedDictionary },
    { name: "torch._utils._rebuild_tensor", call: tensor },
    { name: "torch._utils._rebuild_tensor_v2", call: tensor },
    { name: "torch._utils._rebuild_parameter", call: parameter },
    { name: "torch.nn.parameter.Parameter", call: parameter },
    ...Object.keys(STORAGES).map((name): PickleGlobal => ({ name })),
  ].map((global: PickleGlobal) => [global.name, global]),
);

function orderedDictionary(args: PickleValue[]): PickleValue {
  const [items = []] = args; // Python 2 passes a list of pairs, Python 3 sets them later
  if (!Array.isArray(items)) reject("OrderedDict is made of something that is not a list");
  return new Map(
    items.map((item) =>
      Array.isArray(item) && item.length === 2
        ? [item[0], item[1]]
        : reject("OrderedDict is made of something that is not a list of pairs")
    ),
  );
}

/** (storage, offset, sizes, strides, ...): the rest is needed for training only. */
function tensor([storage, offset, shape, strides]: PickleValue[]): PickleValue {
  if (!(storage instanceof Storage)) reject("Tensor is made of something that is not a storage");
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
    reject("Tensor has a wrong offset, wrong sizes or wrong strides");
  }
  // No tensor may have more values than its storage: strides of 0 would make a huge tensor from a small file.
  const length = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, d) => sum + (size - 1) * strides[d], offset);
  if (length > storage.length || (length > 0 && last >= storage.length)) {
    reject(`Tensor of ${shape.join(" x ")} values lies outside of its storage of ${storage.length}`);
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function parameter([data]: PickleValue[]): PickleValue {
  return data instanceof TorchTensor ? data : reject("Parameter is made of something that is not a tensor");
}

function isCount(value: PickleValue): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);
}

/** Creates storages from persistent ids: ("storage", type, key, place, length), and in plain files a view. */
class Host implements PickleHost {
  readonly globals: ReadonlyMap<string, PickleGlobal> = GLOBALS;
  readonly storages = new Map<string, Storage>();

  persistent(id: PickleValue): PickleValue {
    const [kind, type, key, , length, view = null] = Array.isArray(id) ? id : [];
    const name = typeof type === "object" && type !== null && "name" in type ? String(type.name) : "";
    if (kind !== "storage" || !Object.hasOwn(STORAGES, name) || typeof key !== "string" || !isCount(length)) {
      reject("Pickle refers to something that is not a storage of floats");
    }
    if (view !== null) reject("Storage is a view of another one: save the tensors with a newer PyTorch");
    const known = this.storages.get(key);
    if (known === undefined) {
      const storage = new Storage(key, STORAGES[name], length);
      this.storages.set(key, storage);
      return storage;
    }
    if (known.type !== STORAGES[name] || known.length !== length) reject(`Storage ${key} has two types`);
    return known;
  }
}

/** Which of PyTorch's formats bytes begin with, if any. */
export function isTorch(bytes: Uint8Array): "zip" | "plain" | undefined {
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) return "zip";
  return startsWith(bytes, [0x80, 0x02, 0x8a, 0x0a]) ? "plain" : undefined;
}

function startsWith(bytes: Uint8Array, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

/** The tensors of a zip archive by name. Values are read, and their checksums verified, when they are asked for. */
export function parseTorchZip(bytes: Uint8Array, path: string): Map<string, Tensor> {
  const zip = new StoredZip(bytes, path);
  const pickle = zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new DataError("Not a PyTorch archive: it has no data.pkl", { path });
  const folder = pickle.slice(0, pickle.lastIndexOf("/"));
  const order = `${folder}/byteorder`;
  if (zip.names.includes(order) && new TextDecoder().decode(zip.read(order)) !== "little") {
    throw new DataError("Tensors are big-endian: save them on another machine", { path, offset: zip.offset(order) });
  }
  const host = new Host();
  const content = zip.read(pickle);
  const start = zip.offset(pickle);
  const reader = new ByteReader(bytes.subarray(0, start + content.length), path);
  reader.skip(start, "the pickle");
  const value = unpickle(reader, host);
  for (const storage of host.storages.values()) {
    const name = `${folder}/data/${storage.key}`;
    storage.fetch = () => {
      const values = zip.read(name);
      if (values.length === storage.length * FLOAT_BYTES[storage.type]) return values;
      const message = `Entry ${name} has ${values.length} bytes, not ${storage.length} ${storage.type} values`;
      throw new DataError(message, { path, offset: zip.offset(name) });
    };
  }
  return namedTensors(value, path);
}

/** The tensors of a plain file by name: five pickles, then the values of the storages. */
export function parseTorchPlain(bytes: Uint8Array, path: string): Map<string, Tensor> {
  const reader = new ByteReader(bytes, path);
  const host = new Host();
  if (unpickle(reader, host) !== MAGIC) throw new DataError("Not a PyTorch file", { path, offset: 0 });
  const versionAt = reader.offset;
  const version = unpickle(reader, host);
  if (version !== PROTOCOL) throw reader.error(`Unknown version ${version} of PyTorch's files`, versionAt);
  const systemAt = reader.offset;
  const system = unpickle(reader, host);
  if (!(system instanceof Map) || system.get("little_endian") !== true) {
    throw reader.error("Tensors are big-endian: save them on another machine", systemAt);
  }
  const value = unpickle(reader, host);
  const keysAt = reader.offset;
  const keys = unpickle(reader, host);
  if (!Array.isArray(keys)) throw reader.error("File has no list of its storages", keysAt);
  for (const key of keys) {
    const start = reader.offset;
    const storage = typeof key === "string" ? host.storages.get(key) : undefined;
    if (storage === undefined) throw reader.error("File has a storage that no tensor uses", start);
    const length = reader.u64("a storage's length");
    if (length !== storage.length) {
      throw reader.error(`Storage has ${length} values, its tensors need ${storage.length}`, start);
    }
    const values = reader.bytes(length * FLOAT_BYTES[storage.type], `the values of storage ${storage.key}`);
    storage.fetch = () => values;
    host.storages.delete(storage.key);
  }
  if (host.storages.size > 0) throw reader.error("File has tensors without values");
  reader.end("storages");
  return namedTensors(value, path);
}

function namedTensors(value: PickleValue, path: string): Map<string, Tensor> {
  if (!(value instanceof Map)) throw new DataError("File has no dictionary of tensors", { path });
  const tensors = new Map<string, Tensor>();
  for (const [name, item] of value) {
    if (typeof name === "string" && item instanceof TorchTensor) tensors.set(name, item);
  }
  return tensors;
}
