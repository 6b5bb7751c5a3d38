// `export`, `train --export` and `info` as a user runs them, and what every command says about infinite numbers.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exportedText } from "../../cli/export.ts";
import { EXIT } from "../../cli/exit.ts";
import { eventsIn } from "../support/events.ts";
import { ended } from "../support/process.ts";
import { splatLibraryMissing } from "../support/splat_files.ts";
import { start, workflowTest } from "../support/workflow.ts";

const TRAIN = "train -s capture -m out --backend cpu --eval --iterations 6 --test_iterations -1 --budget 1".split(" ");

workflowTest("tame export writes the files that it is given, and info reads them", async (folder) => {
  assertEquals((await ended(start([...TRAIN, "--quiet"], folder))).code, EXIT.done);
  const files = ["a.ply", "a.sog", "a.html", "a.spz", "a.compressed.ply", "a.glb", "a.csv", "a.splat"];
  const exported = await ended(start(["export", "out", "-o", ...files, "--min_opacity", "0.05", "--json"], folder));
  assertEquals(exported.code, EXIT.done, exported.stderr);
  const events = eventsIn(exported.stdout);
  assertEquals(events.map(({ type, path }) => [type, path]), files.map((file) => ["export", join(folder, file)]));
  assertStringIncludes(exported.stderr, "as SOG takes about");
  for (const { path, count, bytes } of events) {
    assert(count > 0 && count <= 400, `${count}`);
    const { code, stdout, stderr } = await ended(start(["info", path, "--json"], folder));
    assertEquals(code, EXIT.done, stderr);
    const info = JSON.parse(stdout);
    assertEquals([info.type, info.count, info.bytes], ["gaussians", events[0].count, bytes], path);
  }
  assertEquals((await ended(start(["export", "out", "-o", "b.ply", "--iteration", "5"], folder))).code, EXIT.data);
  const none = await ended(start(["export", "a.ply", "-o", "b.ply", "--crop", "90,90,90,91,91,91"], folder));
  assertEquals(none.code, EXIT.data);
  assertStringIncludes(none.stderr, "none of the Gaussians is left after crop");
}, splatLibraryMissing);

workflowTest("tame train --export writes other formats beside the last PLY", async (folder) => {
  const { code, stdout, stderr } = await ended(start([...TRAIN, "--export", "sog", "--json"], folder));
  assertEquals(code, EXIT.done, stderr);
  const events = eventsIn(stdout);
  const saved = join(folder, "out", "point_cloud", "iteration_6");
  const paths = events.filter(({ type }) => type === "export").map(({ path, count }) => [path, count]);
  assertEquals(paths, [[join(saved, "point_cloud.sog"), 400]]);
  for (const formats of ["sog,obj", "ply"]) {
    const { code, stderr } = await ended(start([...TRAIN, "--export", formats], folder));
    assertEquals(code, EXIT.usage);
    assertStringIncludes(stderr, `Cannot use "${formats}" as --export: it takes one or more of compressed.ply, spz`);
  }
});

workflowTest("tame train ends with 1 when an export fails, after everything else", async (folder) => {
  const saved = join(folder, "out", "point_cloud", "iteration_6");
  await Deno.mkdir(join(saved, "point_cloud.sog"), { recursive: true }); // in the way of the file
  const { code, stdout, stderr } = await ended(start([...TRAIN, "--export", "sog", "--json"], folder));
  assertEquals(code, EXIT.failed, stderr);
  assertStringIncludes(stderr, `Warning: Cannot export ${join(saved, "point_cloud.sog")}`);
  assertEquals(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).type, "done");
});

