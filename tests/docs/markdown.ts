// What the tests read of a page of documentation: its links, its fenced code, its headings.

import { join } from "@std/path";
import { ROOT } from "../support/process.ts";

/** The guide's pages: its index, then the others in the order of the index. */
export const GUIDE = ["docs/guide/README.md", ...indexed("docs/guide")];

/** Pages for users and for contributors. */
export const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...GUIDE,
  "docs/abi.md",
  "docs/lpips.md",
  "docs/performance.md",
  "docs/quality.md",
  "docs/releasing.md",
  "cuda/README.md",
];

/** Commands of README.md and the guide that a test runs one after another. */
export const RUN = /^deno task (train|render|metrics|export|info|doctor|api|full-eval .*--emit)\b/;

/** The text of a page. */
export function page(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** The pages that a folder's README.md links to, each once. */
function indexed(folder: string): string[] {
  return [...new Set(links(page(`${folder}/README.md`)))].map((target) => `${folder}/${target}`);
}

/** The text of the whole guide. */
export function guide(): string {
  return GUIDE.map(page).join("\n");
}

/** A fenced block of a page. */
export interface Block {
  language: string;
  /** What stands after the language, such as `not run: needs COLMAP`. */
  note?: string;
  body: string;
}

/** The fenced blocks of a page, in their order. */
export function blocks(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)(?: +(\S.*?))?\n(.*?)^```$/gms)]
    .map(([, language, note, body]) => ({ language, note, body }));
}

/** The contents of a page's fenced blocks of a language, in their order, without those that have a note. */
export function fenced(text: string, language: string): string[] {
  return blocks(text).filter((block) => block.language === language && block.note === undefined)
    .map(({ body }) => body);
}

/** The commands of a block, without comments. */
export function commands(block: string): string[] {
  return block.replaceAll("\\\n", " ").split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Targets of a page's links and pictures. */
export function links(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The anchors that headings of a page get. */
export function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}
