// Lines, bars and events, on a terminal and elsewhere, with and without --quiet.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { count, duration, rate } from "../../cli/format.ts";
import { Reporter, terminalOf } from "../../cli/progress.ts";
import { Recorder } from "../support/recorder.ts";

/** Twelve seconds of training, a report every tenth of a second. */
function work(reporter: Reporter, streams: Recorder): void {
  for (let done = 0; done <= 120; done++) {
    streams.time = done * 100;
    reporter.progress({
      label: "Training",
      done,
      total: 120,
      unit: "it",
      details: [{ text: "loss 0.0512", importance: 4 }],
    });
  }
}

Deno.test("progress() draws a bar when the standard error is a terminal, also when quiet", () => {
  for (const quiet of [false, true]) {
    const streams = new Recorder(true);
    const reporter = new Reporter({ quiet, streams });
    work(reporter, streams);
    assertEquals(streams.output, "");
    assertEquals(streams.errors.includes("\n"), false);
    const frames = streams.errors.split("\r\x1b[K");
    assertEquals(frames.length - 1, 121);
    assertEquals(frames[61], "Training [#####-----]  60/120  10.0 it/s  loss 0.0512  ETA 6.00 s");
    assert(frames.every((frame) => frame.length < 80));
    reporter.finish();
    assert(streams.errors.endsWith("\r\x1b[K"));
  }
});

Deno.test("a terminal without escape codes gets a bar that spaces clear", () => {
  const streams = new Recorder(true, 60, false);
  const reporter = new Reporter({ streams });
  work(reporter, streams);
  reporter.note("done");
  reporter.link("page ", "http://127.0.0.1:6009/");
  assertEquals(streams.errors.includes("\x1b"), false);
  const blank = `\r${" ".repeat(59)}\r`;
  const frames = streams.errors.split(blank);
  assertEquals(frames.length - 1, 122);
  assert(frames.slice(1, -1).every((frame) => frame.startsWith("Training [") && frame.length < 60));
  assertEquals(frames.at(-1), "page http://127.0.0.1:6009/\n");
});

Deno.test("terminalOf() takes TERM=dumb for no terminal, and no escape codes with NO_COLOR", () => {
  assertEquals(terminalOf(true, { term: "xterm" }), { terminal: true, escapes: true });
  assertEquals(terminalOf(true, {}), { terminal: true, escapes: true });
  assertEquals(terminalOf(true, { term: "xterm", noColor: "1" }), { terminal: true, escapes: false });
  assertEquals(terminalOf(true, { term: "dumb" }), { terminal: false, escapes: false });
  assertEquals(terminalOf(false, { term: "xterm" }), { terminal: false, escapes: false });
});

Deno.test("progress() leaves out what matters least where a terminal has too few columns", () => {
  const lineAt = (columns: number): string => {
    const streams = new Recorder(true, columns);
    const reporter = new Reporter({ streams });
    const details = [
      { text: "loss 0.0123456", importance: 4 },
      { text: "112 053 Gaussians", importance: 2 },
      { text: "254.3 MiB", importance: 7 },
    ];
    for (const done of [0, 12_345]) {
      streams.time = done * 10;
      reporter.progress({ label: "Training", done, total: 30_000, unit: "it", details });
    }
    return streams.errors.split("\r\x1b[K")[2];
  };
  const whole = "loss 0.0123456  112 053 Gaussians  254.3 MiB  ETA 2 min 57 s";
  assertEquals(lineAt(200), `Training [########------------]  12345/30000  100 it/s  ${whole}`);
  assertEquals(lineAt(80), "Training [####------]  12345/30000  loss 0.0123456  254.3 MiB  ETA 2 min 57 s");
  assertEquals(lineAt(60), "Training 12345/30000  254.3 MiB  ETA 2 min 57 s");
  assertEquals(lineAt(40), "Training 12345/30000  ETA 2 min 57 s");
  assertEquals(lineAt(24), "Training 12345/30000");
});

Deno.test("progress() writes fewer lines the longer the work takes, and still one a minute", () => {
  const streams = new Recorder(false);
  const reporter = new Reporter({ streams });
  const times: number[] = [];
  for (let second = 0; second <= 3600; second++) {
    streams.time = second * 1000;
    const before = streams.errors.length;
    reporter.progress({ label: "Training", done: second, total: 7200, unit: "it" });
    if (streams.errors.length > before) times.push(second);
  }
  const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
  assertEquals(gaps.slice(0, 6), [5, 5, 5, 5, 5, 5]);
  assertEquals(gaps, gaps.toSorted((a, b) => a - b));
  assertEquals(gaps.at(-1), 60);
  // The demo's other lines are 14, and there shall be 40 at most, also on a machine on which it takes ten minutes.
  assert(times.filter((time) => time <= 600).length <= 26, times.join(" "));
});

