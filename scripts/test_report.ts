// Reads the reports of test programs into one list of outcomes.

import { existsSync } from "@std/fs";
import { resolve } from "@std/path";

/** The outcome of one test. */
export interface Outcome {
  name: string;
  result: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  reason?: string;
}

/**
 * Tests of a JUnit report as `deno test --junit-path` writes it. Steps count with their test, unless they were skipped.
 * A skipped test's reason is what its name says after "[skipped: ", else its `ignore` as the source at `root` has it.
 */
export function readJunit(xml: string, root: string): Outcome[] {
  const outcomes: Outcome[] = [];
  const names = new Set<string>();
  for (
    const [, attributes, selfClosed, body = ""] of xml.matchAll(/<testcase\b([^>]*?)(?:(\/)>|>(.*?)<\/testcase>)/gs)
  ) {
    const attribute = (key: string) => unescapeXml(new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    const file = attribute("classname");
    const name = attribute("name");
    const skipped = selfClosed === undefined && body.includes("<skipped");
    names.add(`${file}\n${name}`);
    if (!skipped && isStep(file, name, names)) continue;
    if (!skipped) {
      outcomes.push({ name, result: /<(failure|error)\b/.test(body) ? "failed" : "passed" });
      continue;
    }
    const named = /^(.*?) \[skipped: (.*)\]$/s.exec(name);
    outcomes.push(
      named !== null
        ? { name: named[1], result: "skipped", reason: named[2] }
        : { name, result: "skipped", reason: ignoreExpression(resolve(root, file), Number(attribute("line"))) },
    );
  }
  return outcomes;
}

/** The core's test program ends with "N passed, N failed"; otherwise it counts as a single test. */
export function coreTally(name: string, output: string, success: boolean): Outcome[] {
  const tally = [...output.matchAll(/(\d+) passed, (\d+) failed/g)].pop();
  if (tally === undefined) return [{ name, result: success ? "passed" : "failed" }];
  const some = (count: number, result: Outcome["result"]) => Array.from({ length: count }, () => ({ name, result }));
  const failed = Number(tally[2]);
  return [...some(Number(tally[1]), "passed"), ...some(failed > 0 || success ? failed : 1, "failed")];
}

/** Steps are named after their test, which comes before them: "test > step". */
function isStep(file: string, name: string, names: ReadonlySet<string>): boolean {
  const parts = name.split(" > ");
  return parts.some((_, i) => i > 0 && names.has(`${file}\n${parts.slice(0, i).join(" > ")}`));
}

/** The `ignore` of the test that begins at a line of a file. */
function ignoreExpression(path: string, line: number): string {
  if (!existsSync(path)) return "ignored";
  const lines = Deno.readTextFileSync(path).split("\n").slice(line - 1);
  const next = lines.findIndex((text, i) => i > 0 && /\b(Deno\.test|\.step)\(/.test(text));
  const source = lines.slice(0, next < 0 ? undefined : next).join("\n");
  const expression = /\bignore:\s*(.+?)\s*(?:,\s*(?:\w+\s*[:(]|\})|,?\s*\}|,?\s*$)/m.exec(source);
  return expression === null ? "ignored" : `ignore: ${expression[1]}`;
}

function unescapeXml(text: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return entities[name] ?? whole;
  });
}
