// Errors become exit codes and messages; only a defect of the program shows a stack trace.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { Interrupted, PermissionError, UsageError } from "../../cli/errors.ts";
import { failureOf } from "../../cli/exit.ts";
import { LibraryError, TameError, type TameStatus } from "../../ffi/errors.ts";

const permissions = () => "Run: deno run";

Deno.test("failureOf() maps each kind of error to its exit code", () => {
  const codes: [unknown, number][] = [
    [new UsageError("u"), 2],
    [new PermissionError("p"), 2],
    [new Deno.errors.NotCapable("Requires read access"), 2],
    [new DataError("d", { path: "a" }), 3],
    [new Deno.errors.NotFound("No such file (os error 2): stat 'a'"), 3],
    [new LibraryError("l"), 4],
    [new Interrupted(130), 130],
    [new Interrupted(143), 143],
    [new Deno.errors.PermissionDenied("denied"), 1],
    [new Error("No space left on device (os error 28)"), 1],
    [new Error("plain"), 1],
    [new TypeError("undefined is not a function"), 1],
  ];
  for (const [error, code] of codes) assertEquals(failureOf(error, permissions).code, code, String(error));
  const statuses: [TameStatus, number][] = [
    ["no device", 4],
    ["out of memory", 4],
    ["no kernel image", 4],
    ["driver too old", 4],
    ["internal", 1],
    ["i/o", 1],
  ];
  for (const [status, code] of statuses) {
    assertEquals(failureOf(new TameError(status, "t"), permissions).code, code, status);
  }
});

Deno.test("failureOf() shows a stack trace only for a defect of the program", () => {
  assertEquals(
    failureOf(new DataError("File ends", { path: "a", offset: 8 }), permissions).message,
    "File ends (a, byte 8)",
  );
  assertEquals(failureOf(new Error("plain"), permissions).message, "plain");
  assertStringIncludes(failureOf(new TypeError("oops"), permissions).message, "exit_test.ts");
});

Deno.test("failureOf() has advice when a permission or memory is missing", () => {
  const denied = failureOf(new Deno.errors.NotCapable("Requires ffi access"), permissions).message;
  assertEquals(denied, "Requires ffi access. Run: deno run");
  const cause = new Deno.errors.NotCapable("Requires net access");
  const wrapped = failureOf(new Deno.errors.NotCapable("Cannot download", { cause }), permissions).message;
  assertEquals(wrapped, "Requires net access. Run: deno run");
  const full = new TameError("out of memory", "Out of memory for photos", { bytesWanted: 2e9, bytesFree: 1e9 });
  assertStringIncludes(failureOf(full, permissions).message, "--data_device cpu");
});
