// NOTICE: whose code is in what is distributed besides tame's own, under which licence.

import { existsSync } from "@std/fs";
import { join } from "@std/path";

/** An npm package of a module graph. */
interface Package {
  name: string;
  version: string;
  dependencies: string[];
  /** Folder; undefined if it is for another platform. */
  localPath?: string;
}

/** What `deno info --json` says that is read here. */
interface Graph {
  modules: { dependencies?: { npmPackage?: string }[] }[];
  npmPackages: Record<string, Package>;
}

/** What is distributed. */
export interface Contents {
  /** The module whose npm packages are bundled with it, or copied. Default: none is. */
  entry?: string;
  /** Packages that are not, with those that only they need. */
  without?: readonly string[];
  /** Packages that are in it though no module imports them. */
  besides?: readonly string[];
  /** The backends whose libraries are in it. */
  backends: readonly string[];
  /** Whether Deno's runtime is. */
  runtime?: boolean;
}

/**
 * The text of the file.
 *
 * @param root The checkout
 */
export async function noticeText(root: string, contents: Contents): Promise<string> {
  const { entry, backends, runtime = false } = contents;
  const packages = entry === undefined ? [] : await packagesOf(root, entry, contents);
  const texts = await Promise.all(packages.map(packageNotice));
  const native = { cpp: backends.length > 0, cuda: backends.includes("cuda"), deno: runtime };
  for (const [name, isIn] of Object.entries(native)) {
    if (isIn) texts.push(await Deno.readTextFile(join(root, `scripts/dist/notices/${name}.txt`)));
  }
  const head = "tame is licensed under the Apache License 2.0, see LICENSE. It is distributed with code of others:\n";
  return [head, ...texts].map((text) => `${text.trimEnd()}\n`).join(`\n${"-".repeat(80)}\n\n`);
}

/** The npm packages of a module and of what it imports. */
async function packagesOf(root: string, entry: string, { without = [], besides = [] }: Contents): Promise<Package[]> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry], cwd: root });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`deno info ${entry} failed:\n${new TextDecoder().decode(stderr)}`);
  const { modules, npmPackages }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const imported = modules.flatMap(({ dependencies = [] }) =>
    dependencies.flatMap(({ npmPackage }) => npmPackage ?? [])
  );
  const found = new Set<string>();
  const add = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    npmPackages[id].dependencies.forEach(add);
  };
  imported.filter((id) => !without.includes(npmPackages[id].name)).forEach(add);
  Object.keys(npmPackages).filter((id) => besides.includes(npmPackages[id].name)).forEach(add);
  return [...found].sort().map((id) => npmPackages[id]).filter(({ localPath }) => localPath && existsSync(localPath));
}

async function packageNotice({ name, version, localPath }: Package): Promise<string> {
  const { license, author } = JSON.parse(await Deno.readTextFile(join(localPath!, "package.json")));
  const files = [...Deno.readDirSync(localPath!)].map((entry) => entry.name);
  const file = files.find((entry) => /^(?:licen[cs]e|copying)(?:\.\w+)?$/i.test(entry));
  const text = file === undefined
    ? `By ${author?.name ?? author ?? "its authors"}. The package has no text of its licence.`
    : await Deno.readTextFile(join(localPath!, file));
  return `${name} ${version}: licence ${license}\n\n${text}`;
}
