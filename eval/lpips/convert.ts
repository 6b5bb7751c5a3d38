// LPIPS weights from PyTorch's files: torchvision's backbone and the linear layers of Zhang et al. 2018.

import { DataError } from "../../base/errors.ts";
import type { LpipsNet } from "../../ffi/lpips.ts";
import { backboneTensors, linearTensors, type LpipsTensor, lpipsTensors, valuesOf } from "./network.ts";
import { readTensors, type Tensor } from "./tensors.ts";
import type { LpipsWeights } from "./weights_file.ts";

const NETS: readonly LpipsNet[] = ["vgg", "alex"];

/**
 * Gathers the weights of an LPIPS network; the first convolution tells which network it is.
 *
 * @internal
 * @param backbone torchvision's VGG16 or AlexNet: .pth or safetensors
 * @param linear LPIPS's linear layers for it, version 0.1: .pth or safetensors
 * @throws {DataError} When a file is damaged, or a tensor is missing, has another shape, or has values that are not
 *   numbers
 */
export async function gatherLpips(backbone: string, linear: string): Promise<LpipsWeights> {
  const [features, layers] = await Promise.all([readTensors(backbone), readTensors(linear)]);
  const net = NETS.find((name) => fits(features, backboneTensors(name)[0]));
  if (net === undefined) {
    const shape = features.get("features.0.weight")?.shape.join(" x ") ?? "missing";
    throw new DataError(
      `Neither torchvision's VGG16 nor its AlexNet: features.0.weight is ${shape}, ` +
        "not 64 x 3 x 3 x 3 or 64 x 3 x 11 x 11",
      { path: backbone },
    );
  }
  const values = new Float32Array(lpipsTensors(net).reduce((sum, { shape }) => sum + valuesOf(shape), 0));
  let at = 0;
  const take = (tensors: Map<string, Tensor>, path: string, wanted: readonly LpipsTensor[]) => {
    for (const tensor of wanted) {
      values.set(read(tensors, path, tensor), at);
      at += valuesOf(tensor.shape);
    }
  };
  take(features, backbone, backboneTensors(net));
  take(layers, linear, linearTensors(net));
  return { net, values };
}

function fits(tensors: Map<string, Tensor>, { name, shape }: LpipsTensor): boolean {
  const found = tensors.get(name)?.shape;
  return found !== undefined && found.length === shape.length && found.every((size, i) => size === shape[i]);
}

function read(tensors: Map<string, Tensor>, path: string, wanted: LpipsTensor): Float32Array {
  const found = tensors.get(wanted.name);
  if (found === undefined) throw new DataError(`File has no tensor ${wanted.name}`, { path });
  if (!fits(tensors, wanted)) {
    const [is, not] = [found.shape.join(" x "), wanted.shape.join(" x ")];
    throw new DataError(`Tensor ${wanted.name} is ${is}, not ${not}: a file of another network`, { path });
  }
  const values = found.read();
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new DataError(`Tensor ${wanted.name} has ${values[wrong]} at ${wrong}`, { path });
  return values;
}
