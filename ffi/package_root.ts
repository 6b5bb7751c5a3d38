// Where this package lies: a folder, or the URL that it was imported from.

/** The package's root. scripts/dist.ts rewrites this line for the bundle, which lies in the root itself. */
export const PACKAGE_ROOT: URL = new URL("../", import.meta.url);
