// Files of tensors: PyTorch's files are read, hostile and damaged ones are rejected with the position.
import { assert, assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../../base/errors.ts";
import { parseTensors } from "../../../eval/lpips/tensors.ts";
import { Random } from "../../reference/random.ts";
import {
  bytesOf,
  p,
  type Piece,
  plainFile,
  safetensorsFile,
  state,
  storage,
  tensor,
  zipFile,
  zipOf,
} from "../../support/torch_files.ts";

const VALUES = new Float32Array([1, -2, 0.5, 3, 1e-20, -0, 7, 8]);
const BYTES = bytesOf(VALUES);

/** Two tensors on one storage, the second in the middle of it. */
const TWO = state({
  "features.0.weight": tensor(storage("0", 8), { shape: [2, 1, 3] }),
  "features.0.bias": tensor(storage("0", 8), { offset: 6, shape: [2] }),
});

/** The same as Python 2 and PyTorch 0.3 wrote it: pairs in the constructor, a Parameter, byte strings. */
const OLD = p.call(
  p.global("collections", "OrderedDict"),
  p.list(
    p.list(p.oldText("features.0.weight"), oldTensor([2, 1, 3], [3, 3, 1])),
    p.list(
      p.oldText("features.0.bias"),
      p.call(p.global("torch.nn.parameter", "Parameter"), oldTensor([2], [1], 6), p.yes),
    ),
  ),
);

function oldTensor(shape: number[], strides: number[], offset = 0): Piece {
  const of = storage("0", 8, { view: p.none });
  const sizes = [shape, strides].map((list) => p.tuple(...list.map(p.int)));
  return p.call(p.global("torch._utils", "_rebuild_tensor"), of, p.int(offset), ...sizes);
}

const HEADER = {
  __metadata__: { format: "pt" },
  "features.0.weight": { dtype: "F32", shape: [2, 1, 3], data_offsets: [0, 24] },
  "features.0.bias": { dtype: "F32", shape: [2], data_offsets: [24, 32] },
  "count": { dtype: "I64", shape: [], data_offsets: [0, 8] },
};

const FORMS: Record<string, Uint8Array> = {
  "a zip archive": zipOf(TWO, { 0: BYTES }),
  "a zip64 archive": zipOf(TWO, { 0: BYTES }, { zip64: true }),
  "a plain file": plainFile(TWO, { 0: BYTES }),
  "a plain file of Python 2": plainFile(OLD, { 0: BYTES }),
  "safetensors": safetensorsFile(HEADER, BYTES),
};

for (const [form, bytes] of Object.entries(FORMS)) {
  Deno.test(`parseTensors() reads names, shapes and values when the file is ${form}`, () => {
    const tensors = parseTensors(bytes, "x.pth");
    assertEquals([...tensors.keys()], ["features.0.weight", "features.0.bias"]);
    assertEquals(tensors.get("features.0.weight")!.shape, [2, 1, 3]);
    assertEquals(tensors.get("features.0.weight")!.read(), VALUES.subarray(0, 6));
    assertEquals(tensors.get("features.0.bias")!.read(), VALUES.subarray(6));
  });

  Deno.test(`parseTensors() rejects every shorter part when the file is ${form}`, () => {
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => readAll(bytes.subarray(0, length)), DataError, undefined, `${length} bytes`);
    }
  });

  Deno.test(`parseTensors() reads or rejects when bytes are changed at random in ${form}`, () => {
    const random = new Random(bytes.length);
    const below = (n: number): number => Math.floor(random.uniform(0, n));
    let rejected = 0;
    for (let i = 0; i < 5000; i++) {
      const changed = bytes.slice();
      for (let changes = 1 + below(4); changes > 0; changes--) {
        changed[below(changed.length)] = random.uniform() < 0.3 ? 255 : below(256);
      }
      try {
        readAll(changed);
      } catch (error) {
        assertInstanceOf(error, DataError);
        rejected++;
      }
    }
    assert(rejected > 2000, `Only ${rejected} of 5000 were rejected`);
  });
}

function readAll(bytes: Uint8Array): void {
  for (const one of parseTensors(bytes, "x.pth").values()) one.read();
}

