// npm packages: the library, and for each platform and backend a package with its native library. The first has the CPU's
// as an optional dependency, so that npm installs that of the platform; the CUDA library, which is larger, is installed by
// its name.

import { copy, ensureDir } from "@std/fs";
import { join } from "@std/path";
import { platformPackage } from "../../ffi/installed.ts";
import { EXTERNAL } from "./bundle.ts";
import { noticeText } from "./notice.ts";

/** A package's package.json. */
type Description = Record<string, unknown> & { name: string };

/** What the packages are made of. */
export interface PackageSource {
  /** The checkout. */
  root: string;
  /** The folder that makeDist() made. */
  dist: string;
  /** What is the same in all of them. */
  common: { version: string; license: string };
  /** The backends whose libraries are in `dist`. */
  backends: readonly ("cpu" | "cuda")[];
}

/** deno, as the packages name it: they are for no other runtime. */
const ENGINES = { deno: ">=2.9" };

/**
 * Writes the packages as npm packs them, NAME-VERSION.tgz, with npm.
 *
 * @param target Folder for them
 * @returns Paths of the files, that of the library first
 */
export async function packPackages(source: PackageSource, target: string): Promise<string[]> {
  await ensureDir(target);
  const folder = await Deno.makeTempDir({ prefix: "tame_npm_" });
  try {
    const packages = [await libraryPackage(source, join(folder, "library"))];
    for (const backend of source.backends) packages.push(await nativePackage(source, backend, join(folder, backend)));
    const packed: string[] = [];
    for (const from of packages) packed.push(join(target, await pack(from, target)));
    return packed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The library as one script, with its types. */
async function libraryPackage({ root, dist, common }: PackageSource, to: string): Promise<string> {
  await ensureDir(join(to, "load"));
  for (const file of ["LICENSE", "NOTICE", "load/splat_library_process.js"]) {
    await copy(join(dist, file), join(to, file));
  }
  const [name, version] = EXTERNAL.replace("npm:", "").split("@");
  const script = await Deno.readTextFile(join(dist, "mod.js"));
  await Deno.writeTextFile(join(to, "mod.js"), script.replace(/^\/\*.*\*\/\n/, "").replaceAll(EXTERNAL, name));
  await Deno.copyFile(join(dist, "mod.d.cts"), join(to, "mod.d.ts"));
  const notice = await noticeText(root, { entry: "mod.ts", without: [name], backends: [] });
  await Deno.writeTextFile(join(to, "NOTICE"), notice);
  await describe(to, {
    name: "@tame/tame",
    description: "3D Gaussian splats from photos, for Deno",
    ...common,
    ...{ type: "module", exports: { types: "./mod.d.ts", default: "./mod.js" } },
    engines: ENGINES,
    dependencies: { [name]: version },
    optionalDependencies: { [platformPackage("cpu")]: common.version },
    peerDependencies: { [platformPackage("cuda")]: common.version },
    peerDependenciesMeta: { [platformPackage("cuda")]: { optional: true } },
  });
  return to;
}

/** The native library of a backend for this platform. */
async function nativePackage(
  { root, dist, common }: PackageSource,
  backend: "cpu" | "cuda",
  to: string,
): Promise<string> {
  await ensureDir(to);
  await copy(join(dist, "LICENSE"), join(to, "LICENSE"));
  const file = `libtame_${backend}.so`;
  await copy(join(dist, "build", file), join(to, file));
  const notice = await noticeText(root, { backends: [backend] });
  await Deno.writeTextFile(join(to, "NOTICE"), notice);
  const name = platformPackage(backend);
  const [, os, cpu] = /\/(\w+)-(\w+)/.exec(name)!;
  const description = `The ${backend.toUpperCase()} backend of @tame/tame for ${os} on ${cpu}`;
  await describe(to, { name, description, ...common, os: [os], cpu: [cpu], libc: ["glibc"], engines: ENGINES });
  return to;
}

async function describe(folder: string, description: Description): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), `${JSON.stringify(description, null, 2)}\n`);
  const { name, description: what } = description;
  await Deno.writeTextFile(join(folder, "README.md"), `# ${name}\n\n${what}.\n`);
}

/** Packs a folder; resolves to the name of the file. */
async function pack(folder: string, target: string): Promise<string> {
  const args = ["pack", "--silent", "--pack-destination", target, folder];
  const { success, stdout, stderr } = await new Deno.Command("npm", { args }).output();
  const text = new TextDecoder().decode(stdout).trim();
  if (!success) throw new Error(`npm pack failed:\n${text}${new TextDecoder().decode(stderr)}`);
  return text.split("\n").at(-1)!;
}
