// Every allocation and thread of the native library failed once.

import { EXIT } from "../../cli/exit.ts";
import { type Faulty, ITERATIONS } from "./sweep.ts";

/** What is wrong with the exit code, the messages and the saves of a run in which an allocation failed. */
export function allocationProblems({ code, errors, events, failed }: Faulty): string[] {
  // Some can do without: fewer threads, less reserve, an evaluation or a checkpoint that is tried again.
  if (code === EXIT.done) return [];
  const problems: string[] = [];
  if (failed?.name === "thread") problems.push("it needs no more threads to go on");
  if (code !== EXIT.device) problems.push(`exit code ${code}, expected ${EXIT.device}`);
  if (!/^Error: Out of (host )?memory/m.test(errors)) {
    problems.push("the error does not say what there was too little of");
  }
  const reached = events.findLast(({ type }) => type === "step")?.iteration ?? 0;
  const last = events.findLast(({ type }) => type === "save");
  // In the first epoch, while photos arrive, an earlier model in the folder stays as it is.
  const keeps = errors.includes("the run has failed in its first epoch");
  const saving = last?.ending === "finished" && last.iteration === ITERATIONS; // it failed in this save
  if (reached > 0 && !keeps && !saving && !(last?.path !== undefined && last.iteration >= reached)) {
    problems.push(`iteration ${reached} is not saved`);
  }
  return problems;
}
