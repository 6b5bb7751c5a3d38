// The test runner's counts: passed, failed, and skipped with the reason.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { coreTally, readJunit } from "../../scripts/test_report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="1" errors="0" time="0.006">
    <testsuite name="./x_test.ts" tests="6" disabled="3" errors="0" failures="1">
        <testcase name="a() does" classname="./x_test.ts" time="0.002" line="1" col="6">
        </testcase>
        <testcase name="b() on fox &lt;&amp;&gt; when x" classname="./x_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="c() works [skipped: no build/lib.so: run make build]" classname="./x_test.ts" line="9" col="6">
            <skipped/>
        </testcase>
        <testcase name="c &gt; d() fails" classname="./x_test.ts" time="0.001" line="3" col="6">
            <failure message="Uncaught Error: bad">Error: bad</failure>
        </testcase>
        <testcase name="a() does &gt; s1" classname="./x_test.ts" time="0.000" line="1" col="46">
        </testcase>
        <testcase name="a() does &gt; s2" classname="./x_test.ts" time="0.000" line="1" col="76">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("readJunit() counts tests once and gives reasons when some are skipped", async () => {
  const root = await Deno.makeTempDir();
  try {
    const source = `Deno.test("a() does", body);\nDeno.test({ name: "b()", ignore: fox === undefined, fn() {} });\n`;
    await Deno.writeTextFile(join(root, "x_test.ts"), source);
    assertEquals(readJunit(REPORT, root), [
      { name: "a() does", result: "passed" },
      { name: "b() on fox <&> when x", result: "skipped", reason: "ignore: fox === undefined" },
      { name: "c() works", result: "skipped", reason: "no build/lib.so: run make build" },
      { name: "c > d() fails", result: "failed" },
      { name: "a() does > s2", result: "skipped", reason: "ignored" },
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("coreTally() counts the results of the program, and a crash as a failure", () => {
  const results = (output: string, success: boolean) =>
    coreTally("core", output, success).map((outcome) => outcome.result);
  assertEquals(results("fine\n2 passed, 0 failed\n", true), ["passed", "passed"]);
  assertEquals(results("1 passed, 1 failed\n", false), ["passed", "failed"]);
  assertEquals(results("1 passed, 0 failed\n", false), ["passed", "failed"]);
  assertEquals(results("", false), ["failed"]);
  assertEquals(results("fine", true), ["passed"]);
});
