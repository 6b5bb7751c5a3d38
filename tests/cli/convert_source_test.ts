// Which photos `tame convert FOLDER` converts, and where to.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { type Source, sourceOf } from "../../cli/convert/source.ts";
import { UsageError } from "../../cli/errors.ts";

/** Runs `body` in a folder with empty files. */
async function withFiles(names: string[], body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_source_" });
  try {
    for (const name of names) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeTextFile(join(folder, name), "");
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function source(path: string): Promise<Source> {
  return sourceOf({ source_path: path } as Parameters<typeof sourceOf>[0], undefined);
}

Deno.test("sourceOf() takes photos of the formats that are read, in any case, and no hidden files", () =>
  withFiles(
    ["c.png", "d.png", "left/a b.png", "left/b.jpg", "e.JPG", ".hidden.png", "f.heic", "notes.txt"],
    async (folder) => {
      const { names, others, output } = await source(folder);
      assertEquals(others, ["f.heic", "notes.txt"]);
      assertEquals(names, ["c.png", "d.png", "e.JPG", "left/a b.png", "left/b.jpg"]);
      assertEquals(output, `${folder}_capture`);
    },
  ));

Deno.test("sourceOf() rejects an archive, but not a folder that has the name of one", () =>
  withFiles(["photos.zip", "folder.zip/a.png", "folder.zip/b.png"], async (folder) => {
    const error = await assertRejects(() => source(join(folder, "photos.zip")), UsageError);
    assertStringIncludes(error.message, "extract the archive first");
    assertStringIncludes(error.message, join(folder, "photos.zip"));
    assertEquals((await source(join(folder, "folder.zip"))).names, ["a.png", "b.png"]);
  }));

Deno.test("sourceOf() follows links to folders and files, reads each folder once, and ends in loops", () =>
  withFiles(["photos/own/a.png", "elsewhere/b.png", "elsewhere/deep/c.png", "d.png"], async (folder) => {
    const links = [
      ["elsewhere", "photos/linked"],
      ["d.png", "photos/d.png"],
      ["photos", "photos/own/loop"],
      ["elsewhere", "elsewhere/deep/loop"],
      ["photos/own", "photos/again"],
      ["nowhere", "photos/broken"],
    ];
    for (const [target, path] of links) await Deno.symlink(join(folder, target), join(folder, path));
    await Deno.symlink("itself", join(folder, "photos", "itself"));
    const { names, others } = await source(join(folder, "photos"));
    assertEquals(names, ["d.png", "linked/b.png", "linked/deep/c.png", "own/a.png"]);
    assertEquals(others, ["broken", "itself"]);
  }));
