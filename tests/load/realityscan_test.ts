// load/realityscan.ts against rotations about axes, and the units that RealityScan's templates have.

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parseRealityScan } from "../../load/realityscan.ts";
import { loadScene } from "../../load/scene.ts";
import { libraryMissing } from "../support/device.ts";
import { assertSees, beacon, minus, rotationAbout, times, transposed, type Vec } from "./beacon.ts";
import { withFolder } from "./fixtures.ts";

const [WIDTH, HEIGHT] = [120, 160]; // upright: lengths are in longer sides, which is the height
const [YAW, PITCH, ROLL] = [170, 50, -22];
const CENTRE: Vec = [44.5, 138.25, 6.75];
const [F, PX, PY, K1, K2, K3, T1, T2] = [30, 0.01, -0.02, -0.1, 0.2, 0.1, 0.02, -0.03];
const HEADER = "#name,x,y,alt,heading,pitch,roll,f,px,py,k1,k2,k3,k4,t1,t2";
const NEWER = "#name,x,y,alt,yaw,pitch,roll,f_35mm,px_norm,py_norm,k1,k2,k3,k4,t1,t2";
const rowOf = (k4: number) => ["a.png", ...CENTRE, YAW, PITCH, ROLL, F, PX, PY, K1, K2, K3, k4, T1, T2].join(",");
const ROW = rowOf(0);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Camera to world, with y up and z backward: yaw about −z, then pitch about x, then roll about y. */
function toCamera(point: Vec): Vec {
  const inYaw = times(transposed(rotationAbout([0, 0, -1], YAW)), minus(point, CENTRE));
  const inPitch = times(transposed(rotationAbout([1, 0, 0], PITCH)), inYaw);
  const [x, y, z] = times(transposed(rotationAbout([0, 1, 0], ROLL)), inPitch);
  return [x, -y, -z];
}

/** A point in front of the camera, off its axis. */
function pointInFront(): Vec {
  const away: Vec = [1.7, 1.2, -5];
  const [x, y, z] = times(
    rotationAbout([0, 0, -1], YAW),
    times(rotationAbout([1, 0, 0], PITCH), times(rotationAbout([0, 1, 0], ROLL), away)),
  );
  return [CENTRE[0] + x, CENTRE[1] + y, CENTRE[2] + z];
}

for (const [model, k4] of [["Brown3", 0], ["Brown4", 5]] as const) {
  Deno.test({
    name: `loadScene() sees a point of a RealityScan registration with ${model} where its camera shows it`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      await withFolder(async (folder) => {
        const point = pointInFront();
        const [cx, cy, cz] = toCamera(point);
        const [x, y] = [cx / cz, cy / cz];
        // Brown with OpenCV's p1 = t2 and p2 = t1, in longer sides of the photo from its centre; f of 36 is one of them.
        const r2 = x * x + y * y;
        const d = 1 + K1 * r2 + K2 * r2 ** 2 + K3 * r2 ** 3 + k4 * r2 ** 4;
        const u = F / 36 * (d * x + 2 * T2 * x * y + T1 * (r2 + 2 * x * x)) + PX;
        const v = F / 36 * (d * y + 2 * T1 * x * y + T2 * (r2 + 2 * y * y)) + PY;
        const photo = await beacon(WIDTH, HEIGHT, [WIDTH / 2 + u * HEIGHT, HEIGHT / 2 + v * HEIGHT]);
        await Deno.mkdir(join(folder, "images"));
        await Deno.writeFile(join(folder, "images", "a.png"), photo);
        await Deno.writeTextFile(join(folder, "points.csv"), "x,y,z\n1,2,3\n");
        const path = join(folder, "registration.csv");
        const row = rowOf(k4);
        for (const [source, text] of [[folder, `${HEADER}\n${row}\n`], [path, `#cameras 1\n${NEWER}\r\n${row}\r\n`]]) {
          await Deno.writeTextFile(path, text);
          const scene = await loadScene(source);
          assertEquals(scene.train.map(({ name }) => name), ["a"]);
          await assertSees(scene, point);
        }
      });
    },
  });
}

Deno.test("parseRealityScan() looks down with the top to the north when all angles are 0", () => {
  const [{ rotation, translation }] = parseRealityScan(bytes(`${HEADER}\na,1,2,3,0,0,0,30,0,0,0,0,0,0,0,0`), "r.csv");
  // The rows are the camera's axes in the world: right is east, down is south, forward is down.
  [1, 0, 0, 0, -1, 0, 0, 0, -1].forEach((value, i) => assertAlmostEquals(rotation[i], value, 1e-15));
  assertEquals(translation, [-1, 2, 3]);
});

Deno.test("parseRealityScan() reads files without the columns that are optional, in any order, and quoted names", () => {
  const text = 'f,name,roll,pitch,heading,alt,y,x,extra\n18,"C:\\photos\\a.jpg",0,0,0,3,2,1,abc\n\n';
  const [{ name, intrinsics }] = parseRealityScan(bytes(text), "r.csv");
  assertEquals(name, "C:\\photos\\a.jpg");
  const square = intrinsics({ width: 200, height: 100 });
  assertEquals([square.fx, square.fy, square.cx, square.cy, square.distortion], [100, 100, 100, 50, undefined]);
});

Deno.test("parseRealityScan() names the line of what is wrong", () => {
  const row = (change: Record<number, string>) => ROW.split(",").map((field, i) => change[i] ?? field).join(",");
  const wrong: [text: string, words: string][] = [
    ["", "File does not begin with #name,x,y,alt,heading,pitch,roll,f (r.csv, line 1)"],
    ["#name,x,y,alt\na,1,2,3\n", "does not begin with"],
    [`${HEADER}\n`, "File has no cameras"],
    [`${HEADER}\n${ROW}\n${row({ 0: "" })}\n`, "Line has no name of a photo (r.csv, line 3)"],
    [`${HEADER}\n${row({ 2: "north" })}\n`, 'Expected a number as y, found "north" (r.csv, line 2)'],
    [`${HEADER}\n${row({ 4: "nan" })}\n`, "Expected a number as heading"],
    [`${HEADER}\na,1,2,3\n`, 'Expected a number as heading, found ""'],
    [`${HEADER}\n${row({ 1: "1e30" })}\n`, "Pose of a.png is out of range"],
    [`${HEADER}\n${"a".repeat(9000)}\n`, "Line is 9000 bytes long (r.csv, line 2)"],
  ];
  for (const [text, words] of wrong) {
    const error = assertThrows(() => parseRealityScan(bytes(text), "r.csv"), DataError, "", words);
    assert(error.message.includes(words), `${error.message}, not ${words}`);
  }
  const [{ intrinsics }] = parseRealityScan(bytes(`${HEADER}\n${row({ 7: "9000" })}\n`), "r.csv");
  assertThrows(() => intrinsics({ width: 100, height: 100 }), DataError, "Camera of a.png has focal lengths");
});

Deno.test("loadScene() takes no other CSV file for a registration", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "points.csv"), "x,y,z\n1,2,3\n");
    await Deno.writeTextFile(join(folder, "empty.csv"), "");
    await assertRejects(() => loadScene(folder), DataError, "No capture: expected");
  });
});
