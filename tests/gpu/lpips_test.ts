// lpips() on the GPU against the CPU, and repeated.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { lpips, type LpipsNet } from "../../eval/lpips/lpips.ts";
import { imagePair, randomLpips } from "../support/lpips.ts";
import { gpuTest, pairTest } from "./devices.ts";

const ERROR = 1e-5; // relative: each backend sums in its own order

/** The smallest sizes, and sizes that are no multiples of the blocks of 128 pixels at any layer. */
const CASES: [net: LpipsNet, width: number, height: number][] = [
  ["vgg", 16, 16],
  ["vgg", 131, 77],
  ["alex", 31, 31],
  ["alex", 230, 141],
];

for (const [net, width, height] of CASES) {
  for (const range of ["unit", "signed"] as const) {
    pairTest(`lpips() agrees with the CPU when ${net} sees ${width} x ${height} ${range} pixels`, async (pair) => {
      const [a, b] = imagePair(width, height);
      const [ours, theirs] = await Promise.all([pair.gpu, pair.cpu].map(async (device) => {
        using network = randomLpips(device, net);
        return await lpips(device, a, b, network, { range });
      }));
      assertLessOrEqual(Math.abs(ours - theirs), ERROR * theirs, `${ours}, the CPU has ${theirs}`);
    });
  }
}

gpuTest("lpips() is bit-reproducible, symmetric in its images, and independent of earlier sizes", async (gpu) => {
  using network = randomLpips(gpu, "vgg");
  const [a, b] = imagePair(99, 70);
  const first = await lpips(gpu, a, b, network);
  const [wide, other] = imagePair(300, 40);
  await lpips(gpu, wide, other, network);
  assertEquals(await lpips(gpu, a, b, network), first);
  assertEquals(await lpips(gpu, b, a, network), first);
});
