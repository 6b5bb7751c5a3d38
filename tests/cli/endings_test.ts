// Every ending of a run saves: signals, photos and folders that vanish, disks and pipes that are full. Each test is a
// real run as a process.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, walk } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { parseSplatsPly } from "../../load/ply.ts";
import { checkpointPath, lastIteration, pointCloudPath, savedIterations } from "../../load/model_folder.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import { eventsIn } from "../support/events.ts";
import { ended, ROOT } from "../support/process.ts";
import { TINY_VIEWS } from "../support/tiny_capture.ts";
import { start, workflowTest } from "../support/workflow.ts";

const RUN = "train -s capture -m out --budget 1 --densify_until_iter 0 --backend cpu --json".split(" ");
const LONG = [...RUN, "--iterations", "1000000", "--test_iterations", "-1"];

type Event = Record<string, unknown> & { type: string; iteration: number };

/** Waits for a run; calls `act` once when `when` first holds for an event. */
async function watched(
  child: Deno.ChildProcess,
  when: (event: Event) => boolean,
  act: () => void,
): Promise<{ code: number; events: Event[]; stderr: string }> {
  const stderr = new Response(child.stderr).text();
  const events: Event[] = [];
  let rest = "";
  let acted = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const event = JSON.parse(line) as Event;
      events.push(event);
      if (acted || !when(event)) continue;
      acted = true;
      act();
    }
  }
  return { code: (await child.status).code, events, stderr: await stderr };
}

const stepped = (iteration: number) => (event: Event): boolean => event.type === "step" && event.iteration >= iteration;

/** The Gaussians that a run saved last. */
async function loaded(model: string): Promise<{ iteration: number; count: number }> {
  const iteration = await lastIteration(model);
  const path = pointCloudPath(model, iteration);
  return { iteration, count: parseSplatsPly(await Deno.readFile(path), path).count };
}

async function damage(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  await Deno.writeFile(path, bytes.subarray(0, bytes.length - 30));
}

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

for (const [signal, code] of SIGNALS) {
  workflowTest(`tame train saves and exits with ${code} at ${signal}, at any moment`, async (folder) => {
    const out = join(folder, "out");
    for (const iteration of [1, 50, 400]) {
      const child = start(LONG, folder);
      const run = await watched(child, stepped(iteration), () => child.kill(signal));
      assertEquals(run.code, code, run.stderr);
      const done = run.events.at(-1)!;
      assertEquals(done.type, "done");
      assert(done.iteration >= iteration);
      assertEquals(await loaded(out), { iteration: done.iteration, count: 400 });
      assertStringIncludes(run.stderr, "saving the Gaussians");
    }
    const early = start(LONG, folder);
    const saved = await savedIterations(out);
    const run = await watched(early, ({ type }) => type === "plan", () => early.kill(signal));
    assertEquals(run.code, code, run.stderr); // saved, or nothing to save yet
    assert((await savedIterations(out)).length <= saved.length + 1);
  });
}

workflowTest("tame train saves when a supervisor sends SIGTERM and SIGHUP together, twice", async (folder) => {
  const child = start(LONG, folder);
  const run = await watched(child, stepped(20), () => {
    for (const signal of ["SIGTERM", "SIGHUP", "SIGTERM", "SIGHUP"] as const) child.kill(signal);
  });
  assert(run.code === 143 || run.code === 129, run.stderr); // the system delivers signals in any order
  assertEquals((await loaded(join(folder, "out"))).iteration, run.events.at(-1)!.iteration);
});

workflowTest("tame train warns of a held-out photo that is truncated, and saves its last iteration", async (folder) => {
  await damage(join(folder, "capture", "images", "photo0.png"));
  const { code, stdout, stderr } = await ended(
    start([...RUN, "--eval", "--iterations", "20", "--test_iterations", "10", "20"], folder),
  );
  assertEquals(code, EXIT.done, stderr);
  const warnings = stderr.split("\n").filter((line) => line.startsWith("Warning: "));
  assertEquals(warnings.length, 2);
  assertMatch(warnings[0], /evaluation of the test views at iteration 10 failed: Photo cannot be read: .*photo0\.png/);
  const events: Event[] = eventsIn(stdout);
  assertEquals(events.filter(({ type }) => type === "evaluate").map(({ set }) => set), ["train", "train"]);
  assertEquals(await loaded(join(folder, "out")), { iteration: 20, count: 400 });
});

workflowTest("tame train saves and exits with 3 when its capture vanishes", async (folder) => {
  // Room for four photos: the others are read again and again.
  const disk = ["--data_device", "disk", "--photo_cache", `${6 * 3 * 48 * 32}`];
  const child = start([...LONG, ...disk], folder);
  const run = await watched(child, stepped(10), () => Deno.removeSync(join(folder, "capture"), { recursive: true }));
  assertEquals(run.code, EXIT.data, run.stderr);
  const save = run.events.at(-1)!;
  assertEquals([save.type, save.ending], ["save", "failed"]);
  assertEquals(await loaded(join(folder, "out")), { iteration: save.iteration, count: 400 });
  assertMatch(
    run.stderr,
    /The run has failed\. Iteration \d+ was saved: .*\nError: Photo cannot be read: .*photo\d\.png/s,
  );
});

