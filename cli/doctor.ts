// `doctor`: which backends this machine can use, and why others cannot be used.

import { formatBytes } from "../base/format.ts";
import manifest from "../deno.json" with { type: "json" };
import { type DeviceInfo, type LibraryReport, listDevices } from "../ffi/device.ts";
import { loadSharp } from "../ffi/sharp.ts";
import { parse } from "./argv.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { DOCTOR_OPTIONS } from "./options.ts";
import { namedLibrary } from "./paths.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code: done if some backend can be used. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "doctor",
      summary: VERBS.doctor.summary,
      usage: "[--json]",
      example: "deno task doctor",
      notes: ["Exits with 0 if some backend can be used, else with 4."],
      table: DOCTOR_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, DOCTOR_OPTIONS);
  const libraries = await listDevices({ library: namedLibrary() });
  const usable = libraries.filter(({ problem }) => problem === undefined);
  const photos = await photoDecoder();
  if (values.json) {
    const versions = { tame: manifest.version, deno: Deno.version.deno };
    console.log(JSON.stringify({ versions, photos, libraries, usable: usable.map(({ backend }) => backend) }));
  } else {
    console.log(`tame ${manifest.version}, Deno ${Deno.version.deno}, ${Deno.build.target}`);
    for (const library of libraries) console.log(libraryText(library));
    console.log(
      photos.versions === undefined
        ? `photos: cannot be read: ${photos.problem}`
        : `photos: can be read, by sharp ${photos.versions.sharp} with libvips ${photos.versions.vips}`,
    );
    console.log(verdict(usable.map(({ backend }) => backend)));
  }
  return usable.length > 0 ? EXIT.done : EXIT.device;
}

function verdict(usable: string[]): string {
  if (usable.length === 0) return "No backend can be used: build the CPU library with `make cpu`";
  return `Usable: ${usable.join(", ")}; --backend auto takes ${usable[0]}`;
}

function libraryText({ backend, path, build, devices, problem }: LibraryReport): string {
  const lines = [`${backend}: ${problem === undefined ? "can be used" : `cannot be used: ${problem}`}`];
  if (path !== undefined) lines.push(`  library ${path}`);
  if (build !== undefined) {
    lines.push(`  built by ${build.compiler} for ${build.targets.join(", ")} (${build.version})`);
  }
  return [...lines, ...devices.map(deviceText)].join("\n");
}

function deviceText(device: DeviceInfo): string {
  const { index, name, hasCode, targets, computeCapability, driverVersion, threads, memoryTotal, memoryFree } = device;
  const processor = computeCapability === 0
    ? `${threads} threads`
    : `compute capability ${Math.floor(computeCapability / 10)}.${
      computeCapability % 10
    }, ${threads} multiprocessors, ` +
      `driver for CUDA ${Math.floor(driverVersion / 1000)}.${Math.floor(driverVersion % 1000 / 10)}`;
  const code = hasCode ? `runs ${targets}` : "no code for it in this library";
  return `  device ${index}: ${name}, ${processor}, ${formatBytes(memoryFree)} of ${
    formatBytes(memoryTotal)
  } free, ${code}`;
}

/** Whether photos can be decoded: encodes an image and decodes it. */
async function photoDecoder(): Promise<{ versions?: Record<string, string | undefined>; problem?: string }> {
  try {
    const sharp = await loadSharp();
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });
    await sharp(await image.jpeg().toBuffer()).raw().toBuffer();
    return { versions: { sharp: sharp.versions.sharp, vips: sharp.versions.vips } };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
