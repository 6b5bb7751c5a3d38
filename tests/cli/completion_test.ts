// The scripts that complete commands: bash's is driven as bash drives it, the others are checked and complete.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { bashScript } from "../../cli/completion/bash.ts";
import { COMMANDS, flagsOf } from "../../cli/completion/command.ts";
import { fishScript } from "../../cli/completion/fish.ts";
import { zshScript } from "../../cli/completion/zsh.ts";
import manifest from "../../deno.json" with { type: "json" };
import { ended, start } from "../support/process.ts";

const VERBS = COMMANDS.filter(({ isVerb }) => isVerb).map(({ name }) => name);

/** Why a shell cannot be run here; undefined if it can. */
function shellMissing(shell: string): string | undefined {
  try {
    new Deno.Command(shell, { args: ["-c", "exit"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return `needs ${shell}`;
  }
}

function shellTest(name: string, shell: string, body: () => Promise<void>): void {
  const reason = shellMissing(shell);
  Deno.test({
    name: reason === undefined ? name : `${name} [skipped: ${reason}]`,
    ignore: reason !== undefined,
    fn: body,
  });
}

/** Runs a program in bash, after `before` and the script. */
async function bash(program: string, { before = "", cwd }: { before?: string; cwd?: string } = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["--norc", "-c", `${before}\n${bashScript(COMMANDS)}\n${program}`],
    cwd,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([success, err], [true, ""]);
  return out;
}

/** What bash suggests for the last of some words, which it has split as readline does. */
async function suggestions(words: string[], settings: { before?: string; cwd?: string } = {}): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const [current, previous] = [words.length - 1, words.length - 2].map((index) => `'${words[index]}'`);
  const program = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; COMPREPLY=()
    [[ $(complete -p ${words[0]}) =~ -F\\ ([^ ]+) ]]
    "\${BASH_REMATCH[1]}" ${words[0]} ${current} ${previous}
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await bash(program, settings)).split("\n").filter((line) => line !== "");
}

/** Ways to start a command that bash completes. */
const DOORS = { "tame": ["tame"], "deno task": ["deno", "task"] };

shellTest("bash completes the verbs of tame", "bash", async () => {
  assertEquals(await suggestions(["tame", ""]), [...VERBS, "--help", "--version"]);
  assertEquals(await suggestions(["tame", "tr"]), ["train"]);
});

for (const [door, words] of Object.entries(DOORS)) {
  shellTest(`bash completes the options of a verb after ${door}`, "bash", async () => {
    for (const { name, rows } of COMMANDS) {
      if (door === "tame" && !VERBS.includes(name)) continue;
      assertEquals(await suggestions([...words, name, "-"]), [...rows.flatMap(flagsOf), "--help"], name);
    }
    assertEquals(await suggestions([...words, "train", "--eval", "--densify_f"]), ["--densify_from_iter"]);
    assertEquals(await suggestions([...words, "train", "--densify-f"]), ["--densify_from_iter"], "spelled with dashes");
  });

  shellTest(`bash completes the choices of an option after ${door}`, "bash", async () => {
    assertEquals(await suggestions([...words, "train", "--backend", ""]), ["auto", "cuda", "cpu"]);
    assertEquals(await suggestions([...words, "train", "--backend", "c"]), ["cuda", "cpu"]);
    assertEquals(await suggestions([...words, "info", "--data-device", "d"]), ["disk"], "spelled with dashes");
    assertEquals(await suggestions([...words, "view", "--form", "="]), ["ply", "sog"], "--form=");
    assertEquals(await suggestions([...words, "view", "--form", "=", "s"]), ["sog"], "--form=s");
    assertEquals(await suggestions([...words, "completion", ""]), ["bash", "zsh", "fish"]);
  });

  shellTest(`bash completes what follows a value after ${door}`, "bash", async () => {
    assertEquals(await suggestions([...words, "train", "--backend", "cpu", "--sou"]), ["--source_path"]);
    assertEquals((await suggestions([...words, "train", "--backend", "cpu", ""]))[0], "-s", "no argument but options");
    assertEquals(await suggestions([...words, "train", "--iterations", ""]), [], "a number");
    assertEquals(await suggestions([...words, "train", "--iterations", "-1", "--sou"]), ["--source_path"]);
    assertEquals(
      await suggestions([...words, "train", "--test_iterations", "-1", ""]),
      [],
      "one more number of a list",
    );
  });
}

shellTest("bash completes paths of options and arguments that are paths", "bash", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    for (const name of ["one file.ply", "other.ply", "third.zip"]) await Deno.writeTextFile(join(cwd, name), "");
    const both = ["one file.ply", "other.ply"];
    const sorted = async (...words: string[]) => (await suggestions(words, { cwd })).toSorted();
    assertEquals(await sorted("tame", "train", "-s", "o"), both);
    assertEquals(await sorted("tame", "train", "-s", "third.zip", "--model_path", "o"), both);
    assertEquals(await sorted("tame", "metrics", "-m", "third.zip", "o"), both, "one more of a list");
    assertEquals(await sorted("tame", "metrics", "-m", "=", "o"), both, "-m=o");
    assertEquals(await sorted("tame", "metrics", "-m", "=", "third.zip", "o"), [], "-m=third.zip is the whole list");
    assertEquals(await sorted("tame", "info", "--backend", "cpu", "o"), both, "an argument");
    assertEquals(await sorted("deno", "task", "convert", ""), [...both, "third.zip", "lpips"].toSorted());
    assertEquals(await sorted("tame", "train", "--backend", "o"), [], "no path");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

shellTest("bash leaves other command lines of deno to what completed them before", "bash", async () => {
  const before = '_theirs() { COMPREPLY=(theirs "$@"); }; complete -F _theirs deno';
  for (
    const words of [["deno", "ru"], ["deno", "task", "tr"], ["deno", "task", "test", "-"], [
      "deno",
      "run",
      "train",
      "-",
    ]]
  ) {
    assertEquals(await suggestions(words), [], words.join(" "));
    assertEquals((await suggestions(words, { before }))[0], "theirs", words.join(" "));
  }
  assertEquals(await suggestions(["deno", "task", "view", "--form", "p"], { before }), ["ply"]);
  assertEquals(
    (await suggestions(["deno", "ru"], { before: `${before}\n${bashScript(COMMANDS)}` }))[0],
    "theirs",
    "twice",
  );
});

for (const [shell, script] of [["zsh", zshScript(COMMANDS)], ["fish", fishScript(COMMANDS)]] as const) {
  Deno.test(`the script for ${shell} has every verb, option and choice`, () => {
    for (const { name, rows } of COMMANDS) {
      assertStringIncludes(script, name);
      for (const row of rows) {
        const [short, long] = [row.short ?? "", row.name];
        const flags = shell === "zsh"
          ? [`--${long}`, `-${short}`]
          : [`-l ${long} `, `-${short.length > 1 ? "o" : "s"} ${short} `];
        for (const flag of row.short === undefined ? flags.slice(0, 1) : flags) {
          assertStringIncludes(script, flag, name);
        }
        if (row.choices !== undefined) assertStringIncludes(script, row.choices.join(" "));
      }
    }
  });

  shellTest(`the script for ${shell} is valid`, shell, async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, script);
      const { success, stderr } = await new Deno.Command(shell, { args: ["-n", path] }).output();
      assert(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(path);
    }
  });
}

