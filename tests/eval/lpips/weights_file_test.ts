// Weights from PyTorch's files to tame's format and back: the same numbers, or an error.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../base/errors.ts";
import { loadLpips, lpips, type LpipsNet } from "../../../eval/lpips/lpips.ts";
import {
  backboneTensors,
  linearTensors,
  type LpipsTensor,
  lpipsTensors,
  valuesOf,
} from "../../../eval/lpips/network.ts";
import { decodeLpips, encodeLpips } from "../../../eval/lpips/weights_file.ts";
import { deviceTest } from "../../support/device.ts";
import { imagePair, randomLpips, randomLpipsWeights } from "../../support/lpips.ts";
import { type Ended, ended, start } from "../../support/process.ts";
import { bytesOf, safetensorsFile } from "../../support/torch_files.ts";

const WEIGHTS = randomLpipsWeights("alex");
const LINEAR = linearTensors("alex");
const LINEAR_VALUES = LINEAR.reduce((sum, { shape }) => sum + valuesOf(shape), 0);

/** A safetensors file of these tensors. */
function fileOf(tensors: readonly LpipsTensor[], values: Float32Array): Uint8Array {
  let at = 0;
  const header = Object.fromEntries(tensors.map(({ name, shape }) => {
    const begin = at;
    at += 4 * valuesOf(shape);
    return [name, { dtype: "F32", shape, data_offsets: [begin, at] }];
  }));
  const head = safetensorsFile(header, []);
  const file = new Uint8Array(head.length + at);
  file.set(head);
  file.set(bytesOf(values).subarray(0, at), head.length);
  return file;
}

