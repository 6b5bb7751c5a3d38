// The packages that `make demo` and the container install: those that cli.ts imports, in the versions of the rest.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import project from "../../deno.json" with { type: "json" };

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** Runs deno in the checkout. */
async function deno(...args: string[]): Promise<string> {
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("cli.jsonc and its lock have what cli.ts imports, and no package of tests and reports", async () => {
  const graph = JSON.parse(await deno("info", "--json", "--config=cli.jsonc", "--frozen", "cli.ts"));
  const errors = graph.modules.filter(({ error }: { error?: string }) => error !== undefined);
  assertEquals(errors, []);
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}/cli.lock`));
  assertEquals(Object.keys(lock.specifiers).sort(), [
    "npm:@zip.js/zip.js@2.24.0",
    "npm:deno-std@1.2.0",
    "npm:saxes@6.0.0",
    "npm:sharp@0.35.5",
    "npm:uplot@1.6.32",
  ]);
});

Deno.test("cli.lock has the versions of deno.lock", async () => {
  const [own, all] = await Promise.all(["cli.lock", "deno.lock"].map((file) => Deno.readTextFile(`${ROOT}/${file}`)));
  const [{ npm }, { npm: expected }] = [JSON.parse(own), JSON.parse(all)];
  assert(Object.keys(npm).length > 0);
  for (const name of Object.keys(npm)) assertEquals(npm[name].integrity, expected[name]?.integrity, name);
});

Deno.test("make demo installs the packages of cli.jsonc alone", async () => {
  assertMatch(project.tasks.demo.command, /^deno run --config=cli\.jsonc /);
  assertMatch(await Deno.readTextFile(`${ROOT}/Makefile`), /task --quiet --node-modules-dir=manual demo$/m);
});
