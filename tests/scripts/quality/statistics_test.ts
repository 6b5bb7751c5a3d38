// scripts/quality/statistics.ts against numbers worked out by hand.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Difference,
  direction,
  type JudgedDifference,
  mean,
  pairedDifference,
  verdictOf,
} from "../../../scripts/quality/statistics.ts";

Deno.test("mean() is the arithmetic mean", () => {
  assertEquals(mean([1, 2, 6]), 3);
  assertEquals(mean([7]), 7);
  assertEquals(mean([]), NaN);
});

Deno.test("pairedDifference() is the mean of differences with s / √n", () => {
  // Differences 1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, s² = 14 / 3, standard error √(14 / 12).
  const { mean, standardError, pairs } = pairedDifference([[10, 11], [20, 22], [30, 33], [40, 46]]);
  assertEquals([mean, pairs], [3, 4]);
  assertAlmostEquals(standardError!, 1.0801234497346435, 1e-15);
  // Differences -0.5 and 0.1: mean -0.2, s² = 0.18, standard error 0.3.
  const two = pairedDifference([[32, 31.5], [30, 30.1]]);
  assertAlmostEquals(two.mean, -0.2, 1e-12);
  assertAlmostEquals(two.standardError!, 0.3, 1e-12);
});

Deno.test("pairedDifference() does not see what both runs of a pair have in common", () => {
  const { mean, standardError } = pairedDifference([[20, 20.25], [35, 35.25], [28, 28.25]]);
  assertEquals([mean, standardError], [0.25, 0]);
});

Deno.test("pairedDifference() of one pair has no standard error, of none no mean", () => {
  assertEquals(pairedDifference([[32, 32.5]]), { mean: 0.5, pairs: 1 });
  assertEquals(pairedDifference([]), { mean: NaN, pairs: 0 });
});

Deno.test("direction() is that of a mean two standard errors from 0, else 0", () => {
  const of = (mean: number, standardError?: number) => direction({ mean, standardError, pairs: 4 });
  assertEquals([of(0.2, 0.1), of(-0.2, 0.1)], [1, -1]);
  assertEquals([of(0.19, 0.1), of(-0.19, 0.1), of(0, 0), of(9), of(NaN)], [0, 0, 0, 0, 0]);
  assertEquals(of(0.01, 0), 1);
});

/** Gains in standard errors; the sign says whether the value rises. */
function judged(psnr: number, ssim: number, lpips?: number): JudgedDifference[] {
  const difference = (errors: number): Difference => ({ mean: errors * 0.1, standardError: 0.1, pairs: 5 });
  return [
    { difference: difference(psnr), higherIsBetter: true, decides: true },
    { difference: difference(ssim), higherIsBetter: true, decides: true },
    ...(lpips === undefined ? [] : [{ difference: difference(lpips), higherIsBetter: false, decides: false }]),
  ];
}

Deno.test("verdictOf() wants two standard errors in PSNR or SSIM, and no measure worse by two", () => {
  assertEquals(verdictOf(judged(2.1, 0)), "better");
  assertEquals(verdictOf(judged(-1.9, 2.1)), "better");
  assertEquals(verdictOf(judged(2.1, 2.1, -5)), "better");
  assertEquals(verdictOf(judged(1.9, 1.9)), "no difference");
  assertEquals(verdictOf(judged(0, 0)), "no difference");
  assertEquals(verdictOf(judged(-2.1, 1.9)), "worse");
  assertEquals(verdictOf(judged(0, -3, 0)), "worse");
  assertEquals(verdictOf(judged(2.1, -2.1)), "mixed");
  assertEquals(verdictOf(judged(2.1, 0, 2.1)), "mixed", "LPIPS rises: worse");
});

Deno.test("verdictOf() leaves LPIPS alone without a say for better or worse", () => {
  assertEquals(verdictOf(judged(0, 0, -5)), "no difference");
  assertEquals(verdictOf(judged(0, 0, 5)), "no difference");
});

Deno.test("verdictOf() gives none where there is no standard error", () => {
  const one: Difference = { mean: 3, pairs: 1 };
  assertEquals(verdictOf([{ difference: one, higherIsBetter: true, decides: true }]), undefined);
});