Deno.test("parseTensors() converts the values when they are 16-bit or 64-bit floats", () => {
  const values = [1, -2, 0.5, 65504];
  const kinds: [string, string, ArrayBufferView][] = [
    ["HalfStorage", "F16", new Float16Array(values)],
    ["DoubleStorage", "F64", new Float64Array(values)],
    ["BFloat16Storage", "BF16", Uint16Array.from(new Uint32Array(new Float32Array(values).buffer), (v) => v >>> 16)],
  ];
  for (const [type, dtype, view] of kinds) {
    const expected = type === "BFloat16Storage" ? [1, -2, 0.5, 65280] : values;
    const zip = zipOf(state({ x: tensor(storage("0", 4, { type }), { shape: [4] }) }), { 0: bytesOf(view) });
    assertEquals([...parseTensors(zip, "x").get("x")!.read()], expected, type);
    const header = { x: { dtype, shape: [4], data_offsets: [0, view.byteLength] } };
    assertEquals([...parseTensors(safetensorsFile(header, bytesOf(view)), "x").get("x")!.read()], expected, dtype);
  }
});

Deno.test("parseTensors() follows strides when a tensor is not contiguous", () => {
  const transposed = tensor(storage("0", 8), { offset: 1, shape: [3, 2], strides: [1, 3] });
  const values = parseTensors(zipOf(state({ x: transposed }), { 0: BYTES }), "x").get("x")!.read();
  assertEquals([...values], [1, 4, 2, 5, 3, 6].map((i) => VALUES[i]));
});

/** Hostile or damaged pickles, and words of their errors. */
const REJECTED: [words: string, value: Piece][] = [
  ['"os.system", which no file of tensors needs', p.call(p.global("os", "system"), p.text("id"))],
  ['"builtins.eval"', p.call(p.global("builtins", "eval"), p.text("1"))],
  ['"torch.LongStorage"', state({ x: tensor(storage("0", 8, { type: "LongStorage" }), { shape: [1] }) })],
  ["not a function", p.call(p.global("torch", "FloatStorage"), p.int(4))],
  ["not a function", p.call(p.text("call"), p.int(4))],
  ["opcode 0x69", [0x69]], // INST
  ["opcode 0x93", [...p.text("os"), ...p.text("system"), 0x93]], // STACK_GLOBAL
  ["opcode 0x81", [...p.global("collections", "OrderedDict"), ...p.tuple(), 0x81]], // NEWOBJ
  ["opcode 0x82", [0x82, 1]], // EXT1
  ["not a storage of floats", p.persistent(p.tuple(p.text("module"), p.text("x")))],
  ["not a storage of floats", p.persistent(p.int(3))],
  ["view of another", state({ x: tensor(storage("0", 8, { view: p.tuple() }), { shape: [1] }) })],
  ["two types", state({ a: tensor(storage("0", 8), { shape: [1] }), b: tensor(storage("0", 9), { shape: [1] }) })],
  ["not a storage", state({ x: tensor(p.int(1), { shape: [1] }) })],
  ["not a tensor", state({ x: p.call(p.global("torch._utils", "_rebuild_parameter"), p.int(1)) })],
  ["outside of its storage", state({ x: tensor(storage("0", 8), { shape: [9] }) })],
  ["outside of its storage", state({ x: tensor(storage("0", 8), { offset: 8, shape: [1] }) })],
  ["outside of its storage", state({ x: tensor(storage("0", 8), { shape: [2, 2], strides: [7, 1] }) })],
  ["outside of its storage", state({ x: tensor(storage("0", 8), { shape: [2 ** 30, 2 ** 30], strides: [0, 0] }) })],
  ["wrong offset", state({ x: tensor(storage("0", 8), { offset: -1, shape: [1] }) })],
  ["wrong offset", state({ x: tensor(storage("0", 8), { shape: [1, 1], strides: [1] }) })],
  ["wrong offset", state({ x: tensor(storage("0", 8), { shape: Array(17).fill(1) }) })],
  ["not a list", [...p.int(1), ...p.int(2), 0x61]],
  ["not a dictionary", [...p.int(1), ...p.int(2), ...p.int(3), 0x73]],
  ["attributes of something that is not a dictionary", [...p.int(1), ...p.int(2), 0x62]],
  ["a key without a value", [0x7d, 0x28, ...p.int(1), 0x75]],
  ["empty stack", [0x61]],
  ["recalls 9", p.get(9)],
  ["a mark that was never set", [0x74]],
  ["not UTF-8", [0x58, 1, 0, 0, 0, 0xff]],
  ["does not end", p.global("a".repeat(300), "b")],
  ["too long", Array(1 << 20).fill(0x28)],
  ["not a list of pairs", p.call(p.global("collections", "OrderedDict"), p.list(p.int(1)))],
  ["no dictionary of tensors", p.int(1)],
];

