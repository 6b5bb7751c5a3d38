// The number of threads must not change a bit of any result.
import { assert } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { imageLoss, psnr, ssim } from "../../ffi/metrics.ts";
import { rasterize } from "../../ffi/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { assertSameBits } from "./compare.ts";
import { libraryMissing, testDevice } from "../support/device.ts";

Deno.test({
  name: "rasterize(), backward(), imageLoss(), metrics and meanDist2() give the same bits when threads are 1, 2 or 3",
  ignore: libraryMissing !== undefined,
  async fn() {
    const [one, two, three] = [await resultsWith(1), await resultsWith(2), await resultsWith(3)];
    for (const [name, values] of Object.entries(one)) {
      assert(values.length > 0 && values.some((value) => value !== 0), `${name} is empty`);
      assertSameBits(two[name], values, `${name} with 2 threads`);
      assertSameBits(three[name], values, `${name} with 3 threads`);
    }
  },
});

async function resultsWith(threads: number): Promise<Record<string, Float32Array | Float64Array>> {
  using device: Device = await testDevice({ threads });
  const { splats, camera, background } = benignScene({ seed: 7, count: 2500, shDegree: 3, width: 251, height: 133 });
  using rasterization = rasterize(device, splats, camera, { background });
  const { image, alpha, depth } = rasterization;
  const a = { width: camera.width, height: camera.height, rgb: image };
  const b = { ...a, rgb: image.map((value, i) => 0.9 * value + 0.01 * (i % 11)) };
  const loss = imageLoss(device, a, b);
  return {
    image,
    alpha,
    depth,
    ...rasterization.backward(loss.gradient, alpha),
    lossGradient: loss.gradient,
    metrics: Float64Array.of(
      loss.value,
      psnr(device, a, b),
      ssim(device, a, b),
      ssim(device, a, b, { padding: "valid" }),
    ),
    meanDist2: await meanDist2(device, splats.means, { neighbours: 3 }),
  };
}
