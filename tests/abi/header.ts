// The functions of cuda/tame.h, for tests that call each of them.

import { type HeaderFunction, parseHeader } from "../../scripts/generate_abi/header.ts";

const { functions } = parseHeader(Deno.readTextFileSync(new URL("../../cuda/tame.h", import.meta.url)));

/** All functions by name, in order. */
export const headerFunctions: Map<string, HeaderFunction> = new Map(functions.map((one) => [one.name, one]));
