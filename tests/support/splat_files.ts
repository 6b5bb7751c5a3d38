// Files of Gaussians that tests write, and tests that need the conversion library for them.

import type { PlySplats } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { splatHeader } from "../../export/ply.ts";
import { hasSplatLibrary, SPLAT_LIBRARY } from "../../load/splat_library.ts";
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

/** Why files cannot be converted here; undefined if they can. */
export const splatLibraryMissing: string | undefined = await hasSplatLibrary()
  ? undefined
  : `no ${SPLAT_LIBRARY.name} ${SPLAT_LIBRARY.version} in Deno's cache: run make splats`;

/** A test that converts files on an open device, skipped by name where the library or the device is not there. */
export function splatLibraryDeviceTest(name: string, body: (device: Device) => Promise<void>): void {
  if (splatLibraryMissing === undefined) return deviceTest(name, body);
  Deno.test({ name: `${name} [skipped: ${splatLibraryMissing}]`, ignore: true, fn() {} });
}
