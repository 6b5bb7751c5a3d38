// tame.config.json in a capture: which options hold, what a capture cannot set, and when the file is read.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parse } from "../../cli/argv.ts";
import { withCaptureConfig } from "../../cli/config.ts";
import { UsageError } from "../../cli/errors.ts";
import { EXIT } from "../../cli/exit.ts";
import { INFO_OPTIONS, TRAIN_OPTIONS } from "../../cli/options.ts";
import { CAPTURE_CONFIG } from "../../load/nested_folders.ts";
import { withFolder } from "../load/fixtures.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

/** Writes the file of a capture; resolves to its path. */
async function write(capture: string, content: unknown): Promise<string> {
  const path = join(capture, CAPTURE_CONFIG);
  await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

Deno.test("withCaptureConfig() prefers the command line, then the file, then presets, then defaults", async () => {
  await withFolder(async (folder) => {
    const path = await write(folder, {
      "$schema": "tame.config.schema.json",
      preset: "budget",
      "densification-interval": 250,
      test_iterations: 7,
      memory_limit: "1G",
      sh_degree: null,
      init: "all points.ply",
    });
    const read = async (argv: string) =>
      (await withCaptureConfig(parse(argv.split(" "), TRAIN_OPTIONS), folder)).parsed;
    const { values, given } = await read("-s capture --test_iterations 9");
    assertEquals([values.preset, values.densification_interval, values.sh_degree], ["budget", 250, 3]);
    assertEquals([values.test_iterations, values.memory_limit], [[9], 2 ** 30]);
    assertEquals(values.init, join(folder, "all points.ply"));
    assertEquals([given.has("densification_interval"), given.has("sh_degree")], [true, false]);
    // A preset on the command line takes the place of what the file says of its options.
    assertEquals((await read("-s capture --preset big --budget 9")).values.densification_interval, 100);

    const { parsed, notice } = await withCaptureConfig(parse(["--budget", "3"], INFO_OPTIONS), folder);
    assertEquals([parsed.values.densification_interval, "test_iterations" in parsed.values], [250, false]);
    assertEquals(
      notice,
      `Options from ${path}: --preset=budget --densification_interval=250 '--init=${join(folder, "all points.ply")}'`,
    );
  });
});

Deno.test("withCaptureConfig() reads nothing where there is no file, and says when no option of one is left", async () => {
  await withFolder(async (folder) => {
    const parsed = parse(["--budget", "3"], TRAIN_OPTIONS);
    assertEquals(await withCaptureConfig(parsed, folder), { parsed });
    const path = await write(folder, { budget: 4 });
    const read = await withCaptureConfig(parsed, folder);
    assertEquals([read.parsed.values.budget, read.notice], [3, `Options from ${path}: none that apply`]);
  });
});

Deno.test("withCaptureConfig() names file and key of what it rejects", async () => {
  await withFolder(async (folder) => {
    const contents: [content: unknown, words: string][] = [
      [{ iteration: 5 }, 'Unknown option "iteration" in FILE: did you mean "iterations"?'],
      [{ max_steps: 5 }, 'Unknown option "max_steps" in FILE: use --iterations N'],
      [{ options: { iterations: 5 } }, 'Unknown option "options" in FILE'],
      [{ "$schema": 5 }, 'Unknown option "$schema" in FILE'],
      [{ iterations: 0 }, 'Cannot use 0 as "iterations" in FILE: it takes an integer from 1 to 2^32 - 1'],
      [{ iterations: "5" }, 'Cannot use "5" as "iterations" in FILE: it takes an integer'],
      [
        { memory_limit: "5X" },
        'Cannot use "5X" as "memory_limit" in FILE: it takes a number of bytes, 0 or more, such as',
      ],
      [{ test_iterations: [1, 2.5] }, 'Cannot use [1,2.5] as "test_iterations" in FILE: it takes one or more integers'],
      [{ debug: true }, 'Cannot use true as "debug" in FILE: every native call is checked already'],
      [{ "model-path": "/home" }, 'Cannot use "model-path" in FILE: a capture may come from anywhere.'],
      [{ allow_outside: true }, 'Cannot use "allow_outside" in FILE: a capture may come from anywhere.'],
      [{ init: "../../etc/passwd" }, 'Cannot use "../../etc/passwd" as "init" in FILE: it is outside the capture.'],
      [{ images: "../photos" }, 'Cannot use "../photos" as "images" in FILE: it is outside the capture.'],
    ];
    for (const [content, words] of contents) {
      const path = await write(folder, content);
      const read = () => withCaptureConfig(parse([], TRAIN_OPTIONS), folder);
      const error = await assertRejects(read, UsageError);
      assertStringIncludes(error.message, words.replace("FILE", path));
    }
  });
});

workflowTest("train reads a capture's options unless --config is given or a checkpoint goes on", async (folder) => {
  const capture = join(folder, "capture");
  const tame = (args: string) => ended(start(`train -s capture --backend cpu ${args}`.split(" "), folder));
  const path = await write(capture, { iterations: 12, checkpoint_iterations: [8], budget: 1, sh_degree: 1 });
  const first = await tame("-m out --sh_degree 0 --json");
  assertEquals(first.code, EXIT.done, first.stderr);
  const message = `Options from ${path}: --iterations=12 --checkpoint_iterations=8 --budget=1`;
  assertStringIncludes(first.stderr, `${message}\n`);
  const [notice, plan] = first.stdout.split("\n", 2).map((line) => JSON.parse(line));
  assertEquals([notice, plan.iterations], [{ type: "notice", message }, 12]);
  const { options } = JSON.parse(await Deno.readTextFile(join(folder, "out", "config.json")));
  assertEquals([options.iterations, options.sh_degree], [12, 0]);

  // A file that cannot be used is an error where it is read, and nothing elsewhere.
  await write(capture, { iteration: 12 });
  const fresh = await tame("-m fresh --resume");
  assertEquals(fresh.code, EXIT.usage);
  assertStringIncludes(fresh.stderr, `Unknown option "iteration" in ${path}: did you mean "iterations"?`);
  const resumed = await tame("-m out --resume");
  assertEquals(resumed.code, EXIT.done, resumed.stderr);
  assertStringIncludes(resumed.stdout, "8 of 12 iterations are done");
  const repeated = await tame("-m again --config out/config.json --quiet");
  assertEquals(repeated.code, EXIT.done, repeated.stderr);
});
