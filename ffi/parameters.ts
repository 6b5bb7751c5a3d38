// The parameters of a Gaussian by name, derived from the table in cuda/tame.h.

import { type ParameterName, PARAMETERS } from "./abi.ts";

export type { ParameterName } from "./abi.ts";

/** Names of the parameters, in their native order. */
export const PARAMETER_NAMES: readonly ParameterName[] = PARAMETERS.map(({ name }) =>
  name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()) as ParameterName
);

/** Native index of each parameter: bit number in an update mask, index in the learning rates. */
export const GROUP: Readonly<Record<ParameterName, number>> = Object.fromEntries(
  PARAMETER_NAMES.map((name, index) => [name, index]),
) as Record<ParameterName, number>;

/** Floats of a parameter for one Gaussian at a degree of the spherical harmonics. */
export function parameterFloats(name: ParameterName, shDegree: number): number {
  const { floats, shFloats } = PARAMETERS[GROUP[name]];
  return floats + shFloats * ((shDegree + 1) ** 2 - 1);
}
