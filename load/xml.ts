// Checked reading of XML files: a tree of the elements that a format knows, within limits of depth and number.

import { DataError } from "../base/errors.ts";

/** An element of the tree. */
export interface XmlElement {
  /** Its name. */
  name: string;
  /** Its attributes. */
  attributes: Readonly<Record<string, string>>;
  /** The elements in it that the format knows, in the file's order. */
  children: XmlElement[];
  /** The text in it, without that of other elements. */
  text: string;
  /** Its line, counted from 1. */
  line: number;
}

/** Parses a file's bytes; `path` is for error messages, `known` the names of elements to keep, others are skipped. */
export type XmlParser = (bytes: Uint8Array, path: string, known: ReadonlySet<string>) => XmlElement;

/** Largest file: 100 000 cameras. */
const LARGEST = 256 << 20;

/** Deepest nesting. */
const DEEPEST = 64;

/** Least bytes for each element, on average, and how many any file may have. Millions of empty ones exhaust memory. */
const LEAST_ELEMENT_BYTES = 32;
const FREE_ELEMENTS = 64;

/**
 * The parser, which is imported with the first file. External and internal entities are not expanded. It throws a
 * {@linkcode DataError} with the line of what is not well-formed, not UTF-8, or beyond the limits.
 *
 * @internal
 */
export async function loadXmlParser(): Promise<XmlParser> {
  // deno-lint-ignore no-import-prefix -- a module imported by URL has no import map to resolve a bare name with
  const { SaxesParser } = await import("npm:saxes@6.0.0");
  return (bytes, path, known) => {
    const fail = (message: string, line?: number, cause?: unknown): never => {
      throw new DataError(message, { path, line, cause });
    };
    if (bytes.length > LARGEST) fail(`File is too large: ${bytes.length} bytes, at most ${LARGEST}`);
    const text = decode(bytes, fail);
    const parser = new SaxesParser({ xmlns: false, position: true });
    const most = FREE_ELEMENTS + bytes.length / LEAST_ELEMENT_BYTES;
    const open: (XmlElement | undefined)[] = [];
    let root: XmlElement | undefined;
    let count = 0;
    parser.on("opentag", ({ name, attributes }) => {
      if (open.length >= DEEPEST) fail("Elements are nested too deeply", parser.line);
      const parent = open.at(-1);
      const kept = known.has(name) && (open.length === 0 || parent !== undefined);
      const element = kept ? { name, attributes, children: [], text: "", line: parser.line } : undefined;
      if (kept && ++count > most) fail(`File has more than ${Math.floor(most)} elements in ${bytes.length} bytes`);
      if (element !== undefined) parent?.children.push(element);
      if (open.length === 0) root = element;
      open.push(element);
    });
    parser.on("text", (part) => {
      const element = open.at(-1);
      if (element !== undefined) element.text += part;
    });
    parser.on("closetag", () => void open.pop());
    parser.on("error", (error) => fail(`File is not well-formed XML: ${reasonOf(error)}`, parser.line, error));
    parser.write(text).close();
    return root ?? fail("File has no element that is known");
  };
}

function decode(bytes: Uint8Array, fail: (message: string, line?: number, cause?: unknown) => never): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("File is not UTF-8 text", undefined, cause);
  }
}

/** The parser's reason without the line and column that it begins with. */
function reasonOf(error: Error): string {
  return error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "").slice(0, 200);
}

/** The first child of a name; undefined if there is none. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** All children of a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}
