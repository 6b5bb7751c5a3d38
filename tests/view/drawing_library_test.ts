// The library that draws splats in the browser: where its modules come from, and what is said when it cannot be had.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DOWNLOAD, drawingFile, hasDrawingLibrary, prepareDrawingLibrary } from "../../view/drawing_library.ts";
import { withFolder } from "../load/fixtures.ts";
import { drawingLibraryMissing } from "../support/splat_files.ts";

/** Runs something with an empty cache, and a registry that does not answer. */
async function withoutLibrary(body: () => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const before = ["DENO_DIR", "NPM_CONFIG_REGISTRY"].map((name) => [name, Deno.env.get(name)] as const);
    Deno.env.set("DENO_DIR", folder);
    Deno.env.set("NPM_CONFIG_REGISTRY", "http://127.0.0.1:1/");
    try {
      await body();
    } finally {
      for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    }
  });
}

Deno.test("without the library and without npm, the error has the command that fetches it", async () => {
  await withoutLibrary(async () => {
    assertEquals(await hasDrawingLibrary(), false);
    const notices: string[] = [];
    const error = await assertRejects(
      () => prepareDrawingLibrary({ onNotice: (message) => notices.push(message) }),
      Error,
      "Cannot download three 0.187.0 and @sparkjsdev/spark 2.2.0, which draw splats in the browser: ",
    );
    assertStringIncludes(error.message, `\n\n  ${DOWNLOAD}`);
    assertStringIncludes(notices.join(), "Downloading three 0.187.0 and @sparkjsdev/spark 2.2.0 from npm");
  });
});

Deno.test({
  name: "the modules of the library import each other by paths" +
    (drawingLibraryMissing === undefined ? "" : ` [skipped: ${drawingLibraryMissing}]`),
  ignore: drawingLibraryMissing !== undefined,
  async fn() {
    const wanted = ["view/library/three.js", "view/library/spark.js"];
    const seen = new Set<string>();
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const file = await drawingFile(path);
      assert(file !== undefined, `${path} is not served`);
      assertEquals(file.type, "text/javascript; charset=utf-8");
      const statements = file.body.matchAll(/^\s*(?:import|export)\b[^;"']*\bfrom\s*["']([^"']+)["']/gm);
      for (const [, from] of statements) {
        assert(from.startsWith("./"), `${path} imports ${from}`);
        wanted.push(new URL(from, `http://page/${path}`).pathname.slice(1));
      }
    }
    assertEquals(seen.size, 4);
    for (const none of ["view/library/", "view/library/none.js", "constructor", "view/page/models.ts"]) {
      assertEquals(await drawingFile(none), undefined, none);
    }
  },
});
