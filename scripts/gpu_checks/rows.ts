// The rows of the GPU check's table: each is run, timed and reported at once.

import { fromFileUrl } from "@std/path";

/** The checkout. */
export const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/**
 * Milliseconds after the start of the process by which all checks must have ended, so that the whole fits ten minutes.
 */
const DEADLINE = 480_000;

/** A row of the table. */
export interface Row {
  name: string;
  result: "passed" | "failed" | "skipped";
  seconds: number;
  /** Result, or why it was skipped. */
  detail: string;
}

/** Result of a check: `passed` with a detail, `failed` or `skipped` with the reason. */
export type Finding = { passed: string } | { failed: string } | { skipped: string };

/** Runs checks one after another and reports each as it ends. */
export class Table {
  readonly rows: Row[] = [];

  /** Runs one check; an exception is a failure. */
  async check(name: string, body: () => Promise<Finding> | Finding): Promise<void> {
    console.log(`${name} ...`);
    const started = performance.now();
    let finding: Finding;
    try {
      finding = secondsLeft() > 0 ? await body() : { failed: "no time was left for it" };
    } catch (error) {
      finding = { failed: error instanceof Error ? error.message : String(error) };
    }
    const [[result, detail]] = Object.entries(finding) as [Row["result"], string][];
    const row = { name, result, seconds: (performance.now() - started) / 1000, detail };
    this.rows.push(row);
    console.log(rowText(row));
  }

  /** Whether a row failed. */
  get failed(): boolean {
    return this.rows.some(({ result }) => result === "failed");
  }
}

/** A row on one line. */
export function rowText({ name, result, seconds, detail }: Row): string {
  return `${result.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s  ${name}: ${detail.split("\n")[0]}`;
}

function secondsLeft(): number {
  return Math.max(0, Math.floor((DEADLINE - performance.now()) / 1000));
}

/** How a program ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
  timedOut: boolean;
}

/** Options of {@linkcode runProgram}. */
export interface ProgramOptions {
  /** After this long, or when time is up for all checks, the program and its children are ended. */
  seconds: number;
  env?: Record<string, string>;
}

/** Runs a program in the checkout to its end. */
export async function runProgram(program: string, args: string[], options: ProgramOptions): Promise<Ended> {
  const started = performance.now();
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["-k", "5", String(Math.max(1, Math.min(options.seconds, secondsLeft()))), program, ...args],
    cwd: ROOT,
    env: { INIT_CWD: ROOT, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...options.env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return {
    code,
    stdout: text.decode(stdout),
    stderr: text.decode(stderr),
    seconds: (performance.now() - started) / 1000,
    timedOut: code === 124 || code === 137,
  };
}

/** Runs a script of the checkout with Deno. */
export function runScript(script: string, args: string[], options: ProgramOptions): Promise<Ended> {
  return runProgram(Deno.execPath(), ["run", "--allow-all", "--no-check", script, ...args], options);
}

/** Why a program failed: prints its last lines; the first of them goes to the table. */
export function failure({ code, stdout, stderr, seconds, timedOut }: Ended): Finding {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  console.log(lines.slice(-60).map((line) => `    ${line}`).join("\n"));
  if (timedOut) return { failed: `not done after ${seconds.toFixed(0)} s` };
  const telling = lines.findLast((line) => /error|failed|ERROR SUMMARY/i.test(line)) ?? lines.at(-1) ?? "";
  return { failed: `exit code ${code}: ${telling.trim()}` };
}
