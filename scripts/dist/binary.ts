// The command line as one program: `deno compile` of the modules, the pages of the viewers, the photo decoder and the native
// libraries.

import { copy, ensureDir, walk } from "@std/fs";
import { dirname, join, relative } from "@std/path";
import { ROOMS } from "../rooms.ts";

/** Rooms that no verb of cli.ts needs. */
const LEFT_OUT = ["full_eval.ts", "scripts", "tests"];

/** What no module imports by a name that Deno sees: workers, programs of other processes, and files of the pages. */
const INCLUDED = ["demo/photo_worker.ts", "load/splat_library_process.ts", "view/page", "base", "build"];

/** What the pages load of npm, by the import map. */
export const UPLOT = "uplot";

/** Any files: a program is where its user puts it, and it unpacks its native code where it can. */
const PERMISSIONS = ["read", "write", "env", "sys", "net", "run", "ffi"].map((name) => `--allow-${name}`);

/**
 * Compiles the program. Deno downloads its runtime from its own server, unless `DENORT_BIN` names the file.
 *
 * @param root The checkout
 * @param libraries Folder of the native libraries
 * @param target The file to write
 * @returns What Deno lists as embedded
 */
export async function compileBinary(root: string, libraries: string, target: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "tame_binary_" });
  try {
    for (const room of ROOMS.filter((name) => !LEFT_OUT.includes(name))) {
      await copy(join(root, room), join(folder, room));
    }
    for (const file of ["deno.json", "deno.lock"]) await copy(join(root, file), join(folder, file));
    for await (const { path } of walk(libraries, { includeDirs: false, exts: [".so"] })) {
      const to = join(folder, "build", relative(libraries, path));
      await ensureDir(dirname(to));
      await Deno.copyFile(path, to);
    }
    const { imports }: { imports: Record<string, string> } = JSON.parse(
      await Deno.readTextFile(join(root, "deno.json")),
    );
    const args = [
      ...[
        "compile",
        "--frozen",
        "--no-check",
        "--no-prompt",
        "--node-modules-dir=none",
        "--exclude-unused-npm",
        "--self-extracting",
      ],
      ...PERMISSIONS,
      ...[...INCLUDED, imports[UPLOT]].map((path) => `--include=${path}`),
      ...["--output", target, "cli.ts"],
    ];
    await ensureDir(dirname(target));
    const env = { NO_COLOR: "1" };
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder, env }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new Error(`deno compile failed:\n${text}`);
    return text;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
