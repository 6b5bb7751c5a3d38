// A model folder is one run's: runs at the same time, runs one after the other, and scores of what an earlier one left.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { savedIterations } from "../../load/model_folder.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

workflowTest("tame train refuses a folder in use, and takes over one of a run that was killed", async (folder) => {
  const out = join(folder, "out");
  const args = "train -s capture -m out --backend cpu --threads 1 --iterations 1000000 --save_iterations 5 --budget 1";
  const first = start([...args.split(" "), "--json"], folder);
  const events = first.stdout.pipeThrough(new TextDecoderStream()).getReader(); // a run ends if its reader goes
  while (!(await events.read()).value?.includes('"save"'));
  // config.json is there from the start, without a result.
  const begun = JSON.parse(await Deno.readTextFile(join(out, "config.json")));
  assertEquals([begun.result, begun.options.iterations], [undefined, 1_000_000]);
  const id = begun.run.id;

  const second = await ended(start([...args.split(" ")], folder));
  assertEquals(second.code, EXIT.failed, second.stderr);
  assertStringIncludes(second.stderr, `Another run trains into ${out}: process ${first.pid} on `);
  assertStringIncludes(second.stderr, "choose another model folder");
  first.kill("SIGKILL");
  await Promise.all([events.cancel(), first.stderr.cancel()]);
  await first.status;
  const orphan = join(out, "point_cloud", "iteration_5", `point_cloud.ply.${crypto.randomUUID()}.tmp`);
  await Deno.writeTextFile(orphan, "half a PLY");

  const third = await ended(
    start("train -s capture -m out --backend cpu --iterations 3 --budget 1".split(" "), folder),
  );
  assertEquals(third.code, EXIT.done, third.stderr);
  assertStringIncludes(third.stderr, `was killed (process ${first.pid} on `);
  assert(!existsSync(orphan) && !existsSync(join(out, "train.lock")));
  const { run, result } = JSON.parse(await Deno.readTextFile(join(out, "config.json")));
  assertEquals([run.saved, result.iteration, run.id !== id], [[3], 3, true]);

  // What the first run saved is still there, and is not taken for the last one's.
  const render = (iteration: string) => ended(start(["render", "-m", "out", "--iteration", iteration], folder));
  const [earlier, last] = [await render("5"), await render("3")];
  assertEquals([earlier.code, last.code], [EXIT.done, EXIT.done]);
  assertStringIncludes(earlier.stderr, "iteration 5 are of an earlier run");
  assert(!last.stderr.includes("earlier run"), last.stderr);
});

workflowTest("one of two runs that start into a folder at once trains, the other is refused", async (folder) => {
  const args = "train -s capture -m out --backend cpu --threads 1 --iterations 600 --budget 1 --quiet".split(" ");
  const runs = await Promise.all([1, 2].map((seed) => ended(start([...args, "--seed", `${seed}`], folder))));
  const codes = runs.map(({ code }) => code);
  assertEquals(codes.toSorted(), [EXIT.done, EXIT.failed], runs.map(({ stderr }) => stderr).join());
  assertStringIncludes(runs[codes.indexOf(EXIT.failed)].stderr, "Another run trains into ");
  const { options, result } = JSON.parse(await Deno.readTextFile(join(folder, "out", "config.json")));
  assertEquals([options.seed, result.iteration], [1 + codes.indexOf(EXIT.done), 600]);
  assertEquals(await savedIterations(join(folder, "out")), [600]);
});

workflowTest("tame metrics refuses scores of Gaussians that were trained again since", async (folder) => {
  const run = async (args: string, code: number = EXIT.done) => {
    const outcome = await ended(start([...args.split(" "), "--backend", "cpu"], folder));
    assertEquals(outcome.code, code, outcome.stderr);
    return outcome;
  };
  const train = "train -s capture -m out --eval --iterations 4 --budget 1 --test_iterations -1";
  await run(train);
  await run("render -m out --skip_train");
  await run("metrics -m out");
  await run(train); // the same bits
  await run("metrics -m out");
  await run(`${train} --feature_lr 0.2`);
  const refused = await run("metrics -m out", EXIT.data);
  assertStringIncludes(refused.stderr, "Unable to compute metrics for ours_4 of model " + join(folder, "out"));
  assertStringIncludes(refused.stderr, "have changed since their images: render the model again");
  assert(!refused.stdout.includes("PSNR"), refused.stdout);
  await run("render -m out --skip_train");
  await run("metrics -m out");
  // A longer run leaves images of iteration 4 that are out of date; its own are what counts.
  await run(`${train} --iterations 6 --save_iterations 4 --opacity_lr 0.1`);
  await run("render -m out --skip_train");
  const partly = await run("metrics -m out");
  assertStringIncludes(partly.stderr, "Unable to compute metrics for ours_4");
  assertEquals(Object.keys(JSON.parse(await Deno.readTextFile(join(folder, "out", "results.json")))), ["ours_6"]);
});
