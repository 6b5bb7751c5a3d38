// lpips() against its oracle, and the properties of a distance.
import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { findLpipsWeights, lpips, type LpipsNet, LpipsNetwork } from "../../../eval/lpips/lpips.ts";
import { TameError } from "../../../ffi/errors.ts";
import type { Image } from "../../../ffi/image.ts";
import { lpipsReference } from "../../reference/lpips.ts";
import { deviceTest, libraryMissing, testBackend, testDevice } from "../../support/device.ts";
import { imagePair, randomLpips, randomLpipsWeights } from "../../support/lpips.ts";

const ERROR = 1e-5; // relative

/** Sizes: the minimum, and sizes in which rows end inside a tile of pixels. */
const CASES: [net: LpipsNet, width: number, height: number][] = [
  ["vgg", 16, 16],
  ["vgg", 37, 18],
  ["alex", 31, 31],
  ["alex", 45, 70],
];

for (const [net, width, height] of CASES) {
  for (const range of ["unit", "signed"] as const) {
    deviceTest(
      `lpips() agrees with the oracle when ${net} sees ${width} x ${height} ${range} pixels`,
      async (device) => {
        const [a, b] = imagePair(width, height);
        using network = randomLpips(device, net);
        const expected = lpipsReference(a, b, { net, weights: randomLpipsWeights(net), range });
        const value = await lpips(device, a, b, network, { range });
        assertLessOrEqual(Math.abs(value - expected), ERROR * expected, `${value}, the oracle has ${expected}`);
      },
    );
  }
}

for (const net of ["vgg", "alex"] as const) {
  deviceTest(`lpips() is 0 for equal images and the same in either order with ${net}`, async (device) => {
    const [a, b] = imagePair(64, 40);
    using network = randomLpips(device, net);
    assertEquals(await lpips(device, a, a, network), 0);
    const distance = await lpips(device, a, b, network);
    assertGreater(distance, 0);
    assertEquals(await lpips(device, b, a, network), distance);
    assertEquals(await lpips(device, a, b, network, { range: "unit" }), distance);
  });
}

deviceTest("lpips() is NaN when an image holds a NaN", async (device) => {
  const [a, b] = imagePair(40, 40);
  b.rgb[100] = NaN;
  using network = randomLpips(device, "alex");
  assertEquals(await lpips(device, a, b, network), NaN);
});

Deno.test({
  name: "lpips() gives the same bits at any number of threads",
  ignore: testBackend !== "cpu" || libraryMissing !== undefined,
  fn: async () => {
    const [a, b] = imagePair(70, 50);
    const values = new Set<number>();
    for (const threads of [1, 2, 5]) {
      using device = await testDevice({ threads });
      using network = randomLpips(device, "vgg");
      values.add(await lpips(device, a, b, network));
    }
    assertEquals(values.size, 1);
  },
});

// On the CPU, 880 rows of an image this narrow are a band. The images differ only around its end, far from the ends of
// the part that is cut out (VGG16's receptive field is below 100 pixels to each side): sums over rows are the same.
deviceTest("lpips() is the same within a taller image, which is processed in several bands", async (device) => {
  const [WIDTH, HEIGHT, FIRST, LAST] = [32, 1760, 656, 1104];
  const [a, noisy] = imagePair(WIDTH, HEIGHT);
  const row = 3 * WIDTH;
  const b = { ...a, rgb: a.rgb.slice() };
  b.rgb.set(noisy.rgb.subarray(872 * row, 888 * row), 872 * row);
  const cut = (image: Image) => ({ ...image, height: LAST - FIRST, rgb: image.rgb.slice(FIRST * row, LAST * row) });
  using network = randomLpips(device, "vgg");
  const part = await lpips(device, cut(a), cut(b), network);
  const whole = await lpips(device, a, b, network);
  assertGreater(part, 0);
  assertAlmostEquals(whole * HEIGHT, part * (LAST - FIRST), 1e-9 * part * HEIGHT);
  // 128 MiB on the CPU, 512 MiB on a GPU, and what is not features.
  assertLess(device.memory().byPurpose.images.peak, 600 << 20);
});

deviceTest("lpips() rejects images of wrong sizes and networks on another device", async (device) => {
  using other = await testDevice();
  using network = randomLpips(device, "alex");
  using far = randomLpips(other, "alex");
  const [a, b] = imagePair(31, 31);
  const wrong = [
    [imagePair(30, 31)[0], imagePair(30, 31)[1], network, "31 x 31 pixels, the images have 30 x 31"],
    [a, imagePair(32, 31)[1], network, "differ in size"],
    [a, b, far, "another device"],
  ] as const;
  for (const [first, second, weights, words] of wrong) {
    await assertRejects(() => lpips(device, first, second, weights), TameError, words);
  }
  network[Symbol.dispose]();
  await assertRejects(() => lpips(device, a, b, network), TameError, "already disposed");
  const about = { net: "vgg", checksum: "", weights: randomLpipsWeights("alex") } as const;
  assertThrows(() => new LpipsNetwork(device, about), TameError, "weights has 2470848 elements: expected 14716160");
});

deviceTest("lpips() frees its memory when the network is disposed", async (device) => {
  const [a, b] = imagePair(40, 40);
  const before = device.memory().live;
  {
    using network = randomLpips(device, "alex");
    await lpips(device, a, b, network);
    assertGreater(device.memory().live, before + 4 * 2_470_848);
  }
  assertEquals(device.memory().live, before);
});

Deno.test("findLpipsWeights() prefers the option to TAME_LPIPS", () => {
  const old = Deno.env.get("TAME_LPIPS");
  try {
    Deno.env.set("TAME_LPIPS", "/from/environment");
    assertEquals(findLpipsWeights("/from/option"), "/from/option");
    assertEquals(findLpipsWeights(), "/from/environment");
    Deno.env.delete("TAME_LPIPS");
    assertEquals(findLpipsWeights(), undefined);
    assertEquals(findLpipsWeights(""), undefined);
  } finally {
    if (old !== undefined) Deno.env.set("TAME_LPIPS", old);
  }
});
