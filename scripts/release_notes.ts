// Prints the notes of a release: the section of CHANGELOG.md of the version in deno.json.

import project from "../deno.json" with { type: "json" };
import { DataError } from "../base/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { runMain } from "./main.ts";

const CHANGELOG = new URL("../CHANGELOG.md", import.meta.url);

/** The notes of a version. */
export interface ReleaseNotes {
  /** Markdown, without the heading. */
  text: string;
  /** Whether the heading has a date instead of "unreleased". */
  dated: boolean;
}

/**
 * The section of a version, whose heading is `## VERSION (DATE)` or `## VERSION (unreleased)`.
 *
 * @throws {DataError} When there is none, or nothing in it
 */
export function releaseNotes(changelog: string, version: string): ReleaseNotes {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`${version} (`));
  const path = "CHANGELOG.md";
  if (section === undefined) throw new DataError(`There is no section "## ${version} (DATE)"`, { path });
  const [, date, text] = /^\S+ \((.*)\)\n([^]*)$/.exec(section) ?? [];
  if (!text?.trim()) {
    throw new DataError(`The section of ${version} has no heading with a date, or nothing in it`, { path });
  }
  return { text: `${text.trim()}\n`, dated: /^\d{4}-\d{2}-\d{2}$/.test(date) };
}

async function main(): Promise<number> {
  const { text, dated } = releaseNotes(await Deno.readTextFile(CHANGELOG), project.version);
  if (!dated) {
    console.error(`Warning: CHANGELOG.md has no date for ${project.version}: ## ${project.version} (YYYY-MM-DD)`);
  }
  console.log(text.trimEnd());
  return EXIT.done;
}

if (import.meta.main) await runMain(main, "deno run --allow-read scripts/release_notes.ts");
