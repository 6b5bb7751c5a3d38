// render along camera paths: frames, planes, videos, and the warning without ffmpeg.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { findFfmpeg, framePattern, makeVideo } from "../../cli/ffmpeg.ts";
import { run } from "../../cli/render.ts";
import { UsageError } from "../../cli/errors.ts";
import { imageSize } from "../../load/images.ts";
import { libraryMissing } from "../support/device.ts";
import { eventsIn } from "../support/events.ts";
import { ended, start } from "../support/process.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";

const ffmpeg = await findFfmpeg();

function tame(folder: string, args: string[], options: { env?: Record<string, string>; flags?: string[] } = {}) {
  return ended(start("cli.ts", args, { cwd: folder, ...options }));
}

/** A test in a temporary folder with a trained model in `out`. */
function renderTest(name: string, body: (folder: string) => Promise<void>, reason = libraryMissing): void {
  Deno.test({
    name: reason === undefined ? name : `${name} [skipped: ${reason}]`,
    ignore: reason !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await writeTinyCapture(join(folder, "capture"));
        const args = "train -s capture -m out --eval --iterations 3 --budget 1 --test_iterations -1 --backend cpu";
        const { code, stderr } = await tame(folder, args.split(" "));
        assertEquals(code, 0, stderr);
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const files = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

renderTest("tame render --path writes the frames of an orbit, a spiral and keyframes, with planes", async (folder) => {
  const keyframes = { keyframes: [{ view: "photo0" }, { position: [0, 0, -1], look_at: [0, 0, 4] }] };
  await Deno.writeTextFile(join(folder, "flight.json"), JSON.stringify(keyframes));
  const sized: [path: string, name: string, more: string, size: [width: number, height: number]][] = [
    ["orbit", "orbit", "", [48, 32]],
    ["spiral", "spiral", " --width 100", [100, 67]],
    ["flight.json", "flight", " --width 12", [12, 8]],
  ];
  for (const [path, name, more, [width, height]] of sized) {
    const args = `render -m out --path ${path}${more} --frames 3 --depth --alpha --backend cpu --json`;
    const { code, stdout, stderr } = await tame(folder, args.split(" "));
    assertEquals(code, 0, stderr);
    const target = join(folder, "out", "paths", name, "ours_3");
    assertEquals(eventsIn(stdout)[0], { type: "render", set: "path", iteration: 3, views: 3, path: target });
    for (const sub of ["renders", "depth", "alpha"]) {
      assertEquals(files(join(target, sub)), ["00000.png", "00001.png", "00002.png"]);
      assertEquals(await imageSize(join(target, sub, "00002.png")), { width, height, alpha: false });
    }
  }
  assert(!existsSync(join(folder, "out", "test")), "a path is rendered instead of the views");
});

renderTest("tame render says which --depth_scale keeps all depths when one clamps them", async (folder) => {
  const render = (scale: string) =>
    tame(folder, ["render", "-m", "out", "--skip_train", "--depth", "--depth_scale", scale, "--backend", "cpu"]);
  const clamped = await render("1e6");
  assertEquals(clamped.code, 0, clamped.stderr);
  const words =
    /(\d) of \1 depth images have depths of up to [\d.]+ units, which --depth_scale 1000000 clamps to 65535/;
  assert(words.test(clamped.stderr), clamped.stderr);
  const [, scale] = /use --depth_scale ([\d.]+)/.exec(clamped.stderr)!;
  assert(
    (await render(`${1.02 * Number(scale)}`)).stderr.includes("use --depth_scale"),
    "not much less than it could be",
  );
  assert(!(await render(scale)).stderr.includes("use --depth_scale"));
});

renderTest("tame render --path rejects a file whose name would leave the folder of paths", async (folder) => {
  const keyframes = { keyframes: [{ view: "photo0" }, { position: [0, 0, -1], look_at: [0, 0, 4] }] };
  for (const name of ["...json", "..json"]) {
    await Deno.writeTextFile(join(folder, name), JSON.stringify(keyframes));
    const args = ["render", "-m", "out", "--path", name, "--frames", "2", "--backend", "cpu"];
    const { code, stderr } = await tame(folder, args);
    assertEquals(code, 3, stderr);
    assertStringIncludes(stderr, "rename it");
    assertStringIncludes(stderr, join(folder, name));
    assert(!existsSync(join(folder, "out", "ours_3")) && !existsSync(join(folder, "out", "paths")));
  }
  const { code, stderr } = await tame(folder, ["render", "-m", "out", "--path", "orbti", "--backend", "cpu"]);
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    `Cannot use "orbti" as --path: it takes orbit, spiral or an existing JSON file. Did you mean "orbit"?`,
  );
});

Deno.test("render rejects --width without --path, since views have the size of their photos", async () => {
  await assertRejects(() => run(["-m", "out", "--width", "64"]), UsageError, "--width needs --path");
});

Deno.test("framePattern() is of the images, whatever percent signs the folder has", async () => {
  assertEquals(framePattern("/a/50%/x%05d/%%"), "/a/50%%/x%%05d/%%%%/%05d.png");
  const folder = await Deno.makeTempDir();
  try {
    const images = join(folder, "50%03d %d");
    const ffmpeg = join(folder, "ffmpeg");
    await Deno.writeTextFile(ffmpeg, '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.args"\nexit 1\n', { mode: 0o755 });
    const video = { images, path: join(folder, "v.mp4"), format: "mp4", fps: 5 } as const;
    await assertRejects(() => makeVideo(ffmpeg, video), Error, "ffmpeg failed");
    const args = (await Deno.readTextFile(`${ffmpeg}.args`)).split("\n");
    assertEquals(args[args.indexOf("-i") + 1], join(folder, "50%%03d %%d", "%05d.png"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

renderTest("tame render --video encodes all frames", async (folder) => {
  for (const format of ["mp4", "webm"]) {
    const args = ["render", "-m", "out", "--path", "orbit", "--frames", "7", "--fps", "5", "--video", format];
    const { code, stdout, stderr } = await tame(folder, [...args, "--backend", "cpu"]);
    assertEquals(code, 0, stderr);
    const video = join(folder, "out", "paths", "orbit", "ours_3", `orbit.${format}`);
    assertStringIncludes(stdout, `Video: ${video}`);
    const decoded = await new Deno.Command(ffmpeg!, {
      args: ["-i", video, "-map", "0:v", "-f", "framecrc", "-"],
      stderr: "null",
    }).output();
    const frames = new TextDecoder().decode(decoded.stdout).split("\n").filter((line) => /^0,/.test(line));
    assertEquals(frames.length, 7);
  }
}, libraryMissing ?? (ffmpeg === undefined ? "no ffmpeg on PATH" : undefined));

renderTest(
  "tame render --video reports a missing ffmpeg, a failed one, and a missing permission to run it",
  async (folder) => {
    const args = ["render", "-m", "out", "--path", "orbit", "--frames", "2", "--video", "mp4", "--backend", "cpu"];
    const without = await tame(folder, args, { env: { PATH: folder } });
    assertEquals(without.code, 0, without.stderr);
    assertStringIncludes(without.stderr, "No video: there is no ffmpeg on PATH");
    assertEquals(files(join(folder, "out", "paths", "orbit", "ours_3")), ["renders"]);
    await Deno.writeTextFile(join(folder, "ffmpeg"), "#!/bin/sh\necho broken codec >&2\nexit 1\n", { mode: 0o755 });
    const failing = await tame(folder, args, { env: { PATH: folder } });
    assertEquals(failing.code, 1);
    assertStringIncludes(failing.stderr, "Error: ffmpeg failed to encode the video: broken codec");
    const flags = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi"];
    const forbidden = await tame(folder, args, { env: { PATH: folder }, flags });
    assertEquals(forbidden.code, 2);
    assertStringIncludes(forbidden.stderr, "--allow-run=ffmpeg");
    const alone = await tame(folder, ["render", "-m", "out", "--video", "mp4"]);
    assertEquals(alone.code, 2);
    assertStringIncludes(alone.stderr, "--video needs --path");
  },
);
