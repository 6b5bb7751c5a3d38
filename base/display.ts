// How a value shows itself as the result of a notebook's cell: Deno's kernel calls a method of this name.

/** Name of the method that Deno's Jupyter kernel calls on the last value of a cell. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** What a notebook shows, by MIME type; it takes the richest type that it knows. Binary data is in base64. */
export type MimeBundle = Record<string, unknown>;

/**
 * A text as HTML: the characters that have a meaning there are replaced.
 *
 * @example
 * ```ts
 * import { escapeHtml } from "./display.ts";
 *
 * console.log(escapeHtml("a < b")); // a &lt; b
 * ```
 */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character]);
}
