// Training options: defaults, lists of iterations, and refusals in words.
import { assertEquals, assertThrows } from "@std/assert";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";

Deno.test("resolveTrainOptions() fills in the published defaults when nothing is given", () => {
  const options = resolveTrainOptions();
  assertEquals(options.iterations, 30000);
  assertEquals(options.positionLrInit, 0.00016);
  assertEquals(options.shfeatureLr, 0.005);
  assertEquals(options.opacityLr, 0.025);
  assertEquals(options.saveIterations, [7000, 30000]);
  assertEquals(options.maxSeconds, Infinity);
});

Deno.test("resolveTrainOptions() keeps only iterations that happen and always saves the last", () => {
  const options = resolveTrainOptions({ iterations: 500, saveIterations: [7000, 100, 100], testIterations: [-1] });
  assertEquals(options.saveIterations, [100, 500]);
  assertEquals(options.testIterations, []);
});

Deno.test("resolveTrainOptions() takes an option that is undefined as not given", () => {
  assertEquals(resolveTrainOptions({ budget: undefined }).budget, 20);
});

Deno.test("resolveTrainOptions() throws with the option's name and range when a value is wrong", () => {
  const cases: [TrainOptions, string][] = [
    [{ iterations: 0 }, "Cannot train with iterations 0: it must be a whole number at least 1"],
    [{ iterations: 2.5 }, "whole number"],
    [{ shDegree: 4 }, "at least 0 and at most 3"],
    [{ lambdaDssim: 1.5 }, "Cannot train with lambdaDssim 1.5: it must be a number at least 0 and at most 1"],
    [{ opacityLr: NaN }, "opacityLr"],
    [{ budget: 0 }, "greater than 0"],
    [{ maxSeconds: 0 }, "greater than 0"],
    [{ mode: "both" as "multiplier" }, '"multiplier" or "final_count"'],
    [{ optimizerType: "sgd" as "default" }, '"default" or "sparse_adam"'],
    [{ minOpacity: 1.5 }, "at least 0 and at most 1"],
    [{ cams: -2 }, "Cannot train with cams -2: it must be a whole number at least -1"],
    [{ saveIterations: [0] }, "whole numbers from 1 on"],
    [{ positionLrInit: 0 }, "positionLrFinal"],
    [{ parity: "same" as "none" }, '"none", "reference", or some of curve, selection'],
    [{ parity: ["curve", "all"] as unknown as ["curve"] }, "some of curve"],
    [{ iteration: 5 } as TrainOptions, 'the option "iteration"'],
  ];
  for (const [options, words] of cases) assertThrows(() => resolveTrainOptions(options), RangeError, words);
});
