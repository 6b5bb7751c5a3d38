// --resume and --start_checkpoint as a user gives them, and runs that are killed.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { killRuns } from "../../scripts/kill_check.ts";
import { eventsIn } from "../support/events.ts";
import { type Ended, ended } from "../support/process.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";
import { start, workflowTest } from "../support/workflow.ts";

/** A test with a capture in a temporary folder, and the command line there. */
function resumeTest(
  name: string,
  body: (folder: string, tame: (args: string) => Promise<Ended>) => Promise<void>,
): void {
  workflowTest(name, (folder) => body(folder, (args) => ended(start(args.split(" "), folder))));
}

const RUN = "train -s capture --backend cpu --eval --iterations 40 --budget 2 --densify_from_iter 5 " +
  "--densification_interval 10 --densify_until_iter 35";

/** The PLY of a run. */
function ply(folder: string, model: string): Promise<Uint8Array> {
  return Deno.readFile(join(folder, model, "point_cloud", "iteration_40", "point_cloud.ply"));
}

/** Iteration, loss, Gaussians and counts of all rows of the log. */
async function logOf(folder: string, model: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(folder, model, "train.csv"));
  return text.split("\n").map((line) => line.split(",").filter((_, i) => i !== 3 && i !== 4).join());
}

resumeTest("--resume goes on from the latest checkpoint with the options of its run", async (folder, tame) => {
  const whole = await tame(`${RUN} -m whole --checkpoint_iterations 12 20 31`);
  assertEquals(whole.code, EXIT.done, whole.stderr);
  assertStringIncludes(whole.stdout, "Checkpoints: about ");
  const checkpoints = join(folder, "whole", "checkpoints");
  const names = () => [...Deno.readDirSync(checkpoints)].map(({ name }) => name).sort();
  assertEquals(names(), ["iteration_20.tame", "iteration_31.tame"]);
  const expected = await ply(folder, "whole");
  const log = await logOf(folder, "whole");
  const config = JSON.parse(await Deno.readTextFile(join(folder, "whole", "config.json")));
  assertEquals(["resume" in config.options, "start_checkpoint" in config.options], [false, false]);

  await Deno.remove(join(folder, "whole", "point_cloud"), { recursive: true });
  const last = await tame("train -m whole --resume");
  assertEquals(last.code, EXIT.done, last.stderr);
  assertStringIncludes(last.stdout, `Resuming ${join(checkpoints, "iteration_31.tame")}: 31 of 40 iterations are done`);
  assertEquals(await ply(folder, "whole"), expected);
  assertEquals(await logOf(folder, "whole"), log);

  // The same command line again, with one checkpoint damaged.
  const bytes = await Deno.readFile(join(checkpoints, "iteration_31.tame"));
  bytes[bytes.length - 99] ^= 1;
  await Deno.writeFile(join(checkpoints, "iteration_31.tame"), bytes);
  const before = await tame(`${RUN} -m whole --resume --test_iterations 30`);
  assertEquals(before.code, EXIT.done, before.stderr);
  assertStringIncludes(before.stderr, "Warning: Checkpoint is damaged: the checksum of column ");
  assertStringIncludes(before.stdout, "20 of 40 iterations are done");
  assertStringIncludes(before.stdout, "Iteration 30, 2 test views");
  assertEquals(await ply(folder, "whole"), expected);

  const other = await tame(`train --start_checkpoint whole/checkpoints/iteration_20.tame -m other --json`);
  assertEquals(other.code, EXIT.done, other.stderr);
  const events = eventsIn(other.stdout);
  assertEquals([events[0].type, events[0].iteration, events.at(-1).iteration], ["plan", 20, 40]);
  assertEquals(await ply(folder, "other"), expected);
});

