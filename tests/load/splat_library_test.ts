// The process of the conversion library: what it may read, and how it ends when its input fails or it is aborted.

import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { runSplatJob, type SplatJob } from "../../load/splat_library.ts";
import { someSplats, splatLibraryMissing, splatsPly } from "../support/splat_files.ts";
import { withFolder } from "./fixtures.ts";

const FROM_PLY: SplatJob = { input: "ply", output: "ply" };

/** A test that fails if a process is left, and is skipped by name where the library is not there. */
function libraryTest(name: string, body: () => Promise<void>): void {
  const skipped = splatLibraryMissing === undefined ? "" : ` [skipped: ${splatLibraryMissing}]`;
  Deno.test({ name: name + skipped, ignore: skipped !== "", sanitizeOps: true, sanitizeResources: true, fn: body });
}

libraryTest("the process reads its file, also by a link; a comma in its path is an error", async () => {
  await withFolder(async (folder) => {
    const [path, link, comma] = ["a b.ply", "link.ply", "a,b.ply"].map((name) => join(folder, name));
    await Deno.writeFile(path, splatsPly(someSplats(4, 0)));
    await Deno.symlink(path, link);
    for (const read of [path, link]) assertEquals((await runSplatJob({ ...FROM_PLY, path: read })).count, 4);
    const message = "A path with a comma cannot be given to the conversion";
    await assertRejects(() => runSplatJob({ ...FROM_PLY, path: comma }), DataError, message);
  });
});

libraryTest("the process ends when its input fails", async () => {
  function* parts(): Iterable<Uint8Array> {
    yield new TextEncoder().encode("ply\n");
    throw new Error("no more Gaussians");
  }
  await assertRejects(() => runSplatJob(FROM_PLY, { parts: parts() }), Error, "no more Gaussians");
});

libraryTest("the process ends when its signal fires before it starts", async () => {
  let sent = 0;
  function* parts(): Iterable<Uint8Array> {
    for (; sent < 2000; sent++) yield new Uint8Array(65_536);
  }
  const controller = new AbortController();
  const job = runSplatJob(FROM_PLY, { parts: parts(), signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => job, Error, "enough");
  assertLess(sent, 100);
});

libraryTest("a signal that fires after the process ended does no harm", async () => {
  const controller = new AbortController();
  async function* parts(): AsyncIterable<Uint8Array> {
    try {
      while (true) {
        yield new Uint8Array(65_536);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally { // the process reads no more
      await new Promise((resolve) => setTimeout(resolve, 200));
      controller.abort(new Error("too late"));
    }
  }
  const job = { ...FROM_PLY, path: "/missing.ply" };
  await assertRejects(() => runSplatJob(job, { parts: parts(), signal: controller.signal }), Error, "too late");
});

Deno.test("without deno on the PATH, as beside a program of deno compile, the error says what is missing", async () => {
  const module = new URL("../../load/splat_library.ts", import.meta.url).href;
  const source = `import { runSplatJob } from "${module}";
    try { await runSplatJob({ input: "ply", output: "ply" }); } catch (error) { console.log((error as Error).message); }`;
  await withFolder(async (folder) => {
    const [program, named] = ["program.ts", "deno"].map((name) => join(folder, name));
    await Deno.writeTextFile(program, source);
    // There has to be a file for the permission; without its interpreter it cannot be found either.
    await Deno.writeTextFile(named, "#!/nowhere/deno\n", { mode: 0o755 });
    const granted = ["--allow-read", "--allow-env", "--allow-run=deno"];
    const args = ["run", "--quiet", "--no-prompt", "--no-lock", ...granted, program];
    const env = { PATH: folder };
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertStringIncludes(text, "which Deno runs: put deno on the PATH");
  });
});