shellTest("fish suggests verbs, options and choices", "fish", async () => {
  const suggested = async (line: string): Promise<string[]> => {
    const args = ["--no-config", "-c", `${fishScript(COMMANDS)}\ncomplete -C '${line}'`];
    const { stdout } = await new Deno.Command("fish", { args }).output();
    return new TextDecoder().decode(stdout).trim().split("\n").map((suggestion) => suggestion.split("\t")[0]);
  };
  assertEquals(await suggested("tame tra"), ["train"]);
  assertEquals(await suggested("tame train --densify_f"), ["--densify_from_iter"]);
  assertEquals((await suggested("deno task train --backend ")).toSorted(), ["auto", "cpu", "cuda"]);
});

Deno.test("every command that is completed has a task", () => {
  for (const { name } of COMMANDS) assert(name in manifest.tasks, name);
});

Deno.test("tame completion prints a script without permissions, and names the shells", async () => {
  const run = (...args: string[]) => ended(start("cli.ts", ["completion", ...args], { flags: [] }));
  assertEquals(await run("bash"), { code: 0, stdout: bashScript(COMMANDS), stderr: "" });
  assertStringIncludes((await run("--help")).stdout, "Usage:   deno task completion bash|zsh|fish");
  const missing = await run();
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.stderr, "Error: Missing argument: the shell, bash, zsh or fish\n");
  assertStringIncludes((await run("fisch")).stderr, 'Error: Unknown shell "fisch": did you mean "fish"?\n');
});