resumeTest("--resume without a checkpoint starts, and a run that is interrupted goes on", async (folder, tame) => {
  const begins = await tame(`${RUN} -m out --resume --checkpoint_seconds -1`);
  assertEquals(begins.code, EXIT.done, begins.stderr);
  assertStringIncludes(begins.stdout, `No checkpoint in ${join(folder, "out")}: training from the beginning`);
  assert(!begins.stdout.includes("Checkpoints: ") && !existsSync(join(folder, "out", "checkpoints")));
  const late = await tame(`${RUN} -m late --max_seconds 0.001`);
  assertEquals(late.code, EXIT.done, late.stderr);
  assertStringIncludes((await tame(`${RUN} -m late --max_seconds 0.001`)).stdout, "has checkpoints of an earlier run");
  const rest = await tame("train -m late --resume --max_seconds 1000");
  assertEquals(rest.code, EXIT.done, rest.stderr);
  assertEquals(await ply(folder, "late"), await ply(folder, "out"));
});

resumeTest("--resume and --start_checkpoint reject what does not fit", async (folder, tame) => {
  assertEquals((await tame(`${RUN} -m out --checkpoint_iterations 20`)).code, EXIT.done);
  const path = join(folder, "out", "checkpoints", "iteration_20.tame");
  const cases: [args: string, code: number, words: string][] = [
    [
      "train -m out --resume --iterations 60",
      EXIT.usage,
      `Cannot resume ${path} with 60 as --iterations: its run has 40`,
    ],
    ["train -m out --resume --strategy adc", EXIT.usage, "with adc as --strategy: its run has taming"],
    ["train -m out --resume --sh_degree 1", EXIT.usage, "with 1 as --sh_degree: its run has 3"],
    ["train -m out --resume --seed 4", EXIT.usage, "with 4 as --seed: its run has 0"],
    ["train -m out --resume -r 2", EXIT.usage, "with 2 as --resolution: its run has "],
    ["train --resume -s capture", EXIT.usage, "Missing --model_path"],
    [`train -m out --resume --start_checkpoint ${path}`, EXIT.usage, "Cannot use --resume with --start_checkpoint"],
    ["train -m out --start_checkpoint capture/images/photo0.png", EXIT.data, "Not a checkpoint of tame"],
    ["train -m out --start_checkpoint absent.tame", EXIT.data, "Checkpoint is missing"],
  ];
  for (const [args, code, words] of cases) {
    const result = await tame(args);
    assertEquals(result.code, code, `${args}: ${result.stderr}`);
    assertStringIncludes(result.stderr, words);
  }
  await writeTinyCapture(join(folder, "second"), { across: 10 });
  const foreign = await tame("train -m out --resume -s second");
  assertEquals(foreign.code, EXIT.data, foreign.stderr);
  assertStringIncludes(foreign.stderr, "Checkpoint is of another capture: it had 400 initial points, this one has 100");
  await Deno.truncate(path, 1000);
  const none = await tame("train -m out --resume");
  assertEquals(none.code, EXIT.data, none.stderr);
  assertStringIncludes(none.stderr, "No checkpoint of this model folder can be read");
});

resumeTest(
  "the options of a checkpoint give the same run, whether they are given again or not",
  async (folder, tame) => {
    const sets = [
      "--preset budget --parity reference --ho_iteration 36",
      "--preset fast --sh_lower --seed 11 --max_seconds 1000 --test_iterations -1",
      `--init ${join("first", "point_cloud", "iteration_40", "point_cloud.ply")} -w --near 0.1 --test_every 3`,
    ];
    assertEquals((await tame(`${RUN} -m first`)).code, EXIT.done);
    for (const [i, options] of sets.entries()) {
      const run = `${RUN} ${options} -m out${i} --checkpoint_iterations 20`;
      assertEquals((await tame(run)).code, EXIT.done, run);
      const expected = await ply(folder, `out${i}`);
      for (const args of [`train -m out${i} --resume`, `${run} --resume`]) {
        const { code, stdout, stderr } = await tame(args);
        assertEquals(code, EXIT.done, stderr);
        assertStringIncludes(stdout, "20 of 40 iterations are done");
        assertEquals(await ply(folder, `out${i}`), expected, args);
      }
    }
  },
);

resumeTest("a run that is killed leaves a checkpoint that can be loaded, and goes on bit for bit", async (folder) => {
  const train = [...RUN.split(" ").slice(1), "-s", join(folder, "capture")];
  assertEquals(await killRuns({ folder, kills: 6, iterations: 40, train, seed: 3 }), []);
});
