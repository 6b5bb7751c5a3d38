// LPIPS networks with random weights: the real ones are not ours to ship.

import { lpipsTensors, valuesOf } from "../../eval/lpips/network.ts";
import type { Device } from "../../ffi/device.ts";
import type { Image } from "../../ffi/image.ts";
import { type LpipsNet, LpipsNetwork } from "../../ffi/lpips.ts";
import { Random } from "../reference/random.ts";

const made = new Map<LpipsNet, Float32Array>();

/**
 * Weights in the order of the ABI: uniform, with the variance that keeps features of one size from layer to layer (He et
 * al. 2015); those of the linear layers positive, as they are in truth. The same ones for each call.
 */
export function randomLpipsWeights(net: LpipsNet): Float32Array {
  const known = made.get(net);
  if (known !== undefined) return known;
  const random = new Random(net.length);
  const tensors = lpipsTensors(net);
  const weights = new Float32Array(tensors.reduce((sum, { shape }) => sum + valuesOf(shape), 0));
  let at = 0;
  for (const { name, shape } of tensors) {
    const size = valuesOf(shape);
    const linear = name.startsWith("lin");
    const reach = linear ? 1 : shape.length === 1 ? 0.1 : Math.sqrt(6 * shape[0] / size);
    for (const end = at + size; at < end; at++) weights[at] = random.uniform(linear ? 0 : -reach, reach);
  }
  made.set(net, weights);
  return weights;
}

/** A network with those weights; the caller disposes it. */
export function randomLpips(device: Device, net: LpipsNet): LpipsNetwork {
  return new LpipsNetwork(device, { net, checksum: "random", weights: randomLpipsWeights(net) });
}

/** Two images that differ everywhere: smooth, and the same with noise. */
export function imagePair(width: number, height: number): [Image, Image] {
  const random = new Random(width * height);
  const image = (noise: number): Image => ({
    width,
    height,
    rgb: Float32Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
      return 0.5 + 0.3 * Math.sin(0.4 * x + i % 3) * Math.cos(0.3 * y) + noise * random.uniform(-1, 1);
    }),
  });
  return [image(0), image(0.2)];
}
