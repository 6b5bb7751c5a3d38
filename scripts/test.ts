// Runs everything that this machine can test: formatting, lint, types and documentation; the native core's own test
// program; Deno's tests with the examples in the documentation. Builds nothing (`make test` does that first). Lists
// what was skipped and why, and ends with one line: N passed, N failed, N skipped.

import { existsSync, walk } from "@std/fs";
import { fromFileUrl, join, relative } from "@std/path";
import { checkNativeFormat } from "./native_format.ts";
import { LIBRARY_ROOMS } from "./rooms.ts";
import { coreTally, type Outcome, readJunit } from "./test_report.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
/** Modules whose examples are tested. */
const DOCUMENTED = ["mod.ts", ...LIBRARY_ROOMS];

const CHECKS: [name: string, args: string[]][] = [
  ["deno fmt --check", ["fmt", "--check"]],
  ["deno lint", ["lint"]],
  ["deno check", ["check"]],
  ["deno doc --lint mod.ts", ["doc", "--lint", "mod.ts"]],
];

/** Runs a program in the checkout, its output passed through or captured. */
async function spawn(program: string, args: string[], output: "inherit" | "piped"): Promise<Deno.CommandOutput> {
  const command = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { INIT_CWD: ROOT, DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: output,
    stderr: output,
  });
  const child = command.spawn();
  if (output === "piped") return await child.output();
  const status = await child.status;
  return { ...status, stdout: new Uint8Array(), stderr: new Uint8Array() };
}

/** One outcome a check; the output is shown only when it fails. */
async function runChecks(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [name, args] of CHECKS) {
    const { success, stdout, stderr } = await spawn(Deno.execPath(), args, "piped");
    if (!success) show(stdout, stderr);
    console.log(`${name} ... ${success ? "ok" : "FAILED"}`);
    outcomes.push({ name, result: success ? "passed" : "failed" });
  }
  const { output, ...native } = await checkNativeFormat();
  if (native.result === "failed") console.log(output.trimEnd());
  console.log(`${native.name} ... ${{ passed: "ok", failed: "FAILED", skipped: "skipped" }[native.result]}`);
  return [...outcomes, native];
}

/** The native core's test program, if it was built. */
async function runCore(): Promise<Outcome[]> {
  const name = "build/core_test";
  const program = join(ROOT, name);
  if (!existsSync(program)) return [{ name, result: "skipped", reason: "not built: run make build" }];
  const { success, stdout, stderr } = await spawn(program, [], "piped");
  show(stdout, stderr);
  return coreTally(name, new TextDecoder().decode(stdout), success);
}

/** Deno's tests, counted from the report that deno writes beside its own output. */
async function runDeno(): Promise<Outcome[]> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const paths = [...await testFiles(), ...DOCUMENTED.filter((path) => existsSync(join(ROOT, path)))];
    const { success } = await spawn(
      Deno.execPath(),
      ["test", "-A", "--doc", `--junit-path=${report}`, ...paths],
      "inherit",
    );
    const outcomes = readJunit(await Deno.readTextFile(report), ROOT);
    const explained = outcomes.some(({ result }) => result === "failed");
    return success || explained ? outcomes : [...outcomes, { name: "deno test", result: "failed" }];
  } finally {
    await Deno.remove(report);
  }
}

/** All files of tests, by name: of a folder with a member of a workspace deno would take that member alone. */
async function testFiles(): Promise<string[]> {
  const files = walk(join(ROOT, "tests"), { includeDirs: false, match: [/_test\.ts$/] });
  return (await Array.fromAsync(files, ({ path }) => relative(ROOT, path))).sort();
}

function show(stdout: Uint8Array, stderr: Uint8Array): void {
  const decoder = new TextDecoder();
  for (const text of [decoder.decode(stdout), decoder.decode(stderr)]) {
    if (text.trim() !== "") console.log(text.trimEnd());
  }
}

const outcomes = [...await runChecks(), ...await runCore(), ...await runDeno()];
const of = (result: Outcome["result"]): Outcome[] => outcomes.filter((outcome) => outcome.result === result);
for (const { name, reason } of of("skipped")) console.log(`skipped: ${name} (${reason})`);
for (const { name } of of("failed")) console.log(`failed: ${name}`);
console.log(`${of("passed").length} passed, ${of("failed").length} failed, ${of("skipped").length} skipped`);
Deno.exit(of("failed").length > 0 ? 1 : 0);
