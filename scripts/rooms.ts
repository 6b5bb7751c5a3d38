// The rooms of the house, bottom up. A file imports from its own room and from the rooms before it, types included;
// tests/house/rooms_test.ts enforces it.

/** The rooms in the module graph of mod.ts: they are packaged, and their documentation examples are run. */
export const LIBRARY_ROOMS: readonly string[] = [
  "base",
  "ffi",
  "load",
  "init",
  "measure",
  "train",
  "eval",
  "export",
  "notebook",
];

/** All rooms: top-level folders, and the modules beside them. */
export const ROOMS: readonly string[] = [
  ...LIBRARY_ROOMS,
  "view",
  "mod.ts",
  "third_party", // @std, not used by the library
  "demo",
  "cli",
  "cli.ts",
  "full_eval.ts",
  "scripts",
  "tests",
];
