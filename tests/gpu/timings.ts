// A program that times what scripts/bench.ts does not cover and prints one JSON object of seconds.

import { openDevice } from "../../ffi/device.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { lpips } from "../../ffi/lpips.ts";
import { Random } from "../reference/random.ts";
import { imagePair, randomLpips } from "../support/lpips.ts";

const opening = performance.now();
using device = await openDevice({ backend: "cuda" });
const seconds: Record<string, number> = { "open a device": since(opening) };

const random = new Random(1);
for (const millions of [1, 5]) {
  const points = new Float32Array(3e6 * millions);
  for (let i = 0; i < points.length; i++) points[i] = random.uniform();
  await best(`k-NN of ${millions} million points`, () => meanDist2(device, points));
}

for (const net of ["vgg", "alex"] as const) {
  using network = randomLpips(device, net);
  const [a, b] = imagePair(947, 531);
  await best(`LPIPS (${net}) of 947 x 531 pixels`, () => lpips(device, a, b, network));
}

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
