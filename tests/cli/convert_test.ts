// `tame convert FOLDER`: photos to a capture with COLMAP, which a script stands for; once with the real one.

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { copy, existsSync, walk } from "@std/fs";
import { dirname, join, relative } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { type Job, matchingOf } from "../../cli/convert/stages.ts";
import { imageSize } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { capture } from "../../scripts/captures.ts";
import { image, model, pattern, pinhole, raw } from "../load/fixtures.ts";
import { callsOf, VERSIONS, writeFakeColmap } from "../support/fake_colmap.ts";
import { type Ended, ended, start } from "../support/process.ts";

const CAMERA = pinhole(1, 41, 30);
const NAMES = ["left/a b.png", "left/b.jpg", "c.png", "d.png"];

/** A model of the first photos. */
const modelOf = (count: number) => model(CAMERA, NAMES.slice(0, count).map((name, i) => image(i + 1, name)));

/** Runs `body` in a folder with four photos in `photos`, and a file that is none. */
async function withPhotos(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_convert_" });
  try {
    for (const name of NAMES) {
      const path = join(folder, "photos", name);
      await Deno.mkdir(dirname(path), { recursive: true });
      const photo = raw(pattern(41, 30), 41, 30);
      await (name.endsWith(".jpg") ? photo.jpeg() : photo.png()).toFile(path);
    }
    await Deno.writeTextFile(join(folder, "photos", "notes.txt"), "no photo");
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function convert(folder: string, args: string, env: Record<string, string> = {}): Promise<Ended> {
  const program = ["--colmap_executable", join(folder, "bin", "colmap")];
  return ended(start("cli.ts", ["convert", ...args.split(" "), ...program], { cwd: folder, env }));
}

/** Paths and bytes of the files in a folder. */
async function contents(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { path } of walk(folder, { includeDirs: false })) {
    files[relative(folder, path)] = (await Deno.readFile(path)).toHex();
  }
  return files;
}

/** The value of an option in a call. */
function valueOf(call: string, option: string): string | undefined {
  return new RegExp(`--${option.replaceAll(".", "\\.")} (\\S+)`).exec(call)?.[1];
}

for (
  const [version, features, matches, gpu] of [
    ["old", "SiftExtraction.use_gpu", "SiftMatching.use_gpu", "0"],
    ["new", "FeatureExtraction.use_gpu", "FeatureMatching.use_gpu", "1"],
  ] as const
) {
  Deno.test(`tame convert makes a capture that loads, with the options of COLMAP when it is ${version}`, () =>
    withPhotos(async (folder) => {
      await writeFakeColmap(folder, VERSIONS[version], [modelOf(1), modelOf(3)]);
      const before = await contents(join(folder, "photos"));
      const { code, stdout, stderr } = await convert(folder, "photos -o out --resize --json");
      assertEquals(code, EXIT.done, stderr);
      assertEquals(await contents(join(folder, "photos")), before);

      const [extract, match, map, undistort, ...rest] = await callsOf(folder);
      assertEquals(rest, []);
      assert(extract.startsWith("feature_extractor "), extract);
      assertEquals([valueOf(extract, features), valueOf(match, matches)], [gpu, gpu]);
      assertEquals(valueOf(extract, "ImageReader.single_camera"), "1");
      assertEquals(valueOf(extract, "ImageReader.camera_model"), "OPENCV");
      assertEquals(
        await Deno.readTextFile(valueOf(extract, "image_list_path")!),
        "c.png\nd.png\nleft/a b.png\nleft/b.jpg\n",
      );
      assert(match.startsWith("exhaustive_matcher "), match);
      assertEquals(valueOf(map, "image_path"), join(folder, "photos"));
      assertEquals(valueOf(undistort, "input_path"), join(folder, "out", "distorted", "sparse", "1"), "the largest");

      const out = join(folder, "out");
      const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
      assertEquals(names, ["distorted", "images", "images_2", "images_4", "images_8", "sparse"]);
      assertEquals([...Deno.readDirSync(join(out, "sparse"))].map(({ name }) => name), ["0"]);
      const { train } = await loadScene(out);
      assertEquals(train.map(({ name }) => name), ["c", "left/a b", "left/b"]);
      const reduced = await loadScene(out, { images: "images_4" });
      assertEquals(reduced.train.map(({ camera: { width, height } }) => [width, height]), Array(3).fill([10, 8]));
      const { width, height } = await imageSize(join(out, "images_8", "left", "b.jpg"));
      assertEquals([width, height], [5, 4]);

      assertStringIncludes(
        stderr,
        `COLMAP ${version === "old" ? "3.8 without CUDA, on the CPU" : "4.0.0, on the GPU"}`,
      );
      assertStringIncludes(stderr, "1 other file is left out: the first is notes.txt");
      assertStringIncludes(stderr, "Of 2 models sparse/1 is used, with 3 registered images: sparse/0 has 1");
      assertStringIncludes(stderr, "3 of 4 photos have poses, with 2 points");
      assertStringIncludes(stderr, "Warning: 1 photo is left out, because COLMAP found no fit with the others: d.png");
      assertEquals(JSON.parse(stdout), {
        ...{ type: "capture", path: out, photos: 4, registered: 3, points: 2, missing: ["d.png"] },
      });
    }));
}

Deno.test("tame convert goes on after COLMAP has failed, and its error has the last lines of the log", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    const failed = await convert(folder, "photos -o out", { FAKE_FAILS: "image_undistorter" });
    assertEquals(failed.code, EXIT.failed);
    const log = join(folder, "out", "distorted", "colmap.log");
    assertStringIncludes(failed.stderr, `colmap image_undistorter ended with exit code 3. The last lines of ${log}:`);
    assertMatch(failed.stderr, /\n {2}(some context\n {2}F0101 the reason|F0101 the reason\n {2}some context)\n/);
    assertStringIncludes(await Deno.readTextFile(log), "$ colmap feature_extractor --database_path");
    assert(!existsSync(join(folder, "out", "sparse")) && !existsSync(join(folder, "out", "images")));

    for (
      const [args, words] of [
        ["photos -o out --camera PINHOLE", "another --camera"],
        ["photos -o out --matching sequential", "another --matching"],
        ["photos -o out --resize", "another --resize"],
        ["photos/left -o out", "another folder of photos"],
      ]
    ) {
      const other = await convert(folder, args);
      assertEquals(other.code, EXIT.data, other.stderr);
      assertStringIncludes(other.stderr, words);
    }
    const { code, stdout, stderr } = await convert(folder, "photos -o out");
    assertEquals(code, EXIT.done, stderr);
    assertStringIncludes(stdout, "4 of 4 photos have poses");
    const calls = (await callsOf(folder)).map((call) => call.split(" ")[0]);
    assertEquals(calls.slice(4), ["image_undistorter"], "the poses are found once");
    assertEquals((await loadScene(join(folder, "out"))).train.length, 4);
  }));

