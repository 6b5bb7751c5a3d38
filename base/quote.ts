// Quotes for a shell: commands that messages state can be copied.

/**
 * A word as a shell takes it, in quotes if it needs them.
 *
 * @internal
 */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
