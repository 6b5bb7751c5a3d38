// Examples of the pages are run as a reader would: TypeScript with the permissions that the pages name, commands from a
// folder that holds the capture, C with the compiler.

import { assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "@std/fs";
import { join, toFileUrl } from "@std/path";
import { writeCapture } from "../../demo/capture.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { ROOT } from "../support/process.ts";
import { splatLibraryMissing } from "../support/splat_files.ts";
import { commands, fenced, GUIDE, page, RUN } from "./markdown.ts";

const NATIVE_CODE = [join(ROOT, "build"), join(ROOT, "node_modules"), Deno.env.get("TAME_LIBRARY")]
  .filter((path) => path !== undefined);

const CONFIG = `--config=${join(ROOT, "deno.json")}`;

/** Runs a program in a folder and asserts that it succeeds; resolves to its standard output. */
async function succeed(program: string, args: string[], folder: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, `${program} ${args.join(" ")}\n${out}${err}`);
  return out;
}

/** Writes the TypeScript examples of pages as files of a folder; there is at least one. */
async function writeExamples(pages: readonly string[], folder: string): Promise<string[]> {
  const programs = pages.flatMap((path) => fenced(page(path), "ts"));
  assertEquals(programs.length > 0, true);
  const library = JSON.stringify(toFileUrl(join(ROOT, "mod.ts")));
  return await Promise.all(programs.map(async (program, i) => {
    const file = join(folder, `example${i}.ts`);
    await Deno.writeTextFile(file, program.replaceAll('"./mod.ts"', library));
    return file;
  }));
}

/** A test in a temporary folder that holds the capture which the pages call path/to/capture. */
function exampleTest(name: string, body: (folder: string) => Promise<void>, reason = libraryMissing): void {
  Deno.test({
    name: reason === undefined ? name : `${name} [skipped: ${reason}]`,
    ignore: reason !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "tame_docs_" });
      try {
        await writeCapture(join(folder, "path", "to", "capture"), { views: 9, width: 48, height: 36 });
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

for (const [title, pages] of [["README.md", ["README.md"]], ["the guide", GUIDE]] as const) {
  exampleTest(`TypeScript examples of ${title} have no type error, and run one after another`, async (folder) => {
    const files = await writeExamples(pages, folder);
    // All at once: types of the library are then checked once.
    await succeed(Deno.execPath(), ["check", CONFIG, ...files], folder);
    for (const file of files) {
      await succeed(Deno.execPath(), [
        "run",
        "--no-prompt",
        CONFIG,
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-sys",
        `--allow-ffi=${NATIVE_CODE.join(",")}`,
        file,
      ], folder);
    }
  });

  exampleTest(`deno tasks of ${title} run in their order`, async (folder) => {
    // An export would download its library.
    const run = pages.flatMap((path) => fenced(page(path), "sh")).flatMap(commands)
      .filter((line) => RUN.test(line) && (splatLibraryMissing === undefined || !/^deno task export\b/.test(line)));
    assertEquals(run.length >= 4, true);
    for (const command of run) {
      const args = command.replace(/ > \S+$/, "").split(/\s+/).slice(2);
      // Without a number of iterations a run takes the default 30 000.
      const brief = args[0] === "train" && !/--iterations|--config/.test(command) ? ["--iterations", "20"] : [];
      await succeed(Deno.execPath(), ["task", CONFIG, ...args, ...brief], folder);
    }
  });
}

exampleTest(
  "the C example of docs/abi.md compiles without a warning and prints what the page says",
  async (folder) => {
    const [source] = fenced(page("docs/abi.md"), "c");
    const [compile, run] = fenced(page("docs/abi.md"), "sh").flatMap(commands);
    await Deno.writeTextFile(join(folder, "render.c"), source);
    await Deno.symlink(join(ROOT, "cuda"), join(folder, "cuda"));
    await Deno.symlink(join(ROOT, "build"), join(folder, "build"));
    await succeed("sh", ["-c", compile.replace("-pedantic", "-pedantic -Werror")], folder);
    const printed = /It prints `(.+)`/.exec(page("docs/abi.md"));
    assertEquals(await succeed("sh", ["-c", run], folder), `${printed?.[1]}\n`);
  },
  testBackend === "cpu" && existsSync(join(ROOT, "build/libtame_cpu.so")) ? undefined : "no build/libtame_cpu.so",
);

exampleTest("deno task bench writes its numbers as JSON when asked to", async (folder) => {
  const report = join(folder, "bench.json");
  const args = ["-s", "path/to/capture", "--iterations", "3", "--json", "bench.json"];
  const table = await succeed(Deno.execPath(), ["task", CONFIG, "bench", ...args], folder);
  assertMatch(table, /training iteration +\d+ Gaussians +\d+\.\d\d/);
  const { machine, parts, training } = JSON.parse(await Deno.readTextFile(report));
  assertEquals(training.iterations, 3);
  assertEquals(typeof machine.cpu, "string");
  for (const { name, seconds, least, runs } of parts) {
    assertEquals(seconds >= least && least > 0 && runs > 0, true, `${name}: ${seconds} s, least ${least} s`);
  }
});
