// Scores against scikit-image's, an independent implementation, if a Python has it.

import { assertAlmostEquals } from "@std/assert";
import { psnr, ssim } from "../../ffi/metrics.ts";
import { Random } from "../reference/random.ts";
import { libraryMissing, testDevice } from "../support/device.ts";

const WIDTH = 61;
const HEIGHT = 47;

/** SSIM as in Wang et al. (2004): 11 x 11 Gaussian window, sigma 1.5, mean over windows wholly inside. */
const PROGRAM = `
import sys, numpy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
a, b = numpy.frombuffer(sys.stdin.buffer.read(), numpy.float32).astype(numpy.float64).reshape(2, ${HEIGHT}, ${WIDTH})
print(structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0))
print(peak_signal_noise_ratio(a, b, data_range=1.0))
`;

/** A Python that has scikit-image. */
async function findPython(): Promise<string | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    try {
      const args = ["-c", "import numpy, skimage.metrics"];
      const { success } = await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output();
      if (success) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

const python = await findPython();
const skip = libraryMissing ?? (python === undefined ? "no Python with scikit-image" : undefined);
const NAME = "ssim() with valid padding and psnr() agree with scikit-image when an image is grey";

Deno.test({
  name: skip === undefined ? NAME : `${NAME} [skipped: ${skip}]`,
  ignore: skip !== undefined,
  async fn() {
    const random = new Random(5);
    const a = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => 0.5 + 0.4 * Math.sin(i / 9) * Math.cos(i / 200));
    const b = a.map((value) => Math.min(Math.max(value + 0.07 * random.normal(), 0), 1));
    const child = new Deno.Command(python!, { args: ["-c", PROGRAM], stdin: "piped", stdout: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    for (const plane of [a, b]) await writer.write(new Uint8Array(plane.buffer));
    await writer.close();
    const { stdout } = await child.output();
    const [expectedSsim, expectedPsnr] = new TextDecoder().decode(stdout).trim().split("\n").map(Number);

    using device = await testDevice();
    const grey = (plane: Float32Array) => ({
      width: WIDTH,
      height: HEIGHT,
      rgb: Float32Array.from({ length: 3 * plane.length }, (_, i) => plane[Math.floor(i / 3)]),
    });
    assertAlmostEquals(ssim(device, grey(a), grey(b), { padding: "valid" }), expectedSsim, 1e-4);
    assertAlmostEquals(psnr(device, grey(a), grey(b)), expectedPsnr, 1e-6);
  },
});