Deno.test("tame convert says what photos need when COLMAP makes no model of them", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, []);
    const gpu = await convert(folder, "photos -o out", { FAKE_FAILS: "exhaustive_matcher" });
    assertStringIncludes(gpu.stderr, "If this machine has no usable GPU, add --no_gpu");
    await writeFakeColmap(folder, VERSIONS.old, []);
    for (const fails of ["", "mapper"]) {
      const { code, stderr } = await convert(folder, "photos -o out", { FAKE_FAILS: fails });
      assertEquals(code, EXIT.failed);
      assertStringIncludes(stderr, "COLMAP found no photos that fit together. Neighbouring photos need");
      assertEquals(stderr.includes("F0101 the reason"), fails === "mapper");
    }
  }));

Deno.test("tame convert ends COLMAP when it is interrupted, and the same command goes on", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    const args = ["convert", "photos", "-o", "out", "--colmap_executable", join(folder, "bin", "colmap")];
    const child = start("cli.ts", args, { cwd: folder, env: { FAKE_HANGS: "mapper" } });
    const output = ended(child);
    while (!existsSync(join(folder, "pid"))) await new Promise((resolve) => setTimeout(resolve, 20));
    const busy = await convert(folder, "photos -o out");
    assertEquals(busy.code, EXIT.failed);
    assertStringIncludes(busy.stderr, "Another process converts photos into");
    child.kill("SIGINT");
    const { code, stderr } = await output;
    assertEquals(code, EXIT.interrupted, stderr);
    assertStringIncludes(stderr, "the same command continues after the last complete stage");
    const pid = Number(await Deno.readTextFile(join(folder, "pid")));
    assertThrows(() => Deno.kill(pid, "SIGCONT"), Error, undefined, "COLMAP has ended");
    assert(!existsSync(join(folder, "out", "sparse")));
    const resumed = await convert(folder, "photos -o out");
    assertEquals(resumed.code, EXIT.done, resumed.stderr);
    assertEquals((await loadScene(join(folder, "out"))).train.length, 4);
  }));

