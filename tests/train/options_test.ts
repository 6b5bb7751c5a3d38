// Training options: defaults, lists of iterations, and errors.
import { assertEquals, assertThrows } from "@std/assert";
import { STRATEGY_OPTIONS, type StrategyName } from "../../train/strategy_options.ts";
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

Deno.test("resolveTrainOptions() keeps only iterations within the run and always saves the last", () => {
  const options = resolveTrainOptions({ iterations: 500, saveIterations: [7000, 100, 100], testIterations: [-1] });
  assertEquals(options.saveIterations, [100, 500]);
  assertEquals(options.testIterations, []);
});

Deno.test("resolveTrainOptions() takes the defaults of the strategy, unless stated, and scales them", () => {
  const until = (options: TrainOptions) => resolveTrainOptions(options).densifyUntilIter;
  assertEquals([until({}), until({ strategy: "adc" })], [15_000, 15_000]);
  assertEquals([until({ strategy: "absgrad" }), until({ strategy: "mcmc" })], [24_000, 25_000]);
  assertEquals(until({ strategy: "mcmc", iterations: 6000 }), 5000);
  assertEquals(until({ strategy: "mcmc", iterations: 7000, densificationInterval: 200 }), 25_000);
  assertEquals(until({ strategy: "mcmc", densifyUntilIter: 5000 }), 5000);
  assertEquals(resolveTrainOptions({ strategy: "absgrad", iterations: 15_000 }).densificationInterval, 500);
  for (const [name, options] of Object.entries(STRATEGY_OPTIONS)) {
    const resolved: Record<string, unknown> = { ...resolveTrainOptions({ strategy: name as StrategyName }) };
    assertEquals(Object.fromEntries(Object.keys(options).map((option) => [option, resolved[option]])), options);
  }
});

const LARGEST_RATES = {
  ...{ positionLrInit: 1, positionLrFinal: 1, featureLr: 10, shfeatureLr: 200 },
  ...{ opacityLr: 10, scalingLr: 10, rotationLr: 10 },
};

Deno.test("resolveTrainOptions() takes 100 times the default of every learning rate, and rejects what makes no sense", () => {
  for (const [name, largest] of Object.entries(LARGEST_RATES) as [keyof typeof LARGEST_RATES, number][]) {
    const taken = (value: number) => resolveTrainOptions({ [name]: value })[name];
    const usual = resolveTrainOptions()[name];
    assertEquals([taken(100 * usual), taken(largest)], [100 * usual, largest]);
    for (const absurd of [1.001 * largest, NaN, Infinity, -usual]) {
      const message = `Cannot use ${absurd} as ${name}: it takes a number from 0 to ${largest}`;
      assertThrows(() => taken(absurd), RangeError, message);
    }
  }
});

Deno.test("resolveTrainOptions() keeps a strategy that is a function", () => {
  const strategy = () => {
    throw new Error("not called");
  };
  assertEquals(resolveTrainOptions({ strategy, parity: "reference" }).strategy, strategy);
  assertEquals(resolveTrainOptions().strategy, "taming");
});

Deno.test("resolveTrainOptions() ignores an option that is undefined", () => {
  assertEquals(resolveTrainOptions({ budget: undefined }).budget, 20);
});

Deno.test("resolveTrainOptions() throws with the option's name and range when a value is wrong", () => {
  const cases: [TrainOptions, string][] = [
    [{ iterations: 0 }, "Cannot use 0 as iterations: it takes an integer from 1 to 2^32 - 1"],
    [{ iterations: 2.5 }, "integer"],
    [{ shDegree: 4 }, "from 0 to 3"],
    [{ lambdaDssim: 1.5 }, "Cannot use 1.5 as lambdaDssim: it takes a number from 0 to 1"],
    [{ opacityLr: NaN }, "opacityLr"],
    [{ budget: 0 }, "greater than 0"],
    [{ maxSeconds: 0 }, "greater than 0"],
    [{ viewsPerStep: 3 }, "Cannot use 3 as viewsPerStep: it takes 1, 2, 4, 8, 16, 32 or 64"],
    [{ shLower: 1 as unknown as boolean }, "true or false"],
    [{ mode: "both" as "multiplier" }, 'Cannot use "both" as mode: it takes "multiplier" or "final_count"'],
    [{ optimizerType: "sgd" as "default" }, '"default" or "sparse_adam"'],
    [{ minOpacity: 1.5 }, "from 0 to 1"],
    [{ strategy: "sgld" as "mcmc" }, 'Cannot use "sgld" as strategy: it takes "taming", "absgrad", "mcmc" or "adc"'],
    [{ strategy: "mcmc", parity: "reference" }, "Cannot use parity curve with strategy mcmc"],
    [{ strategy: "adc", parity: ["rates", "selection"] }, "Cannot use parity selection with strategy adc"],
    [{ strategy: "mcmc", parity: ["opacity"], hoIteration: 26_000 }, "Cannot use parity opacity with strategy mcmc"],
    [{ strategy: "mcmc", minOpacity: 1 }, "Cannot use 1 as minOpacity with strategy mcmc: it must be less than 1"],
    [{ preset: "fast", strategy: "taming" }, "Cannot use strategy taming with preset fast, which is for absgrad"],
    [{ strategy: "mcmc", highOpacity: true, hoIteration: 26_000 }, "Cannot use highOpacity with strategy mcmc"],
    [{ cams: -2 }, "Cannot use -2 as cams: it takes an integer from 0 to 2^32 - 1, or -1"],
    [{ saveIterations: [0] }, "Cannot use [0] as saveIterations: it takes one or more integers, each 1 or more, or -1"],
    [{ positionLrInit: 0 }, "positionLrFinal"],
    [{ parity: "same" as "none" }, '"none", "reference", or some of curve, selection'],
    [{ parity: ["curve", "all"] as unknown as ["curve"] }, "some of curve"],
    [{ iteration: 5 } as TrainOptions, 'Unknown option "iteration"'],
  ];
  for (const [options, words] of cases) assertThrows(() => resolveTrainOptions(options), RangeError, words);
});
