// Every command on a page is run by a test, or the page says why not: in the source of the page, after the language of
// its block, as in "```sh not run: needs COLMAP".

import { assert, assertEquals } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { ROOT } from "../support/process.ts";
import { blocks, commands, GUIDE, page, PAGES, RUN } from "./markdown.ts";

/** Commands that are run, in this form or by what they call, elsewhere than in examples_test.ts; and where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "make deno": "Makefile", // `make test` needs these two
  "make build": "Makefile",
  "make test": "scripts/test.ts",
  "make demo": "tests/demo/demo_test.ts",
  "make serve": "tests/scripts/dist_test.ts",
  "deno task demo -m out/demo": "tests/demo/demo_test.ts",
  "deno task bench --json out/bench.json": "tests/docs/examples_test.ts",
  "deno publish --dry-run --allow-dirty --no-check": "tests/scripts/publish_test.ts",
  "deno task generate": "tests/scripts/generate_abi_test.ts",
  "deno test -A tests/train/budget_test.ts": "tests/train/budget_test.ts",
  'deno test -A --filter "parabola" tests/train/budget_test.ts': "tests/train/budget_test.ts",
};

/** Pages that a test of their own reads all commands of. */
const OWN_TEST: Readonly<Record<string, { commands: RegExp; test: string }>> = {
  "docs/abi.md": { commands: /^(gcc|\.\/render)/, test: "tests/docs/examples_test.ts" },
  "docs/guide/by-url.md": { commands: /^deno run /, test: "tests/scripts/dist_test.ts" },
};

Deno.test("every command on a page is run by a test, or the page says why not", () => {
  const unaccounted: string[] = [];
  const used = new Set<string>();
  for (const path of PAGES) {
    const isRun = (command: string): boolean => {
      if (RUN.test(command) && (path === "README.md" || GUIDE.includes(path))) return true;
      used.add(command);
      return command in ELSEWHERE || (OWN_TEST[path]?.commands.test(command) ?? false);
    };
    for (const { language, note, body } of blocks(page(path))) {
      if (language !== "sh") {
        // Commands stand in blocks of their language, where this test sees them.
        assert(!/^(deno|make|python3?) /m.test(body) || language === "ts", `${path}: a command in \`\`\`${language}`);
        continue;
      }
      if (note !== undefined) {
        assert(/^not run: \S{2,}/.test(note), `${path}: ${note}`);
        continue;
      }
      unaccounted.push(...commands(body).filter((command) => !isRun(command)).map((command) => `${path}: ${command}`));
    }
  }
  assertEquals(unaccounted, []);
  assertEquals(Object.keys(ELSEWHERE).filter((command) => !used.has(command)), [], "on no page any more");
  for (const file of [...Object.values(ELSEWHERE), ...Object.values(OWN_TEST).map(({ test }) => test)]) {
    assert(existsSync(join(ROOT, file)), file);
  }
});

Deno.test("blocks() reads language and note, and commands() joins lines and leaves out comments", () => {
  const [noted, plain] = blocks("```sh not run: needs a GPU\na \\\n  b\n# c\n```\n\n```\nx\n```\n");
  assertEquals([noted.language, noted.note, commands(noted.body)], ["sh", "not run: needs a GPU", ["a    b"]]);
  assertEquals([plain.language, plain.note, plain.body], ["", undefined, "x\n"]);
});
