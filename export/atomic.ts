// Whole files or none: what is written appears under its name only when it is complete.

/**
 * Writes a file under a temporary name beside it, then renames it, so that a reader never sees half of it and a failed
 * write leaves what was there before.
 *
 * @example
 * ```ts ignore
 * import { writeFileAtomic } from "./atomic.ts";
 *
 * await writeFileAtomic("out/note.txt", new TextEncoder().encode("done\n"));
 * ```
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}
