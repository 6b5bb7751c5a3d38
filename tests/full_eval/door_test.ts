// full_eval.ts as a user starts it: help, permissions, wrong options, the dry run.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { FULL_EVAL_OPTIONS } from "../../cli/options.ts";
import { rowsOf } from "../../cli/option.ts";
import { type Ended, ended, ROOT, start } from "../support/process.ts";

async function fullEval(args: string[], permissions: string[]): Promise<Ended> {
  return await ended(start("full_eval.ts", args, { flags: permissions, env: { INIT_CWD: ROOT } }));
}

Deno.test("full_eval.ts --help needs no permission and lists every option", async () => {
  const { code, stdout, stderr } = await fullEval(["--help"], []);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "Usage:   deno task full-eval");
  for (const { name } of rowsOf(FULL_EVAL_OPTIONS)) assertStringIncludes(stdout, `--${name}`);
});

Deno.test("full_eval.ts prints a command with the permissions when it has none, and that command works", async () => {
  const { code, stderr } = await fullEval(["-m360", "my scenes", "--dry_run"], []);
  assertEquals(code, 2);
  const command = /^ {2}(deno run .*)$/m.exec(stderr)![1];
  assertMatch(command, /--allow-run .*full_eval\.ts -m360 'my scenes' --dry_run$/);
  const line = command.replace(/^deno/, `'${Deno.execPath()}'`);
  const again = await ended(new Deno.Command("sh", { args: ["-c", line], stdout: "piped", stderr: "piped" }).spawn());
  assertEquals(again.code, 0, again.stderr);
});

Deno.test("full_eval.ts -P has its permissions, and the dry run prints all commands in order", async () => {
  const args = ["-m360", "data/360", "-db", "/data/db", "--scenes", "room", "playroom", "--gpus", "2", "--dry_run"];
  const { code, stdout, stderr } = await fullEval(args, ["-P"]);
  assertEquals(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  const verbs = lines.map((line) => /cli\.ts (\w+) .*\/(\w+)_big/.exec(line)?.slice(1).join(" "));
  assertEquals(verbs, ["train", "render", "metrics"].flatMap((verb) => [`${verb} room`, `${verb} playroom`]));
  assertStringIncludes(lines[0], `-s ${join(ROOT, "data/360/room")} `);
  assert(lines.every((line) => line.startsWith("deno run ") && line.endsWith("--device 2")));
});

Deno.test("full_eval.ts exits with 2 when options are wrong", async () => {
  const wrong: [string[], string][] = [
    [["--mod", "big"], 'did you mean "--mode"?'],
    [[], "No scenes"],
    [["-db", "x", "--gpus", "1", "1"], "names a GPU twice"],
    [["-db", "x", "--backend", "cpu", "--gpus", "0", "1"], "contradict each other"],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await fullEval(args, ["-A"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, "Options: deno task full-eval --help");
  }
});
