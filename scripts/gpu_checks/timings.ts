// A program: times what is easily timed on its own and prints it as one JSON object of seconds.

import { openDevice } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { Control, Trainer } from "../../ffi/trainer.ts";
import { render } from "../../ffi/rasterizer.ts";
import { Random } from "../../tests/reference/random.ts";
import { makeViews, planOf, trainingProblem } from "../../tests/gpu/training.ts";

const opening = performance.now();
using device = await openDevice({ backend: "cuda" });
const seconds: Record<string, number> = { "open a device": since(opening) };

const random = new Random(1);
for (const millions of [1, 5]) {
  const points = new Float32Array(3e6 * millions);
  for (let i = 0; i < points.length; i++) points[i] = random.uniform();
  await best(`k-NN of ${millions} million points`, () => meanDist2(device, points));
}

const { splats, photos } = trainingProblem(300);
using gaussians = Gaussians.fromArrays(device, splats);
await best(
  "render 1600 x 1200 to host memory",
  () => render(gaussians, { ...photos[0].camera, width: 1600, height: 1200, cx: 800, cy: 600, fx: 1600, fy: 1600 }),
);
using views = makeViews(device, photos);
using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
const plan = planOf(1000, { views: photos.length });
await best("1000 steps of a tiny scene", () => trainer.run(plan, new Control(1000)));
console.log(JSON.stringify(seconds));

async function best(name: string, body: () => Promise<unknown>): Promise<void> {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    await body();
    least = Math.min(least, since(started));
  }
  seconds[name] = least;
}

function since(started: number): number {
  return (performance.now() - started) / 1000;
}
