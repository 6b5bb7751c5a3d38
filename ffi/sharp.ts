// sharp, the native code that decodes and encodes images: imported when the first image is read or written.

import { mayLoadPackages, permissionError } from "./permissions.ts";

/** What makes a pipeline of sharp's. */
export type Sharp = typeof import("npm:sharp@0.35.5").default;

let sharpModule: Promise<Sharp> | undefined;

/**
 * sharp, set up once: one thread a photo (the photos run in parallel), and no cache, as each is read once.
 *
 * @internal
 */
export function loadSharp(): Promise<Sharp> {
  // deno-lint-ignore no-import-prefix -- a module imported by URL has no import map to resolve a bare name with
  sharpModule ??= import("npm:sharp@0.35.5").then(({ default: sharp }) => {
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  }, (error) => {
    // sharp's own error advises to install it again.
    throw mayLoadPackages() ? error : permissionError("Cannot load sharp, which reads and writes images,", error);
  });
  return sharpModule;
}
