// The page that PlayCanvas's viewer of splats is written to: a bootstrap in JSON, with the Gaussians as a data URL.

import { DataError } from "../base/errors.ts";
import { isObject, type JsonObject } from "./json.ts";

const OPEN = '<script type="application/json" id="sse-bootstrap">';
const CLOSE = "</script>";
const DATA = /^data:[^,]*;base64,/;

/** The bootstrap of such a page, and the text around it. */
export interface ViewerPage {
  before: string;
  bootstrap: JsonObject;
  after: string;
}

/**
 * Finds the bootstrap; `path` is for error messages.
 *
 * @internal
 * @throws {DataError} When there is none
 */
export function parseViewerPage(text: string, path: string): ViewerPage {
  const start = text.indexOf(OPEN) + OPEN.length;
  const end = text.indexOf(CLOSE, start);
  const bootstrap = start < OPEN.length || end < 0 ? undefined : parsed(text.slice(start, end));
  if (!isObject(bootstrap)) throw new DataError("HTML file is not a page of PlayCanvas's viewer of splats", { path });
  return { before: text.slice(0, start), bootstrap, after: text.slice(end) };
}

/**
 * The text of a page.
 *
 * @internal
 */
export function formatViewerPage({ before, bootstrap, after }: ViewerPage): string {
  // In a script element, "<" could end it or start a comment.
  return before + JSON.stringify(bootstrap).replaceAll("<", "\\u003c") + after;
}

/**
 * The `.sog` file in a page; `path` is for error messages.
 *
 * @internal
 * @throws {DataError} When the page has none inside, but loads one from elsewhere
 */
export function sogOfPage(bytes: Uint8Array, path: string): Uint8Array {
  const { contentUrl } = parseViewerPage(new TextDecoder().decode(bytes), path).bootstrap;
  if (typeof contentUrl !== "string" || !DATA.test(contentUrl)) {
    throw new DataError("The page loads its Gaussians from another file: name that file", { path });
  }
  try {
    return Uint8Array.fromBase64(contentUrl.replace(DATA, ""));
  } catch (cause) {
    throw new DataError("The Gaussians in the page are not base64", { path, cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
