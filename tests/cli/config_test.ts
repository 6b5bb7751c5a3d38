// Options from a JSON file.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseWithConfig } from "../../cli/config.ts";
import { UsageError } from "../../cli/errors.ts";

async function withFile(content: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, content);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("parseWithConfig() prefers the command line when both give an option", async () => {
  const options = { iterations: 5, "sh-degree": 1, eval: true, test_iterations: [3, 4], start_checkpoint: null };
  await withFile(JSON.stringify({ tame: "0", options }), async (path) => {
    const { values, given } = await parseWithConfig(
      ["--iterations=9", "--config", path, "--eval=false"],
    );
    assertEquals(values.iterations, 9);
    assertEquals(values.sh_degree, 1);
    assertEquals(values.eval, false);
    assertEquals(values.test_iterations, [3, 4]);
    assertEquals(given.has("start_checkpoint"), false);
  });
});

Deno.test("parseWithConfig() reads a bare object when the file has no options in it", async () => {
  await withFile(`{"budget": 0.5, "test_iterations": []}`, async (path) => {
    const { values } = await parseWithConfig(["--config", path]);
    assertEquals(values.budget, 0.5);
    assertEquals(values.test_iterations, [-1]);
  });
});

Deno.test("parseWithConfig() names --config when its file is missing or a folder", async () => {
  const folder = await Deno.makeTempDir();
  for (const [path, words] of [[folder, "found a folder"], [`${folder}/none.json`, "File is missing"]]) {
    const error = await assertRejects(() => parseWithConfig(["--config", path]), UsageError, words);
    assertStringIncludes(error.message, "--config");
    assertStringIncludes(error.message, path);
  }
  await Deno.remove(folder);
});

Deno.test("parseWithConfig() names the file when its contents are wrong", async () => {
  for (
    const content of [`{"iteration": 5}`, `{"iterations": "many"}`, `{"iterations": {}}`, `[1]`, `{`, `{"debug": true}`]
  ) {
    await withFile(content, async (path) => {
      const error = await assertRejects(() => parseWithConfig(["--config", path]), UsageError);
      assertStringIncludes(error.message, path);
    });
  }
});
