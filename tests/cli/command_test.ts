// The program as a user starts it: help, exit codes, and error messages.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Ended, ended, ROOT, start } from "../support/process.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi=build,node_modules"];

function tame(args: string[], flags: string[] = PERMISSIONS): Promise<Ended> {
  return ended(start("cli.ts", args, { flags, env: { INIT_CWD: ROOT } }));
}

Deno.test("tame --help and --version need no permission", async () => {
  const help = await tame(["--help"], []);
  assertEquals(help.code, 0, help.stderr);
  for (const verb of ["train", "render", "metrics", "export", "info", "doctor", "demo"]) {
    assertStringIncludes(help.stdout, verb);
  }
  const version = await tame(["--version"], []);
  assertEquals(version.code, 0);
  assert(/^tame \d+\.\d+\.\d+\n$/.test(version.stdout));
  assertEquals((await tame([])).code, 2);
});

Deno.test("tame VERB --help prints usage and an example without permissions", async () => {
  for (const verb of ["train", "render", "metrics", "export", "info", "doctor"]) {
    const { code, stdout, stderr } = await tame([verb, "--help"], []);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, `Usage:   deno task ${verb}`);
    assertStringIncludes(stdout, "Example: deno task");
  }
  const asked = await tame(["help", "view"], []);
  assertStringIncludes(asked.stdout, "Usage:   deno task view");
});

Deno.test("tame names the nearest verb when one is unknown", async () => {
  const { code, stderr } = await tame(["trian"]);
  assertEquals(code, 2);
  assertEquals(stderr, `Error: Unknown verb "trian": did you mean "train"?\n`);
});

Deno.test("tame train names the nearest option when one is unknown", async () => {
  const { code, stdout, stderr } = await tame(["train", "--iteratons", "5"]);
  assertEquals(code, 2);
  assertEquals(stdout, "");
  assertStringIncludes(stderr, `Error: Unknown option "--iteratons": did you mean "--iterations"?\n`);
  assertStringIncludes(stderr, "deno task train --help");
});

Deno.test("tame train exits with 2 when no capture is named, or options contradict each other", async () => {
  const nothing = await tame(["train"]);
  assertEquals(nothing.code, 2);
  assertStringIncludes(nothing.stderr, "Missing --source_path");
  const contradiction = await tame(["train", "-s", "x", "--position_lr_init", "0"]);
  assertEquals(contradiction.code, 2);
  assertStringIncludes(contradiction.stderr, "--position_lr_final");
});

Deno.test("tame train exits with 3 when the capture does not exist", async () => {
  const { code, stderr } = await tame(["train", "-s", "no/such/capture", "-m", "never_written", "--backend", "cpu"]);
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "Error: No such file or folder (");
  assertStringIncludes(stderr, "no/such/capture");
  assert(!stderr.includes("    at "), stderr);
});

Deno.test("tame exits with 4 when the requested backend has no library", async () => {
  const env = { TAME_LIBRARY: "/nonexistent/libtame_cpu.so" };
  const { code, stderr } = await ended(start("cli.ts", ["train", "-s", "x", "--backend", "cpu"], { env }));
  assertEquals(code, 4, stderr);
  assertStringIncludes(stderr, "/nonexistent/libtame_cpu.so");
});

Deno.test("tame resolves a relative TAME_LIBRARY against the user's folder, and then suggests no task", async () => {
  const env = { TAME_LIBRARY: "lib/mine.so", INIT_CWD: "/home/somebody" };
  const run = async (flags: string[]): Promise<string> =>
    (await ended(start("cli.ts", ["train", "-s", "x"], { env, flags }))).stderr;
  assertStringIncludes(await run(["-A"]), "/home/somebody/lib/mine.so");
  const advice = await run(["--allow-read", "--allow-env"]);
  assertStringIncludes(advice, `--allow-ffi=/home/somebody/lib/mine.so,${ROOT}node_modules`);
  assert(!advice.includes("deno task"), advice);
});

Deno.test("tame prints a command with the permissions when some are missing", async () => {
  const { code, stderr } = await tame(["train", "-s", "my capture"], ["--allow-read"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "without Deno's permission for env, sys, ffi, write");
  assertStringIncludes(
    stderr,
    `deno run --allow-read --allow-write --allow-env --allow-sys --allow-ffi=${ROOT}build,${ROOT}node_modules ` +
      `${ROOT}cli.ts train -s 'my capture'`,
  );
  assertStringIncludes(stderr, "deno task train -s 'my capture'");
});

Deno.test("tame export and train --export say before they begin that they may not start the conversion library", async () => {
  for (const args of [["export", "a.ply", "-o", "b.spz"], ["train", "-s", "a", "--export", "html"]]) {
    const { code, stderr } = await tame(args, PERMISSIONS);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "without Deno's permission for run");
    assertStringIncludes(stderr, `--allow-run=${Deno.execPath()} `);
  }
});

Deno.test("tame suggests a task only if that may start the program", async () => {
  for (const [program, told] of [["colmap", true], ["/opt/colmap", false]] as const) {
    const { code, stderr } = await tame(["convert", "photos", "--colmap_executable", program], PERMISSIONS);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `--allow-run=${program} `);
    assertEquals(stderr.includes("or shorter:\n\n  deno task convert photos"), told, stderr);
  }
});

Deno.test("tame doctor exits with 0 when some backend can be used, else with 4", async () => {
  const { code, stdout, stderr } = await tame(["doctor", "--json"]);
  const { usable, libraries, photos } = JSON.parse(stdout);
  assertEquals(code, usable.length > 0 ? 0 : 4, stderr);
  assertEquals(libraries.map(({ backend }: { backend: string }) => backend), ["cuda", "cpu"]);
  assertEquals(photos.problem, undefined);
});
