// The notes of a release are the section of its version.

import { assert, assertEquals, assertThrows } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { DataError } from "../../base/errors.ts";
import { releaseNotes } from "../../scripts/release_notes.ts";

const CHANGELOG = `# Changelog

## 0.10.0 (unreleased)

- new

### For programmers

- an interface

## 0.1.0 (2026-01-31)

The first version.

## 0.0.1 (2026-01-01)
`;

Deno.test("releaseNotes() takes the section of the version, with its subsections", () => {
  const [unreleased, first] = ["0.10.0", "0.1.0"].map((version) => releaseNotes(CHANGELOG, version));
  assertEquals(unreleased, { text: "- new\n\n### For programmers\n\n- an interface\n", dated: false });
  assertEquals(first, { text: "The first version.\n", dated: true });
});

Deno.test("releaseNotes() rejects a version that has no section, or nothing in it", () => {
  assertThrows(() => releaseNotes(CHANGELOG, "0.1"), DataError, 'There is no section "## 0.1 (DATE)"');
  assertThrows(() => releaseNotes(CHANGELOG, "0.0.1"), DataError, "nothing in it");
});

Deno.test("CHANGELOG.md has a section for the version of deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
  assert(releaseNotes(text, project.version).text.length > 100);
});
