// `view` as a user runs it: what it prints, what it needs, what it says about files that cannot be shown, how it ends.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { pointCloudPath } from "../../load/model_folder.ts";
import { withFolder } from "../load/fixtures.ts";
import { eventsIn } from "../support/events.ts";
import { ended, start } from "../support/process.ts";
import { drawingLibraryMissing, someSplats, splatsPly } from "../support/splat_files.ts";

/** Writes the Gaussians of two iterations. */
async function writeModel(folder: string): Promise<string> {
  for (const [iteration, count] of [[7, 1], [30, 1200]]) {
    const path = pointCloudPath(folder, iteration);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, splatsPly(someSplats(count, 1)));
  }
  return folder;
}

function libraryTest(name: string, body: (folder: string) => Promise<void>): void {
  const skipped = drawingLibraryMissing === undefined ? "" : ` [skipped: ${drawingLibraryMissing}]`;
  Deno.test({ name: name + skipped, ignore: skipped !== "", fn: () => withFolder(body) });
}

libraryTest("tame view prints what it shows and the URL, serves until ^C, and ends with its code", async (folder) => {
  const model = await writeModel(join(folder, "out"));
  const child = start("cli.ts", ["view", model, pointCloudPath(model, 7), "--port", "0", "--json"]);
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes('"viewer"')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(await stderr);
    text += value;
  }
  const [{ url }] = eventsIn(text);
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const { models, form } = await (await fetch(new URL("/models.json", url))).json();
  assertEquals([models.length, models[0].saved.length, models[0].first, form], [2, 2, 1, "ply"]);
  child.kill("SIGINT");
  await reader.cancel();
  assertEquals((await child.status).code, EXIT.interrupted);
  const lines = (await stderr).trimEnd().split("\n");
  assertMatch(lines[0], /out, iteration 30: 1 200 Gaussians; pages get the PLY, 122\.5 KiB$/);
  assertMatch(lines[1], /point_cloud\.ply: 1 Gaussian; pages get the PLY, \d+ B$/);
  assertEquals(lines.slice(2), [`Viewer: ${url}`, "Interrupted: closing the page"]);
});

libraryTest("tame view serves SOG, with a token, where others reach it", async (folder) => {
  const model = await writeModel(folder);
  const child = start("cli.ts", ["view", model, "--port", "0", "--ip", "0.0.0.0", "--iteration", "7"]);
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/Viewer: .*\n/.test(text)) text += (await reader.read()).value ?? "\nViewer: none\n";
  child.kill("SIGTERM");
  await reader.cancel();
  assertMatch(text, /\?token=[0-9a-f]{32}\n/);
  const { code, stdout } = { code: (await child.status).code, stdout: await new Response(child.stdout).text() };
  assertEquals(code, EXIT.terminated);
  assertStringIncludes(
    stdout,
    "iteration 7: 1 Gaussian; pages get a SOG file, encoded when a page asks for it, about 1 s",
  );
});

Deno.test("tame view says what is wrong with its arguments and files", async () => {
  await withFolder(async (folder) => {
    const model = await writeModel(join(folder, "out"));
    const broken = join(folder, "broken.ply");
    await Deno.writeFile(broken, splatsPly(someSplats(10, 0)).subarray(0, -4));
    for (
      const [args, code, message] of [
        [[], EXIT.usage, "Missing argument: a model folder or a file of splats"],
        [[model, model, model], EXIT.usage, ""],
        [[model, "--form", "spz"], EXIT.usage, "ply"],
        [[join(folder, "none")], EXIT.data, "File is missing"],
        [[folder], EXIT.data, "No saved Gaussians: train the model first"],
        [[model, "--iteration", "8"], EXIT.data, "No Gaussians of iteration 8 were saved, only of 7, 30"],
        [[broken], EXIT.data, "File ends inside the Gaussians"],
      ] as const
    ) {
      const run = await ended(start("cli.ts", ["view", ...args, "--port", "0"]));
      assertEquals(run.code, code, run.stderr);
      assertStringIncludes(run.stderr, message);
    }
  });
});

Deno.test("tame view without a permission prints a command that has all of them", async () => {
  await withFolder(async (folder) => {
    const flags = ["--allow-read", "--allow-env", "--allow-sys", "--allow-ffi"];
    const run = async (...more: string[]): Promise<string> => {
      const { code, stderr } = await ended(start("cli.ts", ["view", folder, ...more], { cwd: folder, flags }));
      assertEquals(code, EXIT.usage, stderr);
      return stderr;
    };
    const text = await run();
    assertStringIncludes(text, "permission for run, net");
    assertStringIncludes(text, `--allow-run=${Deno.execPath()} --allow-net=127.0.0.1:6009 `);
    assertStringIncludes(await run("--ip", "0.0.0.0", "--port", "0"), "--allow-net=0.0.0.0 ");
  });
});
