// Who imports whom: Deno's own account of every import of a tree of modules (types, re-exports, `import()` in code and
// in types), and what breaks the order of the rooms in it.

import { walk } from "@std/fs";
import { fromFileUrl, join, relative, toFileUrl } from "@std/path";

/** What each module imports; paths relative to the root of the tree. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** A module as `deno info --json` describes it; a dependency has its code, its types, or both resolved. */
interface ModuleInfo {
  specifier: string;
  error?: string;
  dependencies?: { code?: { specifier?: string }; type?: { specifier?: string } }[];
}

/** The TypeScript modules in the rooms of a tree: folders, or files beside them. Those that do not exist are left out. */
export async function modulesOf(root: string, rooms: readonly string[]): Promise<string[]> {
  const modules: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(root)) {
    if (!isDirectory && name.endsWith(".ts")) modules.push(name);
    if (!isDirectory || !rooms.includes(name)) continue;
    for await (const { path } of walk(join(root, name), { includeDirs: false, exts: [".ts"] })) {
      modules.push(relative(root, path));
    }
  }
  return modules.sort();
}

/** The imports among the modules of a tree; those of packages and of data files are left out. */
export async function readImports(root: string, modules: readonly string[]): Promise<Imports> {
  const roots = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(roots, modules.map((path) => `import "${toFileUrl(join(root, path))}";\n`).join(""));
    const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-remote", "--config", config, roots],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const infos: ModuleInfo[] = JSON.parse(new TextDecoder().decode(stdout)).modules;
    const own = (specifier: string | undefined): string | undefined => {
      const prefix = `${toFileUrl(root)}/`;
      if (!specifier?.startsWith(prefix) || !specifier.endsWith(".ts")) return undefined;
      return decodeURIComponent(specifier.slice(prefix.length));
    };
    const imports = new Map<string, string[]>();
    for (const { specifier, error, dependencies = [] } of infos) {
      const path = own(specifier);
      if (path === undefined) continue;
      if (error !== undefined) throw new Error(error);
      const targets = dependencies.flatMap(({ code, type }) => [own(code?.specifier), own(type?.specifier)]);
      imports.set(path, [...new Set(targets.filter((target) => target !== undefined))]);
    }
    return imports;
  } finally {
    await Deno.remove(roots);
  }
}

/** The imports that go up, or to a module in no room: `load/a.ts imports train/b.ts`. */
export function importsUpwards(imports: Imports, rooms: readonly string[]): string[] {
  const rank = (path: string): number => rooms.indexOf(path.split("/")[0]);
  return [...imports].flatMap(([path, targets]) =>
    targets
      .filter((target) => rank(target) === -1 || rank(target) > rank(path))
      .map((target) => `${path} imports ${target}`)
  );
}

/** One cycle of each module that imports itself by way of others: `a.ts -> b.ts -> a.ts`. */
export function importCycles(imports: Imports): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  function visit(path: string): void {
    const start = way.indexOf(path);
    if (start >= 0) cycles.push([...way.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    way.push(path);
    for (const target of imports.get(path) ?? []) visit(target);
    way.pop();
    done.add(path);
  }
  for (const path of imports.keys()) visit(path);
  return cycles;
}
