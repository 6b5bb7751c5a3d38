// What `deno publish` would send to JSR: the library and the command line, and nothing else.

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ROOMS } from "../../scripts/rooms.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");

Deno.test("deno publish --dry-run warns of nothing, and sends every room that a user can import", async () => {
  // `deno check` has checked the types.
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(success, text);
  assert(!text.includes("warning"), text);
  const sent = [...text.matchAll(/file:\/\/(\S+) \(/g)].map(([, path]) => path.slice(ROOT.length + 1));
  const rooms = new Set(sent.map((path) => path.split("/")[0]));
  assertEquals(ROOMS.filter((room) => !rooms.has(room)), ["scripts", "tests"]);
  for (const path of ["LICENSE", "ffi/manifest.json", "load/splat_library_process.ts"]) {
    assert(sent.includes(path), path);
  }
  assertEquals(sent.filter((path) => /^(?:tests|scripts|cuda|build|docs|node_modules)\/|_test\.ts$/.test(path)), []);
});
