// The files of the page: HTML and CSS as they are, TypeScript without its types, uPlot from node_modules.

import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

/** A file to send. */
export interface PageFile {
  type: string;
  body: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  ts: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Where the page is: its modules import others by their places in the checkout, and the browser asks for them there. */
const ROOT = new URL("../", import.meta.url);

/** Files that the page may have: its own, and modules of other rooms that it shares. None leads out of the checkout. */
const SERVED = [/^view\/page\/[a-z_]+\.(?:html|css|ts|svg)$/, /^base\/(?:bulk|format|ticks|vec3)\.ts$/];

/** uPlot's files by the paths that the page uses. */
const UPLOT = { "view/page/uplot.js": "uPlot.esm.js", "view/page/uplot.css": "uPlot.min.css" } as const;

const read = new Map<string, Promise<PageFile | undefined>>();

/**
 * A file of the page; undefined if there is none of that name.
 *
 * @param path In the checkout, such as `view/page/main.ts`
 */
export function pageFile(path: string): Promise<PageFile | undefined> {
  const known = read.get(path);
  if (known !== undefined) return known;
  const file = isUplot(path) ? uplotFile(path) : SERVED.some((served) => served.test(path)) ? ownFile(path) : undefined;
  if (file === undefined) return Promise.resolve(undefined);
  file.then((found) => found ?? read.delete(path), () => read.delete(path));
  read.set(path, file);
  return file;
}

function isUplot(path: string): path is keyof typeof UPLOT {
  return Object.hasOwn(UPLOT, path);
}

async function uplotFile(path: keyof typeof UPLOT): Promise<PageFile> {
  const folder = dirname(createRequire(import.meta.url).resolve("uplot"));
  return { type: typeOf(UPLOT[path]), body: await Deno.readTextFile(join(folder, UPLOT[path])) };
}

async function ownFile(path: string): Promise<PageFile | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  // A browser knows nothing of types, nor of Deno's import map.
  const body = path.endsWith(".ts") ? stripTypeScriptTypes(text).replace('from "uplot"', 'from "./uplot.js"') : text;
  return { type: typeOf(path), body };
}

function typeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf(".") + 1)];
}
