// Names of the header's numbered constants, derived so that no list is written twice.

import { ABI } from "./abi.ts";

type CamelCase<Upper extends string> = Upper extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Upper>;

/** Names of the constants `TAME_<Prefix>_*` in camel case: `"blendBackward"` of `TAME_PHASE_BLEND_BACKWARD`. */
export type NameOf<Prefix extends string> = {
  [Key in keyof typeof ABI]: Key extends `${Prefix}_${infer Rest}` ? CamelCase<Rest> : never;
}[keyof typeof ABI];

/** The names by number. The numbers of a prefix are 0, 1, 2, … */
export function namesOf<Prefix extends string>(prefix: Prefix): readonly NameOf<Prefix>[] {
  const names: string[] = [];
  for (const [key, number] of Object.entries(ABI)) {
    if (key.startsWith(`${prefix}_`)) names[number] = camelCase(key.slice(prefix.length + 1));
  }
  return names as NameOf<Prefix>[];
}

function camelCase(upper: string): string {
  return upper.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
