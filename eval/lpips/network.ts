// The tensors of an LPIPS network (Zhang et al. 2018, version 0.1), by their names in PyTorch's files.

import type { LpipsNet } from "../../ffi/lpips.ts";

/** One tensor of a network. */
export interface LpipsTensor {
  /** As in the state dictionary: `features.0.weight`, `lin0.model.1.weight`. */
  name: string;
  /** Sizes, outermost first. */
  shape: readonly number[];
}

/** A convolution: index among the backbone's `features`, channels in and out, side of the kernel. */
type Convolution = readonly [index: number, input: number, output: number, kernel: number];

const CONVOLUTIONS: Record<LpipsNet, readonly Convolution[]> = {
  vgg: [
    [0, 3, 64, 3],
    [2, 64, 64, 3],
    [5, 64, 128, 3],
    [7, 128, 128, 3],
    [10, 128, 256, 3],
    [12, 256, 256, 3],
    [14, 256, 256, 3],
    [17, 256, 512, 3],
    [19, 512, 512, 3],
    [21, 512, 512, 3],
    [24, 512, 512, 3],
    [26, 512, 512, 3],
    [28, 512, 512, 3],
  ],
  alex: [
    [0, 3, 64, 11],
    [3, 64, 192, 5],
    [6, 192, 384, 3],
    [8, 384, 256, 3],
    [10, 256, 256, 3],
  ],
};

/** Channels of the five layers that are compared. */
const COMPARED: Record<LpipsNet, readonly number[]> = {
  vgg: [64, 128, 256, 512, 512],
  alex: [64, 192, 384, 256, 256],
};

/** The backbone's tensors: weight and bias of each convolution, in the order of the ABI. */
export function backboneTensors(net: LpipsNet): LpipsTensor[] {
  return CONVOLUTIONS[net].flatMap(([index, input, output, kernel]) => [
    { name: `features.${index}.weight`, shape: [output, input, kernel, kernel] },
    { name: `features.${index}.bias`, shape: [output] },
  ]);
}

/** The linear layers' tensors, in the order of the ABI. */
export function linearTensors(net: LpipsNet): LpipsTensor[] {
  return COMPARED[net].map((channels, layer) => ({
    name: `lin${layer}.model.1.weight`,
    shape: [1, channels, 1, 1],
  }));
}

/** All tensors of a network, in the order of the ABI. */
export function lpipsTensors(net: LpipsNet): LpipsTensor[] {
  return [...backboneTensors(net), ...linearTensors(net)];
}

/** Number of values of a tensor of this shape. */
export function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