/** Runs the command in a folder that holds backbone and linear layers. */
function convert(folder: string, args: string[]): Promise<Ended> {
  return ended(start("cli.ts", ["convert", ...args], { cwd: folder }));
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_lpips_" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

deviceTest(
  "convert lpips writes a file that loadLpips() reads when it is given backbone and linear layers",
  (device) =>
    inFolder(async (folder) => {
      await Deno.writeFile(join(folder, "a.safetensors"), fileOf(backboneTensors("alex"), WEIGHTS));
      await Deno.writeFile(join(folder, "l.safetensors"), fileOf(LINEAR, WEIGHTS.slice(-LINEAR_VALUES)));
      const { code, stdout, stderr } = await convert(
        folder,
        ["lpips", "--backbone", "a.safetensors", "--linear", "l.safetensors", "-o", "alex.bin", "--json"],
      );
      assertEquals(code, 0, stderr);
      assertEquals([...Deno.readDirSync(folder)].length, 3);
      const path = join(folder, "alex.bin");
      using network = await loadLpips(device, path);
      assertEquals(network.net, "alex");
      assertEquals(JSON.parse(stdout).checksum, network.checksum);
      const bytes = await Deno.readFile(path);
      assertEquals(bytes.subarray(-32).toHex(), network.checksum);
      using expected = randomLpips(device, "alex");
      const [a, b] = imagePair(40, 40);
      assertEquals(await lpips(device, a, b, network), await lpips(device, a, b, expected));
    }),
);

Deno.test("convert lpips ends with a usage error or a data error when its files do not fit", () =>
  inFolder(async (folder) => {
    const alex = fileOf(backboneTensors("alex"), WEIGHTS);
    const spoilt = WEIGHTS.slice(-LINEAR_VALUES);
    spoilt[70] = Infinity;
    await Deno.writeFile(join(folder, "alex"), alex);
    await Deno.writeFile(join(folder, "linear"), fileOf(LINEAR, WEIGHTS.slice(-LINEAR_VALUES)));
    await Deno.writeFile(join(folder, "spoilt"), fileOf(LINEAR, spoilt));
    await Deno.writeFile(join(folder, "vgg_linear"), fileOf(linearTensors("vgg"), new Float32Array(1472)));
    await Deno.writeFile(join(folder, "short"), fileOf(backboneTensors("alex").slice(0, 9), WEIGHTS));
    const wrong: [args: string[], code: number, words: string][] = [
      [[], 2, "Missing argument: a folder of photos, or lpips"],
      [["onnx"], 3, "No such folder of photos"],
      [["lpips", "--backbone", "alex", "--linear", "linear"], 2, "Missing --output"],
      [["lpips", "--backbone", "linear", "--linear", "linear", "-o", "o"], 3, "features.0.weight is missing"],
      [
        ["lpips", "--backbone", "alex", "--linear", "vgg_linear", "-o", "o"],
        3,
        "lin1.model.1.weight is 1 x 128 x 1 x 1",
      ],
      [["lpips", "--backbone", "alex", "--linear", "spoilt", "-o", "o"], 3, "lin1.model.1.weight has Infinity at 6"],
      [["lpips", "--backbone", "short", "--linear", "linear", "-o", "o"], 3, "no tensor features.10.bias"],
      [["lpips", "--backbone", "nowhere", "--linear", "linear", "-o", "o"], 3, "File is missing"],
    ];
    await Promise.all(wrong.map(async ([args, code, words]) => {
      const ended = await convert(folder, args);
      assertEquals(ended.code, code, ended.stderr);
      assertStringIncludes(ended.stderr, words);
    }));
    assertEquals(Deno.readDirSync(folder).toArray().some(({ name }) => name.startsWith("o")), false);
  }));

Deno.test("decodeLpips() returns what encodeLpips() was given, with 16 bits where they suffice", async () => {
  for (const net of ["vgg", "alex"] as LpipsNet[]) {
    const values = randomLpipsWeights(net);
    const { bytes, checksum } = await encodeLpips({ net, values });
    const { checksum: read, ...back } = await decodeLpips(bytes, "x");
    assertEquals(back.net, net);
    assertEquals(bytesOf(back.values).toBase64() === bytesOf(values).toBase64(), true);
    assertEquals(read, checksum);
    const halves = Float32Array.from(new Float16Array(values));
    const small = await encodeLpips({ net, values: halves });
    assertEquals(Math.round(bytes.length / small.bytes.length), 2);
    assertEquals(bytesOf((await decodeLpips(small.bytes, "x")).values).toBase64() === bytesOf(halves).toBase64(), true);
  }
});

Deno.test("decodeLpips() rejects a file when it is cut, changed, of another version or of another kind", async () => {
  const { bytes } = await encodeLpips({ net: "alex", values: WEIGHTS });
  const reject = async (changed: Uint8Array, words: string): Promise<void> => {
    const error = await assertRejects(() => decodeLpips(changed, "x.bin"), DataError);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, "x.bin");
  };
  const changedAt = (at: number, value = bytes[at] ^ 1): Uint8Array => {
    const changed = bytes.slice();
    changed[at] = value;
    return changed;
  };
  await reject(new Uint8Array(), "Not a file of LPIPS weights");
  await reject(changedAt(0), "Not a file of LPIPS weights");
  await reject(changedAt(8, 2), "version 2");
  for (const at of [12, 16, 24, 1000, bytes.length - 33, bytes.length - 1]) await reject(changedAt(at), "checksum");
  for (let length = 8; length < 300; length++) {
    await assertRejects(() => decodeLpips(bytes.subarray(0, length), "x.bin"), DataError);
  }
  await reject(bytes.subarray(0, -1), "checksum");
});

// Errors that a valid checksum does not hide.
Deno.test("decodeLpips() rejects a table that is not the network's", async () => {
  const { bytes } = await encodeLpips({ net: "alex", values: WEIGHTS });
  const content = bytes.subarray(0, -32);
  const view = new DataView(bytes.buffer);
  const name = lpipsTensors("alex")[0].name.length + 1;
  const changes: [at: number, value: number, words: string][] = [
    [12, 2, "Unknown net"],
    [12, 0, "File has 15 tensors, LPIPS (vgg) has 31"],
    [16, 14, "File has 14 tensors"],
    [20, 0x41414141, "Tensor is not features.0.weight of 64 x 3 x 11 x 11"],
    [20 + name, 9, "Unknown type 9 of features.0.weight"],
    [20 + name, 1, "File goes on for"],
    [20 + name + 4, 5, "Tensor is not features.0.weight"],
    [20 + name + 8, 65, "Tensor is not features.0.weight"],
  ];
  for (const [at, value, words] of changes) {
    const old = view.getUint32(at, true);
    view.setUint32(at, value, true);
    const digest = await crypto.subtle.digest("SHA-256", content as BufferSource);
    bytes.set(new Uint8Array(digest), content.length);
    const error = await assertRejects(() => decodeLpips(bytes, "x.bin"), DataError);
    assertStringIncludes(error.message, words);
    view.setUint32(at, old, true);
  }
});
