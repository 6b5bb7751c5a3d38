// Relative paths are resolved against the user's folder.

import { assertEquals } from "@std/assert";
import { userPath } from "../../cli/paths.ts";

Deno.test("userPath() resolves against INIT_CWD when deno task changed the directory", () => {
  assertEquals(userPath("a/../b", { cwd: "/repo", root: "/repo", initCwd: "/home/me" }), "/home/me/b");
  assertEquals(userPath("b", { cwd: "/repo", root: "/repo", initCwd: "" }), "/repo/b");
  assertEquals(userPath("/abs/b", { cwd: "/repo", root: "/repo", initCwd: "/home/me" }), "/abs/b");
});

Deno.test("userPath() resolves against the current directory when INIT_CWD is another task's", () => {
  assertEquals(userPath("b", { cwd: "/tmp", root: "/repo", initCwd: "/repo" }), "/tmp/b");
});
