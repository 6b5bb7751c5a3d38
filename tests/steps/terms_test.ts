// Terms of a step: pressures on opacities and scales in the gradient, and noise on the means after Adam.
import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { GROUP, STEP, type Step } from "../../ffi/trainer.ts";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { twoSided } from "../densify/world.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { type Run, type State, stateAfter } from "./world.ts";

const COUNT = 80;
/** With beta1 = 0 the first moment is the gradient. */
const GRADIENT = { beta1: 0 };

for (
  const [what, change, pressure] of [
    ["of the used opacities", {}, (x: number) => sigmoid(x) * (1 - sigmoid(x))],
    ["of the logits", { flags: STEP.logitPressure }, () => 1],
  ] as [string, Partial<Step>, (x: number) => number][]
) {
  deviceTest(`Trainer.run() adds the opacity pressure ${what} to the gradient`, async (device) => {
    const { splats, photos } = twoSided(COUNT);
    const run = { splats, photos, ...GRADIENT };
    await assertAdds(
      device,
      run,
      "opacities_m",
      { ...change, opacityPressure: 0.25 },
      (i) => 0.25 * pressure(splats.opacities[i]),
    );
  });
}

for (const opacityPressure of [0.5, -0.5]) {
  deviceTest(`Trainer.run() adds an opacity pressure of ${opacityPressure} to linear opacities`, async (device) => {
    const { splats, photos } = twoSided(COUNT);
    for (const flags of [0, STEP.logitPressure]) {
      const run = { splats, photos, linear: true, ...GRADIENT };
      await assertAdds(device, run, "opacities_m", { flags, opacityPressure }, () => opacityPressure);
    }
  });
}

deviceTest("Trainer.run() adds the scale pressure to the gradient", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  const run = { splats, photos, ...GRADIENT };
  await assertAdds(device, run, "log_scales_m", { scalePressure: 0.1 }, (i) => 0.1 * Math.exp(splats.logScales[i]));
});

deviceTest("Trainer.run() adds terms only to visible rows with STEP.visibleTerms", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  const terms = { opacityPressure: 1, scalePressure: 1, noise: 10, flags: STEP.statistics | STEP.visibleTerms };
  const run = { splats: faint(splats), photos, ...GRADIENT };
  const plain = await stateAfter(device, run, [{ flags: STEP.statistics }]);
  const state = await stateAfter(device, run, [terms]);
  state.visible_steps.forEach((visible, i) => {
    for (const [name, width] of [["opacities_m", 1], ["log_scales_m", 3], ["means", 3]] as const) {
      const [ours, theirs] = [state, plain].map((columns) => columns[name].subarray(width * i, width * i + width));
      if (visible === 0) assertEquals(ours, theirs, `${name} of ${i}`);
      else assertNotEquals(ours, theirs, `${name} of ${i}`);
    }
  });
  assertEquals(new Set(state.visible_steps), new Set([0, 1]));
});

deviceTest(
  "Trainer.run() does not change the means when the noise is 0, and takes steps of only noise",
  async (device) => {
    const { splats, photos } = twoSided(COUNT);
    const run = { splats: faint(splats), photos };
    const still = await stateAfter(device, run, [{ update: 0, noise: 0 }]);
    assertEquals(still.means, run.splats.means);
    const { means, ...others } = await stateAfter(device, run, [{ update: 0, noise: 1 }]);
    const moved = means.filter((value, i) => value !== run.splats.means[i]).length;
    assert(moved > 0.8 * means.length, `${moved} of ${means.length} moved`);
    for (const [name, values] of Object.entries(others)) assertEquals(values, still[name], name);
  },
);