workflowTest("tame train keeps an earlier model when a photo of its first epoch fails", async (folder) => {
  const first = await ended(start([...RUN, "--iterations", "3"], folder));
  assertEquals(first.code, EXIT.done, first.stderr);
  const before = await Deno.readTextFile(join(folder, "out", "cfg_args"));
  await damage(join(folder, "capture", "images", "photo3.png"));
  const failed = await ended(start([...RUN, "--iterations", "100", "--sh_degree", "1"], folder));
  assertEquals(failed.code, EXIT.data, failed.stderr);
  assertEquals(await Deno.readTextFile(join(folder, "out", "cfg_args")), before);
  assertEquals(await savedIterations(join(folder, "out")), [3]);
});

workflowTest("tame train writes its folder again when it was deleted", async (folder) => {
  const out = join(folder, "out");
  const child = start([...RUN, "--iterations", "1500", "--save_iterations", "100", "--test_iterations", "-1"], folder);
  const run = await watched(child, stepped(101), () => Deno.removeSync(out, { recursive: true }));
  assertEquals(run.code, EXIT.done, run.stderr);
  assertEquals(await savedIterations(out), [1500]);
  for (const name of ["cfg_args", "cameras.json", "input.ply", "config.json", "train.csv"]) {
    assert(existsSync(join(out, name)), name);
  }
});

