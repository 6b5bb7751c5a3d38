// What lies at a path, without an error where nothing does.

/**
 * What the file system says about a path; undefined where nothing lies there, or its name is too long for anything to.
 *
 * @internal
 */
export async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  if (path.includes("\0")) return undefined; // no file's name has one
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

/**
 * Whether a folder lies at a path.
 *
 * @internal
 */
export async function isDirectory(path: string): Promise<boolean> {
  return (await statOrUndefined(path))?.isDirectory ?? false;
}

/**
 * The entries of a folder, numbers in names in numeric order; none where there is no folder.
 *
 * @internal
 */
export async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
