// Trains on real photos (fox at an eighth, 500 iterations) through the command line, and checks loss, bytes and time.

import { join } from "@std/path";
import { capture } from "../captures.ts";
import { failure, type Finding, runScript, type Table } from "./rows.ts";

const SECONDS = 60;

/** Mean loss of iterations 451 to 500; the reference implementation reaches 0.05873. */
const LARGEST_LOSS = 0.06;

/** A run's record. */
export interface FoxTimes {
  /** Of the whole process. */
  seconds: number;
  /** Training alone. */
  iterationsPerSecond: number;
  /** Mean loss of iterations 451 to 500. */
  loss: number;
  /** Peak of GPU memory in bytes. */
  peakMemory: number;
}

interface FoxRun {
  ply: Uint8Array;
  times: FoxTimes;
}

/** Runs the job in several ways, one row each, and resolves to the times of the undisturbed runs. */
export async function checkFox(table: Table, options: { skip?: string; quick: boolean }): Promise<FoxTimes[]> {
  const fox = capture("fox", "images_8", "sparse");
  const skip = options.skip ??
    (fox === undefined ? "no fox capture in $TAME_DATA or data/" : undefined);
  const times: FoxTimes[] = [];
  let first: FoxRun | undefined;
  const row = (name: string, body: (run: FoxRun) => Finding, how: FoxOptions = {}) =>
    table.check(name, async () => {
      if (skip !== undefined) return { skipped: skip };
      const run = await trainFox(fox!, how);
      if ("failed" in run || "skipped" in run || "passed" in run) return run;
      if (Object.keys(how.env ?? {}).length === 0) times.push(run.times);
      return body(run);
    });
  const sameAsFirst = (run: FoxRun): Finding => {
    if (first === undefined) return { skipped: "there is no first run to compare with" };
    const same = run.ply.length === first.ply.length && run.ply.every((byte, i) => byte === first!.ply[i]);
    return same ? { passed: `the same ${run.ply.length} bytes, ${describe(run.times)}` } : { failed: "another PLY" };
  };

  await row(`fox-S reaches a loss of ${LARGEST_LOSS}`, (run) => {
    first = run;
    const { loss } = run.times;
    return loss <= LARGEST_LOSS ? { passed: describe(run.times) } : { failed: `${loss}: ${describe(run.times)}` };
  });
  await row("fox-S again gives the same PLY", sameAsFirst);
  await row("fox-S with photos on the GPU gives the same PLY", sameAsFirst, { dataDevice: "cuda" });
  const rooms = options.quick ? ["1024"] : ["1024", "1"];
  for (const room of rooms) {
    const env = { TAME_INSTANCE_CAPACITY: room };
    await row(`fox-S with an initial capacity of ${room} instances gives the same PLY`, sameAsFirst, { env });
  }
  return times;
}

interface FoxOptions {
  dataDevice?: "cpu" | "cuda";
  env?: Record<string, string>;
}

async function trainFox(source: string, { dataDevice = "cpu", env }: FoxOptions): Promise<FoxRun | Finding> {
  const folder = await Deno.makeTempDir({ prefix: "tame_gpu_check_" });
  try {
    const args = ["train", "-s", source, "-m", folder, "-i", "images_8", "--backend", "cuda"];
    args.push("--mode", "multiplier", "--budget", "0.2", "--densification_interval", "3000", "--iterations", "500");
    args.push("--test_iterations", "-1", "--data_device", dataDevice, "--quiet");
    const ended = await runScript("cli.ts", args, { seconds: SECONDS, env });
    if (ended.code !== 0) return failure(ended);
    const ply = await Deno.readFile(join(folder, "point_cloud", "iteration_500", "point_cloud.ply"));
    const config = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
    const losses = (await Deno.readTextFile(join(folder, "train.csv"))).trim().split("\n").slice(1)
      .map((line) => Number(line.split(",")[1]));
    if (losses.length !== 500) return { failed: `train.csv has ${losses.length} iterations, not 500` };
    const last = losses.slice(450);
    return {
      ply,
      times: {
        seconds: ended.seconds,
        iterationsPerSecond: 500 / config.seconds.train,
        loss: last.reduce((sum, loss) => sum + loss, 0) / last.length,
        peakMemory: config.result.peakMemory,
      },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function describe({ seconds, iterationsPerSecond, loss }: FoxTimes): string {
  return `loss ${loss.toFixed(5)}, ${iterationsPerSecond.toFixed(0)} it/s, ${seconds.toFixed(2)} s in all`;
}
