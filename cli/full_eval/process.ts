// Runs one stage of a scene in its own process, reads its events and logs its output.

import { writeError } from "../../base/disk.ts";
import { ERRORS } from "../output.ts";
import { denoArguments } from "./stages.ts";

/** Characters of an unexpected line that are shown. */
const SHOWN = 200;

/** How a process ended. */
export interface Ended {
  code: number;
  /** Wall-clock seconds of the whole process. */
  seconds: number;
  /** Its error message, or its last line. */
  message: string;
}

/** Log, signal and events of a process. */
export interface ProcessOptions {
  /** File to which its output is appended. */
  log: string;
  signal: AbortSignal;
  /** Called with each JSON event. */
  onEvent: (event: Record<string, unknown>) => void;
}

/** Runs a verb of cli.ts with its arguments in its own process. */
export async function runVerb(verbArguments: readonly string[], options: ProcessOptions): Promise<Ended> {
  const { log, signal, onEvent } = options;
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArguments([...verbArguments, "--json"]),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { status } = child;
  endWithThisProcess(child, signal);
  const onOther = (line: string) => ERRORS.write(`Warning: ${verbArguments[0]} printed "${line.slice(0, SHOWN)}"\n`);
  const events = readEvents(child.stdout, onEvent, onOther);
  const [{ code }, text] = await Promise.all([status, collectLog(child.stderr, log), events]);
  return { code, seconds: (performance.now() - started) / 1000, message: errorLine(text) };
}

/**
 * Asks a process to end when `signal` fires, and ends it if this process ends without waiting for it.
 *
 * It gets SIGTERM whatever this process got: a terminal sends ^C to all its processes, and a second ^C would end the
 * child before it has saved.
 */
function endWithThisProcess(child: Deno.ChildProcess, signal: AbortSignal): void {
  const stop = () => child.kill("SIGTERM");
  const abandon = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  globalThis.addEventListener("unload", abandon);
  if (signal.aborted) stop();
  child.status.finally(() => {
    signal.removeEventListener("abort", stop);
    globalThis.removeEventListener("unload", abandon);
  });
}

/**
 * Reads one event a line. Another line, such as what a library prints or a process that was killed left unfinished, is
 * given to `onOther`.
 */
export async function readEvents(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEvent: ProcessOptions["onEvent"],
  onOther: (line: string) => void,
): Promise<void> {
  const read = (line: string) => {
    const event = eventOf(line);
    if (event === undefined) onOther(line);
    else onEvent(event);
  };
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(read);
  }
  if (rest !== "") read(rest);
}

/** The object of a line; undefined if it is none. */
function eventOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Appends a program's messages to its log, and returns them. It goes on, and can save, if the log cannot be written. */
async function collectLog(stream: ReadableStream<Uint8Array<ArrayBuffer>>, log: string): Promise<string> {
  let all = "";
  let fails = false;
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    try {
      await Deno.writeTextFile(log, text, { append: true });
      fails = false;
    } catch (error) {
      const told = await writeError(error, log);
      if (!fails) ERRORS.write(`Warning: ${told instanceof Error ? told.message : told}\n`);
      fails = true;
    }
  }
  return all;
}

/** The error in a program's output, in one line: what follows the last "Error: ", else the last line. */
export function errorLine(text: string): string {
  const lines = text.trim().split("\n");
  const error = lines.findLastIndex((line) => line.startsWith("Error: "));
  return (error < 0 ? lines[lines.length - 1] : lines[error].slice("Error: ".length)).trim();
}
