// load/polycam.ts and load/record3d.ts: captures of phones, whose poses are ARKit's: camera to world, with y up and z
// backward (https://developer.apple.com/documentation/arkit/arcamera).

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parsePolycamCamera } from "../../load/polycam.ts";
import { parseRecord3d } from "../../load/record3d.ts";
import { loadScene } from "../../load/scene.ts";
import { assertSees, beacon, minus, plus, rotationAbout, times, transposed, type Vec } from "./beacon.ts";
import { withFolder } from "./fixtures.ts";
import { zipOf } from "./zips.ts";

const [WIDTH, HEIGHT] = [120, 160];
const AXIS: Vec = [2 / 3, -1 / 3, 2 / 3];
const DEGREES = 50;
const R = rotationAbout(AXIS, DEGREES);
const CENTRE: Vec = [0.3, 1.5, -0.7];
const POINT = plus(CENTRE, times(R, [0.2, 0.3, -2])); // in front: −z
const [FX, FY, CX, CY] = [140, 142, 58, 83];

/** A photo that shows the point where ARKit's pinhole images it. */
function photo(): Promise<Uint8Array> {
  const [x, y, z] = times(transposed(R), minus(POINT, CENTRE));
  return beacon(WIDTH, HEIGHT, [CX + FX * x / -z, CY + FY * -y / -z]);
}

function polycamCamera(center = CENTRE): Record<string, unknown> {
  const rows = [0, 1, 2].map((k) => [R[3 * k], R[3 * k + 1], R[3 * k + 2], center[k]]);
  const matrix = Object.fromEntries(rows.flatMap((row, i) => row.map((value, k) => [`t_${i}${k}`, value])));
  return { ...matrix, fx: FX, fy: FY, cx: CX, cy: CY, width: WIDTH, height: HEIGHT, blur_score: 9, timestamp: 7 };
}

const half = DEGREES * Math.PI / 360;
const POSE = [...AXIS.map((value) => value * Math.sin(half)), Math.cos(half), ...CENTRE];
const METADATA = {
  w: WIDTH,
  h: HEIGHT,
  K: [FX, 0, 0, 0, FY, 0, CX, CY, 1],
  fps: 60,
  poses: [POSE, POSE],
  initPose: POSE,
};
const bytes = (content: unknown) => new TextEncoder().encode(JSON.stringify(content));

Deno.test("loadScene() sees a point of Polycam's raw data where its camera shows it, and prefers corrected cameras", async () => {
  await withFolder(async (folder) => {
    const write = async (cameras: string, images: string, center: Vec) => {
      for (const name of [cameras, images]) await Deno.mkdir(join(folder, "keyframes", name), { recursive: true });
      await Deno.writeFile(join(folder, "keyframes", cameras, "7.json"), bytes(polycamCamera(center)));
      await Deno.writeFile(join(folder, "keyframes", images, "7.png"), await photo());
    };
    await write("cameras", "images", CENTRE);
    await Deno.writeFile(join(folder, "keyframes", "cameras", "._7.json"), new Uint8Array([0, 5, 22, 7]));
    const scene = await loadScene(folder);
    const { train: [view], notices } = scene;
    assertEquals(view.name, "7");
    assertEquals(notices![0], "Poses are those of the device: Polycam's raw data has no corrected_cameras");
    await assertSees(scene, POINT);
    await write("cameras", "images", [9, 9, 9]);
    await write("corrected_cameras", "corrected_images", CENTRE);
    const archive = join(folder, "raw data.zip");
    const data = async (name: string) => ({ name, data: await Deno.readFile(join(folder, name)) });
    const names = ["keyframes/corrected_cameras/7.json", "keyframes/corrected_images/7.png", "keyframes/images/7.png"];
    await Deno.writeFile(archive, zipOf(await Promise.all(names.map(data))));
    for (const source of [folder, join(folder, "keyframes"), archive]) {
      const corrected = await loadScene(source);
      assert(corrected.train[0].path.endsWith("corrected_images/7.png"));
      await assertSees(corrected, POINT);
    }
  });
});

