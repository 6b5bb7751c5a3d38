// Philox4x32-10 against the known answers published with the paper's library, and the draws made from it.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { philox4x32, randomColor, randomWords } from "../../base/random.ts";

Deno.test("philox4x32() gives the published known answers", () => {
  assertEquals(philox4x32([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const ones = 0xffffffff;
  assertEquals(philox4x32([ones, ones, ones, ones], [ones, ones]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  assertEquals(
    philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

Deno.test("randomWords() differs when any one of seed, stream, iteration or index differs", () => {
  const draw = { seed: 7, stream: 1, iteration: 3, index: 2 };
  const words = randomWords(draw);
  assertEquals(randomWords(draw), words);
  for (
    const other of [
      { ...draw, seed: 8 },
      { ...draw, seed: 7 + 2 ** 32 },
      { ...draw, stream: 2 },
      { ...draw, iteration: 4 },
      { ...draw, index: 3 },
    ]
  ) assertNotEquals(randomWords(other), words);
});

Deno.test("randomColor() is uniform on [0, 1) and exact in float32", () => {
  const sums = [0, 0, 0];
  const draws = 4000;
  for (let iteration = 1; iteration <= draws; iteration++) {
    const color = randomColor({ seed: 1, stream: 2, iteration });
    for (const [channel, value] of color.entries()) {
      assert(value >= 0 && value < 1);
      assertEquals(Math.fround(value), value);
      sums[channel] += value;
    }
  }
  // The mean of n uniforms has standard deviation sqrt(1 / 12n) = 0.0046: five of them.
  for (const sum of sums) assert(Math.abs(sum / draws - 0.5) < 0.023, `mean ${sum / draws}`);
});