deviceTest("Trainer.run() draws noise with the covariance of its formula", async (device) => {
  const count = 40_000;
  // All with the same scales, rotated axes, and an opacity of 0.02.
  const quat = [0.9, 0.2, -0.3, 0.25];
  const logScales = [-1, -1.5, -0.5];
  const splats = identical(count, { quat, logScales, opacity: Math.log(0.02 / 0.98) });
  const noise = 0.2;
  const { means } = await stateAfter(device, { splats, photos: twoSided(2).photos }, [{ update: 0, noise }]);
  const share = noise * sigmoid(-100 * (0.02 - 0.005));
  const sigma = covariance(quat, logScales);
  const expected = product(sigma, sigma).map((row) => row.map((value) => share ** 2 * value));
  for (let a = 0; a < 3; a++) {
    const mean = average(count, (i) => means[3 * i + a]);
    assertLessOrEqual(Math.abs(mean), 0.03 * Math.sqrt(expected[a][a]), `mean ${a}`);
    for (let b = 0; b < 3; b++) {
      const value = average(count, (i) => means[3 * i + a] * means[3 * i + b]);
      const bound = 0.03 * Math.sqrt(expected[a][a] * expected[b][b]);
      assertLessOrEqual(Math.abs(value - expected[a][b]), bound, `${value} of ${a}, ${b}: expected ${expected[a][b]}`);
    }
  }
});

deviceTest("Trainer.run() clamps each coordinate of the noise to one standard deviation", async (device) => {
  const quat = [0.9, 0.2, -0.3, 0.25];
  const logScales = [-1, -3, 0.5];
  const splats = identical(500, { quat, logScales, opacity: -8 });
  const { means } = await stateAfter(device, { splats, photos: twoSided(2).photos }, [{ update: 0, noise: 1e4 }]);
  const sigma = covariance(quat, logScales);
  means.forEach((value, i) => {
    const most = Math.sqrt(sigma[i % 3][i % 3]);
    assertLessOrEqual(Math.abs(value), most * (1 + 1e-6), `means[${i}]`);
  });
  const clamped = means.filter((value, i) => Math.abs(value) > 0.999 * Math.sqrt(sigma[i % 3][i % 3])).length;
  assert(clamped > 0.95 * means.length, `${clamped} of ${means.length} reach the bound`);
});

deviceTest("Trainer.run() adds no noise to opaque Gaussians, in either opacity mode", async (device) => {
  for (const linear of [false, true]) {
    const splats = identical(20, { quat: [1, 0, 0, 0], logScales: [0, 0, 0], opacity: 3 });
    const { means } = await stateAfter(device, { splats, photos: twoSided(2).photos, linear }, [
      { update: 0, noise: 100 },
    ]);
    means.forEach((value) => assertLessOrEqual(Math.abs(value), 1e-30));
  }
});

deviceTest("Trainer.run() computes noise from the opacities and scales after Adam", async (device) => {
  const splats = identical(50, { quat: [1, 0, 0, 0], logScales: [-2, -2, -2], opacity: -8 });
  const photos = twoSided(2).photos;
  const grown = { ...splats, logScales: splats.logScales.map(() => -1) };
  // Behind the camera, so that only the pressure changes the scales: Adam's first step is the learning rate.
  for (const some of [splats, grown]) some.means.forEach((_, i) => some.means[i] = i % 3 === 2 ? -50 : 0);
  const learningRates = [0, 0, 0, 0, 1, 0];
  const update = 1 << GROUP.logScales;
  const growing = { update, learningRates, scalePressure: -1, noise: 0.5 };
  const ours = await stateAfter(device, { splats, photos }, [growing]);
  const theirs = await stateAfter(device, { splats: grown, photos }, [{ update: 0, noise: 0.5 }]);
  ours.means.forEach((value, i) => {
    const [move, expected] = [value, theirs.means[i]].map((mean) => mean - splats.means[i]);
    assertLessOrEqual(Math.abs(move - expected), 1e-4 * Math.abs(expected) + 1e-5, `means[${i}]`);
  });
});

