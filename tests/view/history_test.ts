// What a page that opens late gets to know.
import { assertEquals, assertLess } from "@std/assert";
import { History } from "../../view/history.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import type { Device } from "../../ffi/device.ts";
import type { TrainEvent } from "../../train/events.ts";
import { deviceTest } from "../support/device.ts";

function begin(device: Device) {
  const gaussians = Gaussians.create(device, { capacity: 4, shDegree: 0, count: 3 });
  const clock = { now: 0 };
  const history = new History((name) => Number(name), () => clock.now);
  const step = (iteration: number): TrainEvent => ({
    ...{ type: "step", iteration, gaussians, first: iteration, losses: new Float32Array([1]), loss: 0.5 },
    ...{ count: 3, seconds: 1, memory: 64 },
  });
  const view = (name: string, psnr: number, set: "test" | "train" = "test"): TrainEvent => ({
    ...{ type: "view", iteration: 1, gaussians, set, name, psnr, ssim: 0.5, l1: 0.1 },
  });
  const evaluate = (psnr: number, set: "test" | "train" = "test"): TrainEvent => ({
    ...{ type: "evaluate", iteration: 1, gaussians, set, views: 2, psnr, ssim: 0.5, l1: 0.1, nonFinite: 0 },
  });
  return { gaussians, clock, history, step, view, evaluate };
}

deviceTest("steps become four points a second, with the speed of the last ten seconds", (device) => {
  const { gaussians, clock, history, step } = begin(device);
  using _ = gaussians;
  for (let i = 1; i <= 300; i++) {
    clock.now += 50;
    history.add(step(i)); // 20 a second
  }
  assertEquals(history.samples.map(({ iteration }) => iteration).slice(0, 3), [1, 6, 11]);
  assertEquals(history.samples.at(-1), { iteration: 296, loss: 0.5, count: 3, memory: 64, rate: 20 });
  history.add({ type: "pause", iteration: 300, gaussians });
  clock.now += 3_600_000;
  for (let i = 301; i <= 340; i++) {
    clock.now += 100;
    history.add(step(i));
  }
  assertEquals(history.rate, 10, "an hour's pause is no part of the speed");
});

deviceTest("steps that take longer than ten seconds have a speed too", (device) => {
  const { gaussians, clock, history, step } = begin(device);
  using _ = gaussians;
  for (let i = 1; i <= 3; i++) {
    clock.now += 60_000;
    history.add(step(i));
  }
  assertEquals(history.rate, 1 / 60);
});

deviceTest("a long run keeps a few thousand points, evenly spaced", (device) => {
  const { gaussians, clock, history, step } = begin(device);
  using _ = gaussians;
  const thinned: boolean[] = [];
  for (let i = 1; i <= 20_000; i++) {
    clock.now += 250;
    for (const message of history.add(step(i))) if (message.type === "sample") thinned.push(message.thinned);
  }
  assertLess(history.samples.length, 4001);
  assertEquals(thinned.filter((one) => one).length, 3);
  const gaps = history.samples.slice(1).map(({ iteration }, i) => iteration - history.samples[i].iteration);
  assertEquals([...new Set(gaps)].length <= 2 && Math.max(...gaps) <= 16, true, [...new Set(gaps)].join());
});

deviceTest(
  "the worst views are those held out, lowest PSNR first, and training views where none is held out",
  (device) => {
    const { gaussians, history, view, evaluate } = begin(device);
    using _ = gaussians;
    for (const [name, psnr] of [["3", 30], ["4", 20], ["5", 25]] as const) history.add(view(name, psnr, "train"));
    history.add(evaluate(25, "train"));
    assertEquals(history.worst.map(({ view }) => view), [4, 5, 3]);
    for (let i = 0; i < 8; i++) history.add(view(`${i}`, 20 + i % 4));
    history.add(evaluate(22));
    assertEquals(history.worst.map(({ view }) => view), [0, 4, 1, 5, 2, 6]);
    history.add(view("9", 1, "train"));
    history.add(evaluate(1, "train"));
    assertEquals(history.worst[0].view, 0, "training views do not replace them");
    assertEquals(history.scores.map(({ set, psnr }) => `${set} ${psnr}`), ["train 25", "test 22", "train 1"]);
  },
);

deviceTest("the log has a line for what the charts do not show, and forgets its beginning", (device) => {
  const { gaussians, history, step } = begin(device);
  using _ = gaussians;
  history.add(step(1));
  history.add({
    ...{ type: "densify", iteration: 2, gaussians, target: 9, pruned: 1, cloned: 2, split: 1000, filled: 0 },
    ...{ count: 1004, nonFinite: 0, seconds: 1 },
  });
  history.add({ type: "warning", iteration: 3, gaussians, message: "Something is wrong" });
  assertEquals(history.log.map(({ kind, text }) => `${kind}: ${text}`), [
    "densify: −1 +1,002 → 1,004 Gaussians",
    "warning: Something is wrong",
  ]);
  for (let i = 0; i < 2000; i++) history.add({ type: "pause", iteration: i, gaussians });
  assertEquals([history.log.length, history.log[0].iteration], [1000, 1000]);
});