Deno.test("parseTensors() rejects a pickle that needs more than tensors, with the position", () => {
  for (const [words, value] of REJECTED) {
    const zip = assertThrows(() => parseTensors(zipOf(value, { 0: BYTES }), "x.pth"), DataError, words);
    assertStringIncludes(zip.message, "x.pth");
    assertThrows(() => parseTensors(plainFile(value, {}), "x.pth"), DataError, words);
  }
  const { offset } = assertThrows(
    () => parseTensors(zipOf(p.global("os", "system"), {}), "x.pth"),
    DataError,
  );
  assertEquals(offset, 30 + "archive/data.pkl".length + 7 + 2); // of the opcode, in the file
});

Deno.test("parseTensors() reads values back from a pickle's memo", () => {
  const value = p.dict(
    [p.put(p.text("a"), 5), p.put(tensor(storage("0", 8), { shape: [8] }), 200)],
    [p.text("b"), p.get(200)],
  );
  const tensors = parseTensors(zipOf(value, { 0: BYTES }), "x");
  assertEquals(tensors.get("b")!.read(), tensors.get("a")!.read());
});

/** Invalid files, and words of their errors. */
const WRONG: [words: string, bytes: Uint8Array][] = [
  ["compressed", zipOf(TWO, { 0: BYTES }, { method: 8 })],
  ["encrypted", zipOf(TWO, { 0: BYTES }, { flags: 1 })],
  ["checksum of archive/byteorder", zipOf(TWO, { 0: BYTES }, { wrongCrc: 1 })],
  ["no data.pkl", zipFile({ "a/version": [51] })],
  ["no entry archive/data/0", zipOf(TWO, {})],
  ["12 bytes, not 8 f32 values", zipOf(TWO, { 0: BYTES.subarray(0, 12) })],
  ["big-endian", zipFile({ "a/data.pkl": p.file(TWO), "a/byteorder": [98, 105, 103], "a/data/0": BYTES })],
  ["big-endian", plainFile(TWO, { 0: BYTES }, { littleEndian: p.no })],
  ["Not a PyTorch file", plainFile(TWO, { 0: BYTES }, { magic: Array(10).fill(1) })],
  ["no tensor uses", plainFile(TWO, { 0: BYTES, 1: BYTES })],
  ["without values", plainFile(TWO, {})],
  ["Storage has 7 values", plainFile(TWO, { 0: BYTES }, { lengths: { 0: 7 } })],
  ["goes on for 1 bytes", new Uint8Array([...plainFile(TWO, { 0: BYTES }), 0])],
  ["Not a file of tensors", new TextEncoder().encode("<!DOCTYPE html>")],
  ["Not a file of tensors", new Uint8Array()],
  ["not JSON", safetensorsFile("{", BYTES)],
  ["not JSON", safetensorsFile(`{"a":${"[".repeat(100_000)}`, BYTES)],
  ["File ends inside the header", safetensorsFile({}, []).subarray(0, 9)],
  ["too long", new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 0x7b])],
  ["wrong shape", safetensorsFile({ x: { dtype: "F32", shape: [-1], data_offsets: [0, 4] } }, BYTES)],
  ["wrong shape", safetensorsFile({ x: null }, BYTES)],
  ["does not fit", safetensorsFile({ x: { dtype: "F32", shape: [2], data_offsets: [0, 4] } }, BYTES)],
  ["does not fit", safetensorsFile({ x: { dtype: "F32", shape: [9], data_offsets: [0, 36] } }, BYTES)],
  ["does not fit", safetensorsFile({ x: { dtype: "F32", shape: [2], data_offsets: [12, 4] } }, BYTES)],
];

Deno.test("parseTensors() rejects with an error when a file is damaged or of another kind", () => {
  for (const [words, bytes] of WRONG) {
    const error = assertThrows(() => readAll(bytes), DataError, undefined, words);
    assertStringIncludes(error.message, words);
  }
});
