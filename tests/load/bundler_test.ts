// load/bundler.ts against the projection of Bundler's manual.

import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parseBundle, parseList } from "../../load/bundler.ts";
import { loadScene } from "../../load/scene.ts";
import { libraryMissing } from "../support/device.ts";
import { assertSees, beacon, plus, rotationAbout, times, type Vec } from "./beacon.ts";
import { withFolder } from "./fixtures.ts";

const [WIDTH, HEIGHT] = [160, 120];
const LONGEST_MILLISECONDS = 1000;
const POINT: Vec = [0.4, -0.3, -5];
const R = rotationAbout([2 / 3, -1 / 3, 2 / 3], 12);
const T: Vec = [0.3, 0.1, -0.2];
const [F, K1, K2] = [150, -0.1, 0.3];
const rows = (m: number[]) => [m.slice(0, 3), m.slice(3, 6), m.slice(6)].map((row) => row.join(" ")).join("\n");
const CAMERA = `${F} ${K1} ${K2}\n${rows(R)}\n${T.join(" ")}\n`;
const LOST = "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n";
const POINTS = `${POINT.join(" ")}\n10 20 255\n2 0 7 1.5 -2.5 1 8 3.5 4.5\n0 0 0\n1 2 3\n0\n`;
const FILE = `# Bundle file v0.3\n2 2\n${CAMERA}${LOST}${POINTS}`;
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test({
  name: "loadScene() sees a point of a Bundler reconstruction where its camera shows it",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      // P = R X + t, p = −P / P.z, p' = f r(p) p: pixels from the centre, y up.
      const [x, y, z] = plus(times(R, POINT), T);
      const [px, py] = [-x / z, -y / z];
      const r2 = px * px + py * py;
      const r = 1 + K1 * r2 + K2 * r2 * r2;
      const photo = await beacon(WIDTH, HEIGHT, [WIDTH / 2 + F * r * px, HEIGHT / 2 - F * r * py]);
      await Deno.mkdir(join(folder, "bundle"));
      await Deno.writeFile(join(folder, "a b.png"), photo);
      await Deno.writeTextFile(join(folder, "bundle", "bundle.out"), FILE);
      await Deno.writeTextFile(join(folder, "list.txt"), "./a b.png 0 1520.4\nlost.png\n");
      const scene = await loadScene(folder);
      const { train, points, notices } = scene;
      assertEquals(train.map(({ name }) => name), ["a b"]);
      await assertSees(scene, POINT);
      assertEquals([...points.colors], [10, 20, 255, 1, 2, 3]);
      points.positions.subarray(0, 3).forEach((value, i) => assertAlmostEquals(value, POINT[i], 1e-6));
      assertEquals(notices!.slice(0, 2), [
        "1 of 2 photos were not reconstructed and are left out",
        "bundle.out states no sizes of photos: focal lengths are taken as for photos of the stored size",
      ]);
      // As COLMAP exports it, with the file named.
      const [out, list] = ["model.bundle.out", "model.list.txt"].map((name) => join(folder, name));
      await Deno.rename(join(folder, "bundle", "bundle.out"), out);
      await assertRejects(
        () => loadScene(join(folder, "bundle")),
        DataError,
        "bundle.out of Bundler with its list.txt",
      );
      await Deno.rename(join(folder, "list.txt"), list);
      assertEquals((await loadScene(out)).train[0].camera, train[0].camera);
      await Deno.writeTextFile(list, "a.png\n");
      await assertRejects(() => loadScene(out), DataError, "List has 1 photos, but model.bundle.out has 2 cameras");
      await Deno.remove(list);
      await assertRejects(() => loadScene(out), DataError, "There is no list of photos");
      // The list of another capture, in the folder that this one is in.
      await Deno.mkdir(join(folder, "other"));
      await Deno.writeTextFile(join(folder, "other", "bundle.out"), FILE);
      await Deno.writeTextFile(join(folder, "list.txt"), "a b.png\nlost.png\n");
      await assertRejects(() => loadScene(join(folder, "other")), DataError, "There is no list of photos");
    });
  },
});

Deno.test("parseBundle() reads numbers on other lines than usual, and CRLF", () => {
  const whole = parseBundle(bytes(FILE), "b.out");
  assertEquals(whole.cameras.map((camera) => camera?.focal), [F, undefined]);
  assertEquals(parseBundle(bytes(FILE.replaceAll("\n", "\r\n")), "b.out"), whole);
  assertEquals(parseBundle(bytes(FILE.replace("2 2\n", "2\n\n2\n").replace(`${K1} `, `${K1}\n`)), "b.out"), whole);
});

Deno.test("parseList() takes names with spaces and digits as they are", () => {
  const text = "./a 1.jpg\nb 2.jpg 0 1234.5\n# a comment\n\nc.jpg 0 1e3\nd 7\n";
  assertEquals(parseList(bytes(text), "list.txt"), ["./a 1.jpg", "b 2.jpg", "c.jpg", "d 7"]);
});

Deno.test("parseList() takes no longer for a name with many spaces than for one with many letters", () => {
  const name = `a${" ".repeat(50_000)}b`;
  const start = performance.now();
  assertEquals(parseList(bytes(`${name}\n${name} 0 1520.4\n`), "list.txt"), [name, name]);
  assertLess(performance.now() - start, LONGEST_MILLISECONDS);
});

Deno.test("parseBundle() names the line of what is wrong", () => {
  const wrong: [text: string, words: string][] = [
    ["", "File does not begin with # Bundle file v0.3 (b.out, line 1)"],
    ["2 2\n", "does not begin"],
    ["# Bundle file v0.3\n", "File ends, expected the number of cameras"],
    ["# Bundle file v0.3\n1e6 0\n", "File states 1000000 cameras, but is of a size for at most 64 (b.out, line 2)"],
    ["# Bundle file v0.3\n-1 0\n", "File states -1 cameras"],
    ["# Bundle file v0.3\n0 0.5\n", "File states 0.5 points"],
    [FILE.slice(0, 90), "File ends, expected a camera's rotation"],
    [FILE.replace(rows(R), "1 0 0\n0 1 0\n0 0 -1"), "Pose of camera 0 before line 7 is not a rotation"],
    [FILE.replace(T.join(" "), "1e30 0 0"), "Pose of camera 0 before line 7 is out of range"],
    [FILE.replace("2 0 7 1.5", "3 0 7 1.5"), "Expected four numbers for each of 3 views (b.out, line 15)"],
    [FILE.replace("10 20 255", "10 20 256"), "A point's colour is 256: expected 0 to 255 (b.out, line 14)"],
    [FILE.replace("10 20 255", "10 x 255"), 'Expected a point\'s colour, found "x"'],
  ];
  for (const [text, words] of wrong) {
    const error = assertThrows(() => parseBundle(bytes(text), "b.out"), DataError, "", words);
    assert(error.message.includes(words), `${error.message}, not ${words}`);
  }
});
