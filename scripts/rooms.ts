// The rooms of the house, bottom up. A file imports from its own room and from the rooms before it, types included;
// tests/house/rooms_test.ts holds it.

/** The rooms that the graph of mod.ts draws on: what is packaged, and whose documentation examples are run. */
export const LIBRARY_ROOMS: readonly string[] = [
  "base",
  "ffi",
  "load",
  "init",
  "measure",
  "train",
  "eval",
  "export",
];

/** All rooms: top-level folders, and the modules beside them. */
export const ROOMS: readonly string[] = [
  ...LIBRARY_ROOMS,
  "view",
  "mod.ts",
  "third_party", // @std, which the library does without
  "demo",
  "cli",
  "cli.ts",
  "full_eval.ts",
  "scripts",
  "tests",
];