/** Runs a shell script in the folder; `$TAME` is the command line. */
async function shell(script: string, folder: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command("sh", {
    args: ["-c", script],
    cwd: folder,
    env: { NO_COLOR: "1", TAME: `${Deno.execPath()} run --quiet --no-prompt -A ${join(ROOT, "cli.ts")}` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return await ended(child);
}

/** The events that a run wrote to a file. */
async function eventsOf(path: string): Promise<Event[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** What a run must leave that ended early: its Gaussians, and a checkpoint of the same iteration. */
async function endedEarly(out: string, last: number): Promise<void> {
  const { iteration, count } = await loaded(out);
  assert(iteration > 0 && iteration < last, `${iteration}`);
  assertEquals(count, 400);
  assert(existsSync(checkpointPath(out, iteration)));
}

workflowTest("tame train --json saves and exits with 1 when its pipe is closed, and can go on", async (folder) => {
  const head = `{ $TAME ${LONG.join(" ")}; echo "code $?" >&2; } | head -3`;
  const { stdout, stderr } = await shell(head, folder);
  assertEquals(JSON.parse(stdout.split("\n")[0]).type, "plan");
  assertMatch(stderr, /^Error: Cannot write events to the standard output: its reader has gone\ncode 1$/m);
  const out = join(folder, "out");
  await endedEarly(out, 1_000_000);
  const resumed = start(["train", "-m", "out", "--resume", "--json"], folder);
  const run = await watched(resumed, ({ type }) => type === "step", () => resumed.kill("SIGTERM"));
  assertEquals(run.code, EXIT.terminated, run.stderr);
  const lines = await shell(
    `{ $TAME ${RUN.join(" ").replace("--json", "")} --iterations 20; echo "code $?" >&2; } | true`,
    folder,
  );
  assertEquals(lines.stderr, "code 0\n"); // a reader of lines may have seen enough
});

workflowTest("tame train --json saves and exits with 1 when its output is full", async (folder) => {
  if (!existsSync("/dev/full")) return;
  const { code, stderr } = await shell(`$TAME ${LONG.join(" ")} > /dev/full`, folder);
  assertEquals(code, EXIT.failed, stderr);
  assertMatch(stderr, /^Error: Cannot write events to the standard output: No space left on device/m);
  assert(!existsSync(join(folder, "out")), "the first event is lost, before the first step");
  const text = await shell(`$TAME ${RUN.join(" ").replace("--json", "")} --iterations 20 > /dev/full`, folder);
  assertEquals(text.code, EXIT.done, text.stderr); // lines are for people, who have the result
  assertEquals(text.stderr.match(/Warning: Cannot write to the standard output.*No space left/g)?.length, 1);
  assertEquals((await loaded(join(folder, "out"))).iteration, 20);
});

workflowTest("tame train --json saves at SIGTERM also when nobody reads its events", async (folder) => {
  // The pipe is full before the first event.
  const script = `
mkfifo pipe; sleep 1000 < pipe & reader=$!
exec 3> pipe; dd if=/dev/zero bs=4096 count=16 status=none >&3
$TAME ${LONG.join(" ")} >&3 & run=$!
until [ -e out/config.json ]; do sleep 0.05; done
kill -TERM $run; wait $run; code=$?
kill $reader; exit $code
`;
  const { code, stderr } = await shell(script, folder);
  assertEquals(code, EXIT.terminated, stderr);
  assertStringIncludes(stderr, "saving the Gaussians");
  await endedEarly(join(folder, "out"), 1_000_000);
});

/** Whether this system lets the tests start a process in namespaces of its own. */
async function namespaces(): Promise<boolean> {
  try {
    const mount = "mount -t tmpfs tmpfs /mnt";
    return (await new Deno.Command("unshare", { args: ["-Urmpf", "sh", "-c", mount], stderr: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const separable = Deno.build.os === "linux" && await namespaces();

/** A test that needs a disk or process numbers of its own; skipped by name without. */
function separateTest(name: string, body: (folder: string) => Promise<void>): void {
  workflowTest(name, body, separable ? undefined : "no user namespaces");
}

/** The script of a run into a disk of 4 MB that another program fills when a file of the run is there. */
const filled = (options: string, after: string, file = "input.ply"): string => `
mkdir disk && mount -t tmpfs -o size=4m tmpfs disk
$TAME ${RUN.join(" ").replace("-m out", "-m disk/out")} --test_iterations -1 ${options} > events & run=$!
until [ -e disk/out/${file} ] || ! kill -0 $run; do sleep 0.01; done
cat /dev/zero > disk/filler 2> /dev/null
${after}
wait $run; code=$?
rm -f disk/filler; cp -r disk/out out
[ $code = 0 ] || $TAME train -m disk/out --resume --quiet >&2 || exit 99
cp -r disk/out resumed
exit $code
`;

separateTest("tame train warns when the disk is full at a save, and saves again when it is not", async (folder) => {
  const freed = "until grep -q 'No space left' events || ! kill -0 $run; do sleep 0.01; done; rm disk/filler";
  const saves = Array.from({ length: 6 }, (_, i) => 500 * (i + 1)).join(" ");
  const script = filled(`--iterations 4000 --save_iterations ${saves}`, freed);
  await Deno.writeTextFile(join(folder, "run.sh"), script);
  const { code, stderr } = await shell("unshare -Urm sh run.sh", folder);
  assertEquals(code, EXIT.done, stderr);
  assertMatch(
    stderr,
    /Warning: Iteration 500: No space left on device, cannot write .*iteration_500\/point_cloud\.ply: [\d.]+ \w+ are free/,
  );
  const out = join(folder, "out");
  const saved = await savedIterations(out);
  assert(!saved.includes(500) && saved.includes(4000), saved.join());
  assertEquals(await loaded(out), { iteration: 4000, count: 400 });
  const events = await eventsOf(join(folder, "events"));
  const paths = events.filter(({ type }) => type === "save").map(({ path }) => path !== undefined);
  assertEquals([paths[0], paths.at(-1)], [false, true]);
});

separateTest("tame train exits with 1 and the free bytes when the disk is full at its last save", async (folder) => {
  const options = "--iterations 1500 --save_iterations 400 1500 --checkpoint_iterations 300";
  const file = "point_cloud/iteration_400/point_cloud.ply";
  await Deno.writeTextFile(join(folder, "run.sh"), filled(options, "", file));
  const { code, stderr } = await shell("unshare -Urm sh run.sh", folder);
  assertEquals(code, EXIT.failed, stderr);
  assertMatch(stderr, /^Error: No space left on device, cannot write .*iteration_1500\/point_cloud\.ply: .* are free/m);
  const out = join(folder, "out");
  const left = await Array.fromAsync(walk(out), ({ name }) => name);
  assert(left.every((name) => !name.endsWith(".tmp")), left.join());
  // What was saved before is whole, and the run goes on when there is space.
  assertEquals(await loaded(out), { iteration: 400, count: 400 });
  await (await CheckpointFile.open(checkpointPath(out, 300))).verify();
  assertEquals(await loaded(join(folder, "resumed")), { iteration: 1500, count: 400 });
});

separateTest("tame train saves at SIGTERM as the init process of a container", async (folder) => {
  // The shell is outside of the process namespace, and knows the run by another number.
  const script = `
unshare -Urpf $TAME ${LONG.join(" ")} > events & outer=$!
until grep -q '"type":"step"' events; do sleep 0.05; done
kill -TERM $(cat /proc/$outer/task/$outer/children)
wait $outer
`;
  const { code, stderr } = await shell(script, folder);
  assertEquals(code, 143, stderr);
  const done = (await eventsOf(join(folder, "events"))).at(-1)!;
  assertEquals(done.type, "done");
  assertEquals((await loaded(join(folder, "out"))).iteration, done.iteration);
});

for (const device of ["cuda", "cpu", "disk"]) {
  workflowTest(
    `tame train reads every photo's header before the first step, with --data_device ${device}`,
    async (folder) => {
      for (const photo of [0, TINY_VIEWS - 1]) { // held out, and one to train on
        const path = join(folder, "capture", "images", `photo${photo}.png`);
        const bytes = await Deno.readFile(path);
        await Deno.writeFile(path, bytes.subarray(0, 10));
        const { code, stdout, stderr } = await ended(start([...RUN, "--eval", "--data_device", device], folder));
        assertEquals([code, stdout], [EXIT.data, ""], stderr);
        assertMatch(stderr, new RegExp(`Error: Photo cannot be read: .*photo${photo}\\.png`));
        assert(!existsSync(join(folder, "out")));
        await Deno.writeFile(path, bytes);
      }
    },
  );
}
