// Test suites of the checkout, run on the GPU.

import { failure, type Finding, runProgram } from "./rows.ts";

/** Runs the tests of a folder; passes when none failed and some ran. */
export async function runSuite(
  folder: string,
  options: { seconds: number; env?: Record<string, string> },
): Promise<Finding> {
  const ended = await runProgram(Deno.execPath(), ["test", "--allow-all", "--no-check", folder], options);
  const tally = /(\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \| (\d+) ignored)?/.exec(ended.stdout);
  if (ended.code !== 0 || tally === null) {
    for (const [, name] of ended.stdout.matchAll(/^(.+) \.\.\. FAILED/gm)) console.log(`    FAILED: ${name}`);
    return failure(ended);
  }
  const [passed, ignored] = [Number(tally[1]), Number(tally[3] ?? 0)];
  for (const [, name] of ended.stdout.matchAll(/^(.+) \.\.\. ignored/gm)) console.log(`    skipped: ${name}`);
  const detail = `${passed} passed, ${ignored} skipped`;
  return passed === 0 ? { skipped: detail } : { passed: detail };
}
