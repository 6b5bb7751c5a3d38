// Files of Gaussians that tests write, and tests that need the conversion library for them.

import type { PlySplats } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { splatHeader } from "../../export/ply.ts";
import { cachedPackage } from "../../load/npm_cache.ts";
import { SPLAT_LIBRARY } from "../../load/splat_library.ts";
import { hasDrawingLibrary, SPARK } from "../../view/drawing_library.ts";
import { deviceTest } from "./device.ts";

/** Gaussians with plausible values, the same every time: positions within 2 units, sizes of 0.02 to 0.1. */
export function someSplats(count: number, shDegree: number): PlySplats {
  const wave = (length: number, scale: number, step: number) =>
    Float32Array.from({ length }, (_, i) => scale * Math.sin(1 + step * i + (i * i) % 7));
  return {
    count,
    means: wave(3 * count, 2, 1.7),
    logScales: wave(3 * count, 0.8, 2.3).map((value) => value - 3.1),
    quats: wave(4 * count, 1, 0.9),
    opacities: wave(count, 4, 1.3),
    sh: wave(3 * (shDegree + 1) ** 2 * count, 0.6, 0.37),
    shDegree,
    comments: [],
  };
}

/** A PLY of Gaussians, with further properties if `more` names any, each with one value for every Gaussian. */
export function splatsPly(splats: PlySplats, more: Record<string, number[]> = {}): Uint8Array {
  const { count, shDegree, means, sh, opacities, logScales, quats } = splats;
  const k = (shDegree + 1) ** 2;
  const header = new TextDecoder().decode(splatHeader(count, shDegree, splats.comments));
  const properties = Object.keys(more).map((name) => `property float ${name}\n`).join("");
  const rows: number[] = [];
  for (let i = 0; i < count; i++) {
    const own = sh.subarray(3 * k * i, 3 * k * (i + 1));
    rows.push(...means.subarray(3 * i, 3 * i + 3), 0, 0, 0, ...own.subarray(0, 3));
    for (let channel = 0; channel < 3; channel++) for (let j = 1; j < k; j++) rows.push(own[3 * j + channel]);
    rows.push(opacities[i], ...logScales.subarray(3 * i, 3 * i + 3), ...quats.subarray(4 * i, 4 * i + 4));
    rows.push(...Object.values(more).map((values) => values[i]));
  }
  return new Uint8Array([
    ...new TextEncoder().encode(header.replace("end_header", `${properties}end_header`)),
    ...new Uint8Array(new Float32Array(rows).buffer),
  ]);
}

/** The same as lines of comma-separated values. */
export function splatsCsv(splats: PlySplats): Uint8Array {
  const { count, shDegree, means, sh, opacities, logScales, quats } = splats;
  const rest = (shDegree + 1) ** 2 - 1;
  const numbered = (name: string, length: number) => Array.from({ length }, (_, i) => `${name}_${i}`);
  const names = ["x", "y", "z", ...numbered("scale", 3), ...numbered("rot", 4), "opacity", ...numbered("f_dc", 3)];
  const lines = [[...names, ...numbered("f_rest", 3 * rest)].join(",")];
  for (let i = 0; i < count; i++) {
    const own = sh.subarray(3 * (rest + 1) * i, 3 * (rest + 1) * (i + 1));
    const values = [...means.subarray(3 * i, 3 * i + 3), ...logScales.subarray(3 * i, 3 * i + 3)];
    values.push(...quats.subarray(4 * i, 4 * i + 4), opacities[i], ...own.subarray(0, 3));
    for (let channel = 0; channel < 3; channel++) for (let j = 1; j <= rest; j++) values.push(own[3 * j + channel]);
    lines.push(values.join(","));
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

const GLB_SPLATS = someSplats(3, 1);
const KHR = "KHR_gaussian_splatting:";

/** Attributes of three Gaussians of degree 1, for {@linkcode splatsGlb}. */
export const GLB_ATTRIBUTES: Record<string, [width: number, values: Float32Array]> = {
  POSITION: [3, GLB_SPLATS.means],
  [`${KHR}ROTATION`]: [4, GLB_SPLATS.quats],
  [`${KHR}SCALE`]: [3, GLB_SPLATS.logScales.map(Math.exp)],
  [`${KHR}OPACITY`]: [1, new Float32Array([0.25, 0, 1])],
  [`${KHR}SH_DEGREE_0_COEF_0`]: [3, GLB_SPLATS.sh.slice(0, 9)],
  [`${KHR}SH_DEGREE_1_COEF_0`]: [3, GLB_SPLATS.sh.slice(9, 18)],
  [`${KHR}SH_DEGREE_1_COEF_1`]: [3, GLB_SPLATS.sh.slice(18, 27)],
  [`${KHR}SH_DEGREE_1_COEF_2`]: [3, GLB_SPLATS.sh.slice(27, 36)],
};

/** Arrays of floats by the names of attributes as a binary glTF file with the extension, in the file's axes. */
export function splatsGlb(attributes: Record<string, [width: number, values: Float32Array]>): Uint8Array {
  const entries = Object.entries(attributes);
  let offset = 0;
  const bufferViews = entries.map(([, [, { byteLength }]]) => {
    offset += byteLength;
    return { buffer: 0, byteOffset: offset - byteLength, byteLength };
  });
  const types: Record<number, string> = { 1: "SCALAR", 3: "VEC3", 4: "VEC4" };
  const json = JSON.stringify({
    asset: { version: "2.0" },
    meshes: [{
      primitives: [{
        attributes: Object.fromEntries(entries.map(([name], i) => [name, i])),
        extensions: { KHR_gaussian_splatting: { kernel: "ellipse" } },
      }],
    }],
    accessors: entries.map(([, [width, values]], bufferView) => (
      { bufferView, componentType: 5126, count: values.length / width, type: types[width] }
    )),
    bufferViews,
    buffers: [{ byteLength: offset }],
  });
  const text = new TextEncoder().encode(json.padEnd(4 * Math.ceil(json.length / 4)));
  const words = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
  return new Uint8Array([
    ...words(0x46546c67, 2, 28 + text.length + offset),
    ...[...words(text.length, 0x4e4f534a), ...text],
    ...words(offset, 0x004e4942),
    ...entries.flatMap(([, [, values]]) => [...new Uint8Array(values.slice().buffer)]),
  ]);
}

/** Why files cannot be converted here; undefined if they can. */
export const splatLibraryMissing: string | undefined = await cachedPackage(SPLAT_LIBRARY)
  ? undefined
  : `no ${SPLAT_LIBRARY.name} ${SPLAT_LIBRARY.version} in Deno's cache: run make splats`;

/** Why splats cannot be drawn in a browser here; undefined if they can. */
export const drawingLibraryMissing: string | undefined = await hasDrawingLibrary()
  ? undefined
  : `no ${SPARK.name} ${SPARK.version} in Deno's cache: run make splats`;

/** A test that converts files on an open device, skipped by name where the library or the device is not there. */
export function splatLibraryDeviceTest(name: string, body: (device: Device) => Promise<void>): void {
  deviceTest(name, body, {}, splatLibraryMissing);
}
