// Every write of a run failed: once, as by a defect of the disk or a disk that is full for a moment, and by a disk that is
// full from then on.

import { dirname, join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { lockPath } from "../../export/folder_lock.ts";
import { MODEL_FILES, pointCloudPath } from "../../load/model_folder.ts";
import { ERROR, type Operation } from "./shim.ts";
import { type Faulty, ITERATIONS, type Sweep } from "./sweep.ts";

/** A way to fail. */
export interface WriteFault {
  title: string;
  /** Error code. */
  error: number;
  /** The operations that can fail so. Default all. */
  only?: readonly string[];
  /** Whether all that follow fail too. Default false. */
  lasting?: boolean;
}

/** What needs space on a disk. */
const NEEDS_SPACE: readonly string[] = ["open", "write", "fsync", "mkdir"];

/** All ways. */
export const WRITE_FAULTS: readonly WriteFault[] = [
  { title: "input/output error", error: ERROR.EIO },
  { title: "full for a moment", error: ERROR.ENOSPC, only: NEEDS_SPACE },
  { title: "full from then on", error: ERROR.ENOSPC, only: NEEDS_SPACE, lasting: true },
];

/** Operations of the check of a folder: a file is written and removed in it, and in that of its saves. */
const PROBES = 4;

/** Whether an operation can fail so. */
export function applies({ only }: WriteFault, { name }: Operation): boolean {
  return only?.includes(name) ?? true;
}

/** What is wrong with the exit code and the messages of a run whose writes failed. */
export function writeProblems(run: Faulty, fault: WriteFault, sweep: Sweep): string[] {
  const { code, errors, failed } = run;
  // A checkpoint is written beside the training, in any order: another operation may have had this number.
  if (failed === undefined || !applies(fault, failed)) return [];
  // Nothing is complete without the last writes, but for the report.
  const report = failed.path.startsWith(join(sweep.model, MODEL_FILES.report));
  const ending = fault.lasting && !report || ends(failed, run.operations, sweep);
  const expected: number[] = !ending ? [EXIT.done] : isProbe(failed) ? [EXIT.failed, EXIT.usage] : [EXIT.failed];
  const problems: string[] = [];
  if (!expected.includes(code)) problems.push(`exit code ${code}, expected ${expected}`);
  const named = isProbe(failed) ? dirname(failed.path) : failed.path;
  if ((!IN_VAIN.includes(failed.name) || ending) && !errors.includes(named)) problems.push(`no message names ${named}`);
  if (code !== EXIT.done && !/^Error: /m.test(errors)) problems.push("no error is given");
  return problems;
}

/** What nobody needs to know of: what is not removed is left to the next run, and free space may be unknown. */
const IN_VAIN: readonly string[] = ["unlink", "rmdir", "statfs"];

/** Whether a run ends with an error if this operation fails; else it goes on, and tries again at its next save. */
function ends(failed: Operation, operations: readonly Operation[], { model }: Sweep): boolean {
  const { number, name, path } = failed;
  const lastSave = dirname(pointCloudPath(model, ITERATIONS));
  if (isProbe(failed) || path.startsWith(lastSave)) return true;
  if (path === lockPath(model)) return name !== "unlink";
  const ending = operations.find(({ path }) => path.startsWith(lastSave))?.number ?? Infinity;
  return path === join(model, MODEL_FILES.config) && number > ending;
}

/** Whether it belongs to the check that the folder can be written, which comes first. */
function isProbe({ number }: Operation): boolean {
  return number <= PROBES;
}