deviceTest("Trainer.run() draws other noise in each iteration, and the same when repeated", async (device) => {
  const splats = identical(50, { quat: [1, 0, 0, 0], logScales: [0, 0, 0], opacity: -8 });
  const photos = twoSided(2).photos;
  const meansOf = async (iteration: number) =>
    (await stateAfter(device, { splats, photos }, [{ update: 0, noise: 0.1, iteration }])).means;
  const first = await meansOf(7);
  assertEquals(await meansOf(7), first);
  (await meansOf(8)).forEach((value, i) => assertNotEquals(value, first[i]));
  using other = await testDevice({ seed: 5 });
  const { means } = await stateAfter(other, { splats, photos }, [{ update: 0, noise: 0.1, iteration: 7 }]);
  means.forEach((value, i) => assertNotEquals(value, first[i]));
});

deviceTest("Trainer.run() gives the same bits with terms when it stores gradients", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  for (const flags of [0, STEP.visibleTerms, STEP.visible]) {
    for (const linear of [false, true]) {
      const run = { splats: faint(splats), photos, linear };
      const list = [0, 1, 0].map((view) => ({ view, ...TERMS, flags }));
      assertEquals(await stateAfter(device, { ...run, unfused: true }, list), await stateAfter(device, run, list));
    }
  }
});

deviceTest("Trainer.run() gives the same bits with terms and 1, 2 or 3 threads", async () => {
  const { splats, photos } = twoSided(COUNT);
  const states: State[] = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    states.push(await stateAfter(device, { splats: faint(splats), photos }, [TERMS, TERMS, TERMS]));
  }
  assertEquals(states[1], states[0]);
  assertEquals(states[2], states[0]);
});

const TERMS: Partial<Step> = { opacityPressure: 0.01, scalePressure: 0.02, noise: 3 };

/** Fails unless changing the step adds the expected amount to each value of a column. */
async function assertAdds(
  device: Parameters<typeof stateAfter>[0],
  run: Run,
  column: string,
  change: Partial<Step>,
  expected: (i: number) => number,
): Promise<void> {
  const [plain, state] = [await stateAfter(device, run, [{}]), await stateAfter(device, run, [change])];
  state[column].forEach((value, i) => {
    const added = value - plain[column][i];
    const bound = 1e-6 * Math.abs(expected(i)) + 1e-6 * Math.abs(plain[column][i]);
    assertLessOrEqual(Math.abs(added - expected(i)), bound, `${column}[${i}] has ${added} more, not ${expected(i)}`);
  });
}

/** The same Gaussians with opacities of about 0.01. */
function faint(splats: SplatArrays): SplatArrays {
  return { ...splats, opacities: splats.opacities.map((value) => value - 4.5) };
}

/** Identical Gaussians at the origin. */
function identical(
  count: number,
  { quat, logScales, opacity }: { quat: number[]; logScales: number[]; opacity: number },
): SplatArrays {
  const each = (values: number[]) =>
    Float32Array.from({ length: values.length * count }, (_, i) => values[i % values.length]);
  return {
    means: each([0, 0, 0]),
    quats: each(quat),
    logScales: each(logScales),
    opacities: each([opacity]),
    sh: each([0, 0, 0]),
    shDegree: 0,
  };
}

function covariance([w, x, y, z]: number[], logScales: number[]): number[][] {
  const length = Math.hypot(w, x, y, z);
  const [a, b, c, d] = [w, x, y, z].map((value) => value / length);
  const rotation = [
    [1 - 2 * (c * c + d * d), 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), 1 - 2 * (b * b + d * d), 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), 1 - 2 * (b * b + c * c)],
  ];
  return [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) =>
      [0, 1, 2].reduce((sum, k) => sum + rotation[i][k] * Math.exp(2 * logScales[k]) * rotation[j][k], 0)
    )
  );
}

function product(a: number[][], b: number[][]): number[][] {
  return a.map((row) => [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
}

function average(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
