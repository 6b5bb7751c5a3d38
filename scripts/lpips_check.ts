// Compares LPIPS with PyTorch's, on a machine that has it: random weights are written by torch.save and converted, and
// the distances compared on every usable backend.

import { fromFileUrl, join } from "@std/path";
import { asksForHelp } from "../cli/help.ts";
import { gatherLpips } from "../eval/lpips/convert.ts";
import { loadLpips, lpips, type LpipsNet } from "../eval/lpips/lpips.ts";
import { encodeLpips } from "../eval/lpips/weights_file.ts";
import { type Device, openDevice } from "../ffi/device.ts";
import { LibraryError, TameError } from "../ffi/errors.ts";
import type { Image } from "../ffi/image.ts";
import type { Backend } from "../ffi/library.ts";

const LARGEST_ERROR = 1e-4; // relative

const HELP = `Compares LPIPS with PyTorch's, with random weights, on each backend; needs python3 with torch.

Usage: deno run -A scripts/lpips_check.ts

Exit codes: 0 all agree to ${LARGEST_ERROR} relative, or skipped: no python3 with torch; 1 they do not.

Example: deno run -A scripts/lpips_check.ts`;

interface Case {
  width: number;
  height: number;
  range: "unit" | "signed";
  a: string;
  b: string;
  float32: number;
  float64: number;
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return 0;
  }
  if (!await hasTorch()) {
    console.log("skipped: no python3 with torch");
    return 0;
  }
  const devices: Device[] = [];
  for (const backend of ["cpu", "cuda"] as const) {
    const device = await openIfThere(backend);
    if (device !== undefined) devices.push(device);
  }
  let worst = 0;
  for (const net of ["vgg", "alex"] as const) {
    for (const form of ["zip", "plain"] as const) worst = Math.max(worst, await compare(devices, net, form));
  }
  for (const device of devices) device[Symbol.dispose]();
  const agree = devices.length > 0 && worst <= LARGEST_ERROR;
  console.log(`${agree ? "passed" : "FAILED"}: largest relative difference ${worst.toExponential(1)}`);
  return agree ? 0 : 1;
}

async function hasTorch(): Promise<boolean> {
  try {
    return (await python(["-c", "import torch"])).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function python(args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command("python3", { args, stdin: "null" }).output();
}

async function openIfThere(backend: Backend): Promise<Device | undefined> {
  try {
    return await openDevice({ backend });
  } catch (error) {
    if (!(error instanceof LibraryError || error instanceof TameError)) throw error;
    console.log(`skipped: ${backend}: ${error.message}`);
  }
}

/** The largest relative difference from PyTorch in float64. */
async function compare(devices: readonly Device[], net: LpipsNet, form: "zip" | "plain"): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "tame_lpips_" });
  try {
    const program = fromFileUrl(new URL("lpips_check.py", import.meta.url));
    const { code, stdout, stderr } = await python([program, folder, net, form]);
    if (code !== 0) throw new Error(`lpips_check.py failed: ${new TextDecoder().decode(stderr)}`);
    const { torch, cases } = JSON.parse(new TextDecoder().decode(stdout)) as { torch: string; cases: Case[] };
    const file = join(folder, "weights.bin");
    const weights = await gatherLpips(join(folder, "backbone.pth"), join(folder, "linear.pth"));
    await Deno.writeFile(file, (await encodeLpips(weights)).bytes);
    let worst = 0;
    for (const device of devices) {
      using network = await loadLpips(device, file);
      for (const { width, height, range, a, b, float32, float64 } of cases) {
        const load = async (name: string): Promise<Image> => {
          const bytes = await Deno.readFile(join(folder, name));
          return { width, height, rgb: new Float32Array(bytes.buffer) };
        };
        const value = await lpips(device, await load(a), await load(b), network, { range });
        const off = (other: number): number => Math.abs(other - float64) / float64;
        const error = Number.isNaN(off(value)) ? Infinity : off(value);
        worst = Math.max(worst, error);
        console.log(
          `${device.backend.padEnd(4)} ${net.padEnd(4)} ${form.padEnd(5)} ${width} x ${height} ${range.padEnd(6)} ` +
            `${value.toPrecision(9)}, off by ${error.toExponential(1)} (torch ${torch} in float32: ${
              off(float32).toExponential(1)
            })`,
        );
      }
    }
    return worst;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