Deno.test("tame convert extracts features afresh after an interrupted extraction, and keeps complete ones", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    for (const fails of ["feature_extractor", "exhaustive_matcher"]) {
      assertEquals((await convert(folder, "photos -o out", { FAKE_FAILS: fails })).code, EXIT.failed);
    }
    const { code, stderr } = await convert(folder, "photos -o out");
    assertEquals(code, EXIT.done, stderr);
    const calls = async () => (await callsOf(folder)).map((call) => call.split(" ")[0]);
    assertEquals(
      (await calls()).slice(0, -2),
      ["feature_extractor", "feature_extractor", "exhaustive_matcher", "exhaustive_matcher"],
    );
    const [used, journal] = await Promise.all(
      ["database.db", "database.db-wal"].map((name) => Deno.readTextFile(join(folder, "out", "distorted", name))),
    );
    assertEquals(used, "feature_extractor\nexhaustive_matcher\nexhaustive_matcher\nmapper\n");
    assertEquals(journal, used);

    // A database that was removed is no complete one once it is made again in part.
    await convert(folder, "photos -o other", { FAKE_FAILS: "mapper" });
    await Deno.remove(join(folder, "other", "distorted", "database.db"));
    await convert(folder, "photos -o other", { FAKE_FAILS: "feature_extractor" });
    await convert(folder, "photos -o other");
    assertEquals((await calls()).slice(-5, -3), ["feature_extractor", "feature_extractor"]);
  }));

Deno.test("tame convert moves what an interrupted run had finished, without COLMAP", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    assertEquals((await convert(folder, "photos -o out")).code, EXIT.done);
    const out = join(folder, "out");
    const complete = await contents(out);
    const calls = await callsOf(folder);
    // As if it had been killed between two renames.
    await Deno.mkdir(join(out, "distorted", "undistorted"));
    await Deno.rename(join(out, "sparse"), join(out, "distorted", "undistorted", "sparse"));
    const { code, stderr } = await convert(folder, "photos -o out");
    assertEquals(code, EXIT.done, stderr);
    assertEquals(await contents(out), complete);
    assertEquals(await callsOf(folder), calls);
  }));

Deno.test("tame convert overwrites nothing that is there", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    for (const name of ["images", "sparse", "images_8"]) {
      const out = join(folder, `has_${name}`);
      await Deno.mkdir(join(out, name), { recursive: true });
      await Deno.writeTextFile(join(out, name, "mine.txt"), "keep");
      const { code, stderr } = await convert(folder, `photos -o has_${name}`);
      assertEquals(code, EXIT.data, stderr);
      assertStringIncludes(stderr, "The folder to write has a capture, or a part of one");
      assertEquals(Object.keys(await contents(out)), [`${name}/mine.txt`]);
    }
    const foreign = join(folder, "foreign", "distorted");
    await Deno.mkdir(foreign, { recursive: true });
    await Deno.writeTextFile(join(foreign, "database.db"), "of another program");
    const { code, stderr } = await convert(folder, "photos -o foreign");
    assertEquals(code, EXIT.data, stderr);
    assertStringIncludes(stderr, "The folder is of another program");
    assertEquals(await callsOf(folder), []);
  }));

Deno.test("tame convert takes the photos in input, and the model that is there with --skip_matching", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(2)]);
    await Deno.mkdir(join(folder, "garden"));
    await Deno.rename(join(folder, "photos"), join(folder, "garden", "input"));
    const none = await convert(folder, "-s garden --skip_matching");
    assertEquals(none.code, EXIT.data);
    assertStringIncludes(none.stderr, "There is no COLMAP model for --skip_matching");
    await copy(join(folder, "made"), join(folder, "garden", "distorted", "sparse"));
    const { code, stderr } = await convert(folder, "-s garden --skip_matching --no_gpu");
    assertEquals(code, EXIT.done, stderr);
    assertEquals((await callsOf(folder)).map((call) => call.split(" ")[0]), ["image_undistorter"]);
    assertEquals((await loadScene(join(folder, "garden"))).train.length, 2);
  }));

Deno.test("tame convert gives each photo its camera when their sizes differ", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    await raw(pattern(30, 41), 30, 41).png().toFile(join(folder, "photos", "e.png"));
    const { code, stdout, stderr } = await convert(folder, "photos --no_gpu --matching sequential");
    assertEquals(code, EXIT.done, stderr);
    assertStringIncludes(
      stdout,
      "The photos have 2 sizes, so each has a camera of its own: c.png is 41 x 30, e.png 30 x 41",
    );
    const [extract, match] = await callsOf(folder);
    assertEquals(valueOf(extract, "ImageReader.single_camera"), "0");
    assertEquals(valueOf(extract, "FeatureExtraction.use_gpu"), "0");
    assert(match.startsWith("sequential_matcher "), match);
    assertStringIncludes(stderr, "compare all pairs with --matching exhaustive");
    assert(existsSync(join(folder, "photos_capture", "sparse", "0")), "the default output");
  }));