Deno.test("progress() writes a line every five seconds at first when there is no terminal, none when quiet", () => {
  const loud = new Recorder(false);
  work(new Reporter({ streams: loud }), loud);
  assertEquals(loud.errors.split("\n"), [
    "Training 50/120  10.0 it/s  loss 0.0512  ETA 7.00 s",
    "Training 100/120  10.0 it/s  loss 0.0512  ETA 2.00 s",
    "",
  ]);
  const quiet = new Recorder(false);
  work(new Reporter({ quiet: true, streams: quiet }), quiet);
  assertEquals(quiet.errors, "");
});

Deno.test("note() and warn() go to their streams when quiet, and with JSON", () => {
  const plain = new Recorder(false);
  new Reporter({ streams: plain }).note("cpu");
  assertEquals([plain.output, plain.errors], ["cpu\n", ""]);

  const quiet = new Recorder(false);
  const reporter = new Reporter({ quiet: true, streams: quiet });
  reporter.note("cpu");
  reporter.warn("tight");
  assertEquals([quiet.output, quiet.errors], ["", "Warning: tight\n"]);

  const json = new Recorder(false);
  const events = new Reporter({ json: true, streams: json });
  events.note("cpu");
  events.event({ type: "done", iteration: 5 });
  assertEquals([json.output, json.errors], [`{"type":"done","iteration":5}\n`, "cpu\n"]);
});

Deno.test("warn() clears the bar when one is drawn", () => {
  const streams = new Recorder(true);
  const reporter = new Reporter({ streams });
  reporter.progress({ label: "Photos", done: 1, total: 2, unit: "photo" });
  reporter.warn("tight");
  assertStringIncludes(streams.errors, "1/2\r\x1b[KWarning: tight\n");
});

Deno.test("duration(), rate() and count() format small and large numbers", () => {
  assertEquals([0.424, 12.34, 59.96, 185, 7800].map(duration), [
    "0.42 s",
    "12.3 s",
    "1 min 00 s",
    "3 min 05 s",
    "2 h 10 min",
  ]);
  assertEquals([rate(0.25, "it"), rate(31.24, "it"), rate(209.4, "it")], ["4.0 s/it", "31.2 it/s", "209 it/s"]);
  assertEquals([count(7), count(15059), count(5_987_095)], ["7", "15 059", "5 987 095"]);
});

Deno.test("note() warns once when the standard output cannot be written, and not when its reader has gone", () => {
  const streams = new Recorder(false);
  const reporter = new Reporter({ streams });
  let failure: Error = new Deno.errors.BrokenPipe("Broken pipe");
  streams.out = (_, onFailure) => onFailure?.(failure);
  reporter.note("one");
  assertEquals(streams.errors, "");
  failure = new Error("No space left on device (os error 28)");
  for (let i = 0; i < 3; i++) reporter.note("two");
  assertEquals(
    streams.errors,
    "Warning: Cannot write to the standard output, and continue without: No space left on device (os error 28)\n",
  );
  assert(!reporter.lost.aborted);
});

Deno.test("Reporter says that an event is lost, whether its reader has gone or a disk is full", async () => {
  const failures: [Error, string][] = [
    [new Deno.errors.BrokenPipe("Broken pipe"), "its reader has gone"],
    [new Error("No space left on device (os error 28)"), "No space left on device (os error 28)"],
  ];
  for (const [failure, reason] of failures) {
    const streams = new Recorder(false);
    const reporter = new Reporter({ json: true, streams });
    reporter.event({ i: 0 });
    await reporter.delivered();
    streams.out = (_, onFailure) => onFailure?.(failure);
    reporter.event({ i: 1 });
    await assertRejects(() => reporter.delivered(), Error, `Cannot write events to the standard output: ${reason}`);
    assertEquals([streams.output, streams.errors, reporter.lost.aborted], ['{"i":0}\n', "", true]);
    await reporter.delivered(AbortSignal.abort()); // a signal ends the work, whatever became of its events
  }
});
