// The viewer of the command line: what it prints, what it needs, and that it leaves a run as it is.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { Reporter } from "../../cli/progress.ts";
import { pointCloudPath, savedIterations } from "../../load/model_folder.ts";
import { ended, start as startProgram } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";
import { FakePage, lookMessage } from "../view/pages.ts";
import { Recorder } from "../support/recorder.ts";

const TRAIN = "train -s capture --eval --backend cpu --budget 1 --port 0 --json".split(" ");

/** The URL in the events of a run, and the rest of them as text. */
async function urlOf(child: Deno.ChildProcess): Promise<{ url: string; rest: Promise<string> }> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes('"viewer"')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`No viewer: ${text}`);
    text += value;
  }
  const url = /"url":"([^"]+)"/.exec(text)![1];
  const rest = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return text;
      text += value;
    }
  })();
  return { url, rest };
}

workflowTest("tame train --view serves a page that can stop the run, which is then saved", async (folder) => {
  const child = start([...TRAIN, "-m", "out", "--iterations", "1000000", "--view"], folder);
  const stderr = new Response(child.stderr).text();
  const { url, rest } = await urlOf(child);
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  await using page = await FakePage.open(url);
  page.send(lookMessage());
  await page.frame((header) => header.iteration > 0); // before the first step there is nothing to save
  page.send({ type: "control", action: "stop" });
  await page.until(() => page.closed !== undefined);
  assertEquals(page.closed?.code, 1000);
  const last = page.messages.findLast((message) => message.type === "status");
  assertEquals(last?.type === "status" && last.status.phase, "stopped");
  assertEquals((await child.status).code, EXIT.done, await stderr);
  assertStringIncludes(await stderr, `Viewer: ${url}`);
  const [saved] = await savedIterations(join(folder, "out"));
  assertStringIncludes(await rest, pointCloudPath(join(folder, "out"), saved));
});

workflowTest("the PLY of a run with a viewer is that of one without, and --websockets is --view", async (folder) => {
  const options = ["--iterations", "400", "--threads", "2"];
  const alone = await ended(start([...TRAIN, "-m", "alone", ...options], folder));
  assertEquals(alone.code, EXIT.done, alone.stderr);
  const child = start([...TRAIN, "-m", "seen", ...options, "--websockets"], folder);
  const stderr = new Response(child.stderr).text();
  const { url, rest } = await urlOf(child);
  await using page = await FakePage.open(url);
  for (let z = 0; page.closed === undefined; z += 0.01) {
    page.send(lookMessage({ moving: true, z }));
    const before = page.binaries.length;
    await page.until(() => page.binaries.length > before || page.closed !== undefined);
  }
  assertEquals((await child.status).code, EXIT.done, await stderr);
  await rest;
  assert(page.binaries.length > 0);
  const ply = (name: string) => Deno.readFile(pointCloudPath(join(folder, name), 400));
  assertEquals(await ply("seen"), await ply("alone"));
});

workflowTest("tame train --view without the permission to listen prints a command that has it", async (folder) => {
  const flags = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi"];
  const args = ["train", "-s", join(folder, "capture"), "-m", join(folder, "out"), "--view"];
  const run = async (...more: string[]): Promise<string> => {
    const { code, stderr } = await ended(startProgram("cli.ts", [...args, ...more], { cwd: folder, flags }));
    assertEquals(code, EXIT.usage, stderr);
    return stderr;
  };
  assertStringIncludes(await run(), "--allow-net=127.0.0.1:6009 ");
  assertStringIncludes(await run("--port", "0"), "--allow-net=127.0.0.1 ");
  assertStringIncludes(await run("--ip", "::1"), "--allow-net=[::1]:6009");
  // One command has what the viewer and the exports need, so that no second error follows the first.
  const both = await run("--ip", "::1", "--export", "spz");
  assertStringIncludes(both, `--allow-run=${Deno.execPath()} '--allow-net=[::1]:6009' `);
});

const SOG_EXPORT = "exporting point_cloud.sog";

workflowTest(
  "after a run the page says which file is exported, and how much of it is done",
  async (folder) => {
    // So many Gaussians that their export takes seconds.
    const growth = ["--budget", "30", "--densify_from_iter", "20", "--densification_interval", "20"];
    const options = ["--iterations", "300", "--densify_until_iter", "200", ...growth, "--export", "sog"];
    const child = start([...TRAIN, "-m", "out", ...options, "--view"], folder);
    const stderr = new Response(child.stderr).text();
    const { url, rest } = await urlOf(child);
    await using page = await FakePage.open(url);
    const exported = join(folder, "out", "point_cloud", "iteration_300", "point_cloud.sog");
    await page.until(() =>
      page.messages.some((message) => message.type === "status" && message.status.phase === "finished")
    );
    assert(!existsSync(exported), "the export begins after the page has been told");
    assertEquals((await child.status).code, EXIT.done, await stderr);
    await rest;
    assert(existsSync(exported));
    await page.until(() => page.closed !== undefined);
    const states = page.messages.flatMap((message) => message.type === "status" ? [message.status] : []);
    const [finished, ...after] = states.slice(states.findIndex(({ phase }) => phase === "finished"));
    const last = after.pop()!;
    assertEquals([finished, last].map(({ phase, exporting }) => [phase, exporting]), Array(2).fill(["finished", null]));
    assertEquals(new Set(after.map(({ phase, exporting }) => `${phase} ${exporting?.file}`)), new Set([SOG_EXPORT]));
    const shares = after.map(({ exporting }) => exporting!.share ?? 0);
    assertEquals(shares, shares.toSorted((a, b) => a - b));
  },
);

Deno.test("Reporter.link() makes a URL that a terminal opens, also with quiet", () => {
  for (
    const [terminal, text] of [
      [false, "Viewer: http://[::1]:1/\n"],
      [true, "Viewer: \x1b]8;;http://[::1]:1/\x1b\\http://[::1]:1/\x1b]8;;\x1b\\\n"],
    ] as const
  ) {
    const streams = new Recorder(terminal);
    new Reporter({ quiet: true, streams }).link("Viewer: ", "http://[::1]:1/");
    assertEquals(streams.errors, text);
  }
});
