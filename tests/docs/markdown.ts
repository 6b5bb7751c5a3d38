// What the tests read of a page of documentation: its links, its fenced code, its headings.

import { join } from "@std/path";
import { ROOT } from "../support/process.ts";

/** Pages for users and for those who change the native code. */
export const PAGES = [
  "README.md",
  "CHANGELOG.md",
  "docs/guide.md",
  "docs/guide/options.md",
  "docs/abi.md",
  "docs/lpips.md",
  "docs/performance.md",
  "docs/quality.md",
  "cuda/README.md",
];

/** The text of a page. */
export function page(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** The contents of a page's fenced blocks of a language, in their order. */
export function fenced(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , body]) => body);
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
