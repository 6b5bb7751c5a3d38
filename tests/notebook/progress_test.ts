// The progress of a run in a notebook, and outside one.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withProgress } from "../../notebook/progress.ts";
import type { TrainEvent } from "../../train/events.ts";
import { standInJupyter } from "../support/jupyter.ts";

/** A run of 300 iterations that ends after `last`; what progress does not read is left out. */
async function* run(last = 300): AsyncGenerator<TrainEvent, void, void> {
  const step = (iteration: number) => ({
    type: "step",
    ...{ iteration, loss: 0.125, seconds: iteration / 100, count: 12_345, memory: 2 ** 21 },
  });
  const events = [
    { type: "plan", iteration: 0, iterations: 300 },
    { type: "photo", loaded: 3, total: 9 },
    step(100),
    { type: "warning", message: "a <b> is odd" },
    { type: "evaluate", set: "train", iteration: 100, psnr: 99 },
    { type: "evaluate", set: "test", iteration: 100, psnr: 25.126 },
    step(last),
    { type: "done", iteration: last },
  ];
  yield* events as unknown as TrainEvent[];
}

Deno.test("withProgress() passes on every event, and replaces its output in place in a notebook", async () => {
  const { shown, restore } = standInJupyter();
  try {
    const types: string[] = [];
    for await (const { type } of withProgress(run())) types.push(type);
    assertEquals(types, ["plan", "photo", "step", "warning", "evaluate", "evaluate", "step", "done"]);
  } finally {
    restore();
  }
  assertEquals(new Set(shown.map(({ id }) => id)).size, 1);
  assertEquals(shown.map(({ update }) => update), shown.map((_, i) => i > 0));
  assertEquals(shown[0].data["text/plain"], "Preparing  0/300");
  const { "text/html": html, "text/plain": text } = shown.at(-1)!.data;
  assertEquals(
    text,
    "Trained  300/300  100 it/s  3.00 s  loss 0.1250  12 345 Gaussians  2.0 MiB  PSNR 25.13 dB at 100  " +
      "Warning: a <b> is odd",
  );
  assertStringIncludes(html as string, '<progress max="300" value="300"');
  assertStringIncludes(html as string, "<br>Warning: a &lt;b&gt; is odd");
});

Deno.test("withProgress() of two runs has two outputs, and says where a run was left or stopped", async () => {
  const { shown, restore } = standInJupyter();
  try {
    for await (const { type } of withProgress(run())) if (type === "evaluate") break;
    for await (const _ of withProgress(run(200)));
  } finally {
    restore();
  }
  const ids = [...new Set(shown.map(({ id }) => id))];
  assertEquals(ids.length, 2);
  const [left, stopped] = ids.map((id) => shown.findLast((output) => output.id === id)!.data["text/plain"] as string);
  assertMatch(left, /^Training {2}100\/300 {2}100 it\/s {2}2\.00 s left /);
  assertMatch(stopped, /^Stopped {2}200\/300 /);
});

Deno.test("withProgress() ends the run when its loop is left", async () => {
  let ended = false;
  async function* watched(): AsyncGenerator<TrainEvent, void, void> {
    try {
      yield* run();
    } finally {
      ended = true;
    }
  }
  const { restore } = standInJupyter();
  try {
    for await (const _ of withProgress(watched())) break;
  } finally {
    restore();
  }
  assert(ended);
});

Deno.test("withProgress() writes lines outside a notebook", async () => {
  const program = `import { withProgress } from ${JSON.stringify(import.meta.resolve("../../notebook/progress.ts"))};
    const events = [{ type: "plan", iteration: 0, iterations: 5 }, { type: "done", iteration: 5 }];
    for await (const { type } of withProgress(events)) console.log(type);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", program],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "plan\ndone\n");
  assertEquals(new TextDecoder().decode(stderr), "Preparing  0/5\nTrained  0/5\n");
});
