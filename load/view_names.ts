// What views are called: by their photos' paths, so that no two photos share a name.

/**
 * The names of views: each photo's path without its extension, or with it where two photos would have the same name.
 *
 * @internal
 *
 * @param paths The photos' paths in their folder, with forward slashes
 * @returns A name for each
 */
export function viewNames(paths: readonly string[]): string[] {
  const stems = paths.map((path) => path.replace(/(?<=[^/])\.[^./]+$/, ""));
  const owners = new Map<string, string>();
  const shared = new Set<string>();
  for (const [i, stem] of stems.entries()) {
    if ((owners.get(stem) ?? paths[i]) !== paths[i]) shared.add(stem);
    owners.set(stem, paths[i]);
  }
  return stems.map((stem, i) => shared.has(stem) ? paths[i] : stem);
}
