// --max_seconds as a user gives it: its lines, and what config.json gives again.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

const RUN = "train -s capture --backend cpu --budget 2 --test_iterations -1";

workflowTest("--max_seconds states the iterations it decides, and config.json gives the same PLY", async (folder) => {
  const tame = async (args: string) => {
    const result = await ended(start(args.split(" "), folder));
    assertEquals(result.code, EXIT.done, result.stderr);
    return result;
  };
  const configOf = async (model: string) => JSON.parse(await Deno.readTextFile(join(folder, model, "config.json")));

  const timed = await tame(`${RUN} -m timed --max_seconds 2`);
  const { timePlan, options, result } = await configOf("timed");
  const { iterations } = timePlan;
  assertEquals([timePlan.maxSeconds, timePlan.most], [2, 30_000]);
  assertStringIncludes(timed.stdout, "--max_seconds 2: this run takes about ");
  const again = `--config ${join(folder, "timed", "config.json")} gives the same result`;
  assertStringIncludes(timed.stdout, `--max_seconds 2: this run takes ${iterations} iterations; ${again}`);
  assertEquals([options.iterations, options.max_seconds], [iterations, null]);
  // If the machine has become slower meanwhile, the run was stopped; more seconds complete it.
  if (result.timedOut) await tame(`${RUN} -m timed --max_seconds 1000 --resume`);

  await tame("train --config timed/config.json -m configured");
  const [ply, configured] = await Promise.all(
    ["timed", "configured"].map((model) =>
      Deno.readFile(join(folder, model, "point_cloud", `iteration_${iterations}`, "point_cloud.ply"))
    ),
  );
  assertEquals(configured, ply);
  assert(!("timePlan" in await configOf("configured")));
});