Deno.test("tame convert ends with a usage error or a data error when there is nothing to convert", () =>
  withPhotos(async (folder) => {
    await writeFakeColmap(folder, VERSIONS.new, [modelOf(4)]);
    await Deno.mkdir(join(folder, "empty"));
    const wrong: [args: string, code: number, words: string][] = [
      ["nowhere", EXIT.data, "No such folder of photos"],
      ["empty", EXIT.data, "it is empty"],
      ["photos -s photos", EXIT.usage, "Give the folder of photos once"],
      ["photos -o photos/capture", EXIT.usage, "Cannot write the capture into its folder of photos"],
      ["photos --camera FISH", EXIT.usage, "--camera"],
      ["photos --backbone x", EXIT.usage, "Cannot use --backbone to convert photos"],
      ["lpips --camera OPENCV", EXIT.usage, "Cannot use --camera to convert lpips"],
      ["photos --colmap_executable bin/none", EXIT.usage, "Cannot run COLMAP"],
      ["photos --colmap_executable /bin/true", EXIT.usage, "/bin/true is not COLMAP"],
    ];
    await Promise.all(wrong.map(async ([args, code, words]) => {
      const given = args.includes("--colmap_executable");
      const run = given
        ? ended(start("cli.ts", ["convert", ...args.split(" ")], { cwd: folder }))
        : convert(folder, args);
      const { code: got, stderr } = await run;
      assertEquals(got, code, `${args}: ${stderr}`);
      assertStringIncludes(stderr, words);
    }));
    const flags = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi"];
    const forbidden = await ended(start("cli.ts", ["convert", "photos"], { cwd: folder, flags }));
    assertEquals(forbidden.code, EXIT.usage);
    assertStringIncludes(forbidden.stderr, "--allow-run=colmap");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["bin", "empty", "made", "photos"]);
  }));

Deno.test("tame convert says which option COLMAP lacks when it is of an unknown version", () =>
  withPhotos(async (folder) => {
    const options = { ...VERSIONS.new.options, feature_extractor: ["database_path", "image_path"] };
    await writeFakeColmap(folder, { ...VERSIONS.new, options }, [modelOf(4)]);
    const { code, stderr } = await convert(folder, "photos");
    assertEquals(code, EXIT.failed);
    assertStringIncludes(stderr, "COLMAP 4.0.0 has no option --image_list_path of feature_extractor");
  }));

Deno.test("matchingOf() compares all pairs of up to 300 photos, else what it is told", () => {
  const of = (count: number, matching: "auto" | "exhaustive" | "sequential") =>
    matchingOf({ values: { matching }, source: { names: Array(count).fill("") } } as unknown as Job);
  assertEquals([of(300, "auto"), of(301, "auto")], ["exhaustive", "sequential"]);
  assertEquals([of(301, "exhaustive"), of(2, "sequential")], ["exhaustive", "sequential"]);
});

const fox = capture("fox", "images_4");
const colmap = await new Deno.Command("colmap", { args: ["help"] }).output().then(() => true, () => false);
const lacking = colmap ? (fox === undefined ? "no fox capture" : undefined) : "no colmap on PATH";

Deno.test({
  name: "tame convert finds the poses of real photos with the installed COLMAP" +
    (lacking === undefined ? "" : ` [skipped: ${lacking}]`),
  ignore: lacking !== undefined,
  async fn(): Promise<void> {
    const folder = await Deno.makeTempDir({ prefix: "tame_convert_" });
    try {
      await Deno.mkdir(join(folder, "photos"));
      const names = [...Deno.readDirSync(join(fox!, "images_4"))].map(({ name }) => name).sort().slice(0, 6);
      for (const name of names) await copy(join(fox!, "images_4", name), join(folder, "photos", name));
      const { code, stderr } = await ended(
        start("cli.ts", ["convert", "photos", "--no_gpu", "--json"], { cwd: folder }),
      );
      assertEquals(code, EXIT.done, stderr);
      assertStringIncludes(stderr, "6 of 6 photos have poses");
      const { train, points } = await loadScene(join(folder, "photos_capture"));
      assertEquals(train.map(({ name }) => `${name}.jpg`), names);
      assert(points.count > 100, `${points.count}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