Deno.test("parsePolycamCamera() names what is wrong", () => {
  const wrong: [change: Record<string, unknown>, words: string][] = [
    [{ t_12: null }, "t_12 is null: expected a number"],
    [{ width: 0 }, "width is 0"],
    [{ fx: "140" }, "fx is"],
    [{ fx: 1e9 }, "Camera has focal lengths"],
    [{ t_00: 5 }, "Matrix t_00 to t_23 is not a rotation"],
    [{ t_03: 1e30 }, "Matrix t_00 to t_23 is out of range"],
  ];
  for (const [change, words] of wrong) {
    const parse = () => parsePolycamCamera(bytes({ ...polycamCamera(), ...change }), "7.json");
    const error = assertThrows(parse, DataError, "", words);
    assert(error.message.includes(words), `${error.message}, not ${words}`);
  }
});

Deno.test("loadScene() sees a point of a Record3D export where its camera shows it", async () => {
  await withFolder(async (folder) => {
    const write = async (metadata: unknown) => {
      await Deno.mkdir(join(folder, "EXR_RGBD", "rgb"), { recursive: true });
      await Deno.writeFile(join(folder, "EXR_RGBD", "metadata.json"), bytes(metadata));
      for (const name of ["0.jpg.png", "1.png"]) {
        await Deno.writeFile(join(folder, "EXR_RGBD", "rgb", name), await photo());
      }
    };
    await write(METADATA);
    for (const source of [folder, join(folder, "EXR_RGBD"), join(folder, "EXR_RGBD", "metadata.json")]) {
      const scene = await loadScene(source);
      const { train, notices } = scene;
      assertEquals(train.map(({ name }) => name), ["1"]);
      assert(notices!.some((line) => line.startsWith("1 of 2 photos are missing and left out, the first is 0")));
      await assertSees(scene, POINT);
    }
    await write({
      ...METADATA,
      K: [1, 0, 0, 0, 1, 0, 9, 9, 1],
      perFrameIntrinsicCoeffs: [[9, 9, 9, 9], [FX, FY, CX, CY]],
    });
    await assertSees(await loadScene(folder), POINT);
    await Deno.writeFile(join(folder, "EXR_RGBD", "metadata.json"), bytes({ poses: 3 }));
    await assertRejects(() => loadScene(folder), DataError, "No capture: expected");
  });
});

Deno.test("parseRecord3d() names what is wrong", () => {
  const wrong: [change: Record<string, unknown>, words: string][] = [
    [{ w: undefined }, "w is missing"],
    [{ K: [1, 2, 3] }, "K has 3 numbers: expected 3 x 3"],
    [{ poses: [] }, "List of poses is empty"],
    [{ poses: Array(99).fill([0, 0, 0, 1, 0, 0, 0]) }, "There are 99 poses in "],
    [{ poses: [[0, 0, 0, 1]] }, "poses[0] is not a quaternion and a position"],
    [{ poses: [[0, 0, 0, 0, 1, 2, 3]] }, "poses[0] is not a quaternion and a position"],
    [{ poses: [POSE, [...POSE, 1]] }, "poses[1] is not"],
    [{ poses: [[0, 0, 0, 1, 1e30, 0, 0]] }, "poses[0] is out of range"],
    [{ perFrameIntrinsicCoeffs: [[1, 2, 3, 4]] }, "There are 1 perFrameIntrinsicCoeffs for 2 poses"],
    [{ perFrameIntrinsicCoeffs: [[FX, FY, CX, CY], [FX]] }, "perFrameIntrinsicCoeffs[1] is not fx, fy, cx and cy"],
    [{ K: [1e9, 0, 0, 0, FY, 0, CX, CY, 1] }, "Camera of frame 0 has focal lengths"],
  ];
  for (const [change, words] of wrong) {
    const error = assertThrows(
      () => parseRecord3d(bytes({ ...METADATA, ...change }), "metadata.json"),
      DataError,
      "",
      words,
    );
    assert(error.message.includes(words), `${error.message}, not ${words}`);
  }
});