workflowTest("tame train ends its exports at a signal, with the signal's code", async (folder) => {
  const child = start([...TRAIN, "--export", "sog,html,spz,glb", "--json"], folder);
  let events = "";
  const lines = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const earlier = events.includes(`"export"`);
      events += text;
      if (!earlier && events.includes(`"export"`)) child.kill("SIGINT"); // after the first file
    }
  })();
  const stderr = await new Response(child.stderr).text();
  await lines;
  assertEquals((await child.status).code, EXIT.interrupted, stderr);
  assertStringIncludes(stderr, "is not exported; deno task export does it later");
  const saved = join(folder, "out", "point_cloud", "iteration_6");
  const files = (await Array.fromAsync(Deno.readDir(saved))).map(({ name }) => name);
  assert(files.includes("point_cloud.ply") && files.includes("point_cloud.sog"), `${files}`);
  assert(!files.includes("point_cloud.glb"), `${files}`);
}, splatLibraryMissing);

workflowTest("tame export rejects what it cannot write before it reads", async (folder) => {
  for (
    const [args, message] of [
      ["out", "Missing --output"],
      ["-o a.ply", "Missing argument"],
      ["a.ply -o b.ply --iteration 77", "--iteration chooses a PLY of a model folder, which"],
      ["out -o a.obj", "its name has to end with one of ply"],
      ["out -o a.ply --crop 1,2,3", 'Cannot use "1,2,3" as --crop: it takes 6 numbers'],
      ["out -o a.ply --transform 1,0,0,0,0,1,0,0,0,0,-1,0", "as --transform: its first three columns mirror"],
    ]
  ) {
    const { code, stderr } = await ended(start(["export", ...args.split(" ")], folder));
    assertEquals(code, EXIT.usage);
    assertStringIncludes(stderr, message);
  }
});

workflowTest(
  "tame export creates missing folders, and rejects a folder as a file before it converts",
  async (folder) => {
    assertEquals((await ended(start([...TRAIN, "--quiet"], folder))).code, EXIT.done);
    await Deno.mkdir(join(folder, "b.sog"));
    const rejected = await ended(start("export out -o new/a.sog b.sog".split(" "), folder));
    assertEquals(rejected.code, EXIT.failed);
    assertStringIncludes(rejected.stderr, `Cannot write ${join(folder, "b.sog")}: it is a folder`);
    assertEquals(rejected.stdout, "");
    const { code, stderr } = await ended(start("export out -o new/a.sog new/er/a.ply".split(" "), folder));
    assertEquals(code, EXIT.done, stderr);
    for (const path of ["new/a.sog", "new/er/a.ply"]) assert((await Deno.stat(join(folder, path))).isFile);
  },
);

Deno.test("exportedText() counts one Gaussian in the singular", () => {
  const text = (count: number) => exportedText({ path: "a.ply", format: "ply", count, bytes: 2048 });
  assertEquals([1, 1000].map(text), ["a.ply: 1 Gaussian, 2.0 KiB", "a.ply: 1 000 Gaussians, 2.0 KiB"]);
});

workflowTest("every command says the same about infinite and missing numbers in a PLY", async (folder) => {
  assertEquals((await ended(start([...TRAIN, "--quiet"], folder))).code, EXIT.done);
  const path = join(folder, "out", "point_cloud", "iteration_6", "point_cloud.ply");
  const bytes = await Deno.readFile(path);
  const body = new TextDecoder("latin1").decode(bytes).indexOf("end_header\n") + "end_header\n".length;
  const view = new DataView(bytes.buffer);
  view.setFloat32(body, NaN, true); // x of the first
  view.setFloat32(body + 248 + 4 * 54, Infinity, true); // the opacity of the second
  await Deno.writeFile(path, bytes);
  const notice =
    "Of 400 Gaussians: 1 left out, with numbers that are NaN or infinite; 1 with an infinite opacity, clamped";
  const commands = [
    `info ${path}`,
    "render -m out --backend cpu --skip_train",
    "metrics -m out --backend cpu",
    `train -s capture -m again --backend cpu --iterations 2 --test_iterations -1 --budget 1 --init ${path}`,
    `export ${path} -o again.ply`,
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await ended(start(command.split(" "), folder));
    assertEquals(code, EXIT.done, stderr);
    assertEquals((stdout + stderr).split(notice).length, 2, `${command}: ${stdout}${stderr}`);
  }
});
