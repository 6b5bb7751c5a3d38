// Renders, the differentiable rasteriser and the metrics: the GPU against the CPU, at the pixels where, by the oracle,
// rounding does not decide which splats are blended.
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { imageLoss, psnr, ssim } from "../../ffi/metrics.ts";
import { rasterize, render, renderImage8, type SplatGradients } from "../../ffi/rasterizer.ts";
import { BENIGN_CASES } from "../raster/benign_cases.ts";
import { assertGradientsAgree, randomUpstream, rasterizePair } from "../raster/compare.ts";
import { Random } from "../reference/random.ts";
import type { ReferenceGradients } from "../reference/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { pairTest } from "./devices.ts";

/** Largest difference of an image value. */
const IMAGE_ERROR = 2e-4;

for (const { name, scene } of BENIGN_CASES) {
  pairTest(`rasterize() and backward() agree with the CPU when there are: ${name}`, ({ gpu, cpu }) => {
    const made = scene();
    const theirs = rasterizePair(cpu, name, made);
    using _theirs = theirs.ours;
    using ours = rasterize(gpu, made.splats, made.camera, { background: made.background });
    for (const plane of ["image", "alpha", "depth"] as const) {
      assertClose(ours[plane], theirs.ours[plane], { name: `${name}: ${plane}`, excluded: theirs.reference.excluded });
    }
    const [radii, expected] = [ours.radii(), theirs.ours.radii()];
    for (let i = 0; i < expected.length; i++) {
      const possible = [expected[i], theirs.reference.radii[i], ...theirs.reference.possibleRadii[i]];
      assert(possible.includes(radii[i]), `${name}: radius ${i} is ${radii[i]}, not ${possible}`);
    }
    const { dImage, dAlpha } = randomUpstream(theirs, 3);
    assertGradientsAgree(name, ours.backward(dImage), inFloat64(theirs.ours.backward(dImage)));
    assertGradientsAgree(
      `${name}, with dAlpha`,
      ours.backward(dImage, dAlpha),
      inFloat64(theirs.ours.backward(dImage, dAlpha)),
    );
  });
}

pairTest("render() and renderImage8() agree with the CPU on the same Gaussians", async ({ gpu, cpu }) => {
  const scene = benignScene({ seed: 801, count: 250, shDegree: 3 });
  const { splats, camera, background } = scene;
  const { reference: { excluded }, ours: unused } = rasterizePair(cpu, "render", scene);
  unused[Symbol.dispose]();
  const [ours, theirs] = [await renders(gpu), await renders(cpu)];
  for (const plane of ["rgb", "alpha", "depth"] as const) {
    assertClose(ours.exact[plane]!, theirs.exact[plane]!, { name: plane, excluded });
  }
  for (const bytes of ["rgb8", "rgba8"] as const) {
    assertEquals(ours[bytes].data.length, theirs[bytes].data.length);
    const { channels } = ours[bytes];
    ours[bytes].data.forEach((byte, i) => {
      const wrong = Math.abs(byte - theirs[bytes].data[i]);
      assert(excluded[Math.floor(i / channels)] || wrong <= 1, `${bytes}[${i}]: ${byte}, not ${theirs[bytes].data[i]}`);
    });
  }

  async function renders(device: Device) {
    using gaussians = Gaussians.fromArrays(device, splats);
    return {
      exact: await render(gaussians, camera, { background }),
      rgb8: await renderImage8(gaussians, camera, { background }),
      rgba8: await renderImage8(gaussians, camera, { background, alpha: true }),
    };
  }
});

for (const [width, height] of [[1, 1], [11, 11], [16, 16], [61, 45], [130, 97]]) {
  pairTest(`psnr(), ssim() and imageLoss() agree with the CPU when images are ${width} x ${height}`, (pair) => {
    const random = new Random(width);
    const image = (): { width: number; height: number; rgb: Float32Array } => ({
      width,
      height,
      rgb: Float32Array.from({ length: 3 * width * height }, () => random.uniform()),
    });
    const [a, b] = [image(), image()];
    assertAlmostEquals(psnr(pair.gpu, a, b), psnr(pair.cpu, a, b), 1e-9);
    assertAlmostEquals(ssim(pair.gpu, a, b), ssim(pair.cpu, a, b), 1e-9);
    if (Math.min(width, height) >= 11) {
      const options = { padding: "valid" } as const;
      assertAlmostEquals(ssim(pair.gpu, a, b, options), ssim(pair.cpu, a, b, options), 1e-9);
    }
    for (const lambdaDssim of [0, 0.2, 1]) {
      const [ours, theirs] = [imageLoss(pair.gpu, a, b, { lambdaDssim }), imageLoss(pair.cpu, a, b, { lambdaDssim })];
      assertAlmostEquals(ours.value, theirs.value, 1e-5);
      const largest = theirs.gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      ours.gradient.forEach((value, i) => assertLessOrEqual(Math.abs(value - theirs.gradient[i]), 1e-4 * largest));
    }
  });
}

function assertClose(
  actual: Float32Array,
  expected: Float32Array,
  { name, excluded }: { name: string; excluded: Uint8Array },
): void {
  assertEquals(actual.length, expected.length, `Length of ${name}`);
  const channels = actual.length / excluded.length;
  for (let i = 0; i < expected.length; i++) {
    if (excluded[Math.floor(i / channels)]) continue;
    // A depth's error is relative if the depth is more than one unit.
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    assertLessOrEqual(error, IMAGE_ERROR, `${name}[${i}] is ${actual[i]}, the CPU has ${expected[i]}`);
  }
}

function inFloat64(gradients: SplatGradients): ReferenceGradients {
  return {
    means: Float64Array.from(gradients.means),
    logScales: Float64Array.from(gradients.logScales),
    quats: Float64Array.from(gradients.quats),
    opacities: Float64Array.from(gradients.opacities),
    sh: Float64Array.from(gradients.sh),
    means2d: Float64Array.from(gradients.means2d),
  };
}
