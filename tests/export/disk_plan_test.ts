// The plan of what a run writes, and its comparison with the free space.

import { assertEquals, assertRejects } from "@std/assert";
import { checkDisk, planDisk } from "../../export/disk_plan.ts";
import { splatBytes, splatHeader } from "../../export/ply.ts";

const points = { count: 10, positions: new Float32Array(30), colors: new Uint8Array(30) };
const RUN = { scene: { train: [], test: [], points }, count: 1000, shDegree: 3, saves: 2, iterations: 100 };

Deno.test("splatBytes() counts the header and 62 floats of each Gaussian at degree 3", () => {
  assertEquals(splatBytes(1000, 3), splatHeader(1000, 3).length + 1000 * 62 * 4);
  assertEquals(splatBytes(1, 0), splatHeader(1, 0).length + 17 * 4);
});

Deno.test("planDisk() counts one PLY more than saves, and three checkpoints", () => {
  const [plys] = planDisk(RUN);
  assertEquals(plys, { output: "3 PLY files of 1000 Gaussians", bytes: 3 * splatBytes(1000, 3) });
  const [, , checkpoints] = planDisk({ ...RUN, checkpointBytes: 5000 });
  assertEquals(checkpoints, { output: "3 checkpoints", bytes: 15_000 });
  assertEquals(planDisk(RUN).length, 2);
  const [, , spz, csv, html] = planDisk({ ...RUN, exports: ["spz", "csv", "html"] });
  assertEquals(spz, { output: ".spz file", bytes: splatBytes(1000, 3) });
  assertEquals(csv.bytes, 6 * splatBytes(1000, 3));
  assertEquals(html.bytes, 2 * splatBytes(1000, 3) + 2 ** 22);
});

Deno.test("planDisk() counts a render beside a photo for each preview, and a sheet of all", () => {
  const camera = { ...{ width: 4, height: 5, fx: 4, fy: 4, cx: 2, cy: 2 }, rotation: [], translation: [] };
  const view = { name: "0", path: "", camera, original: camera, photo: () => Promise.reject(new Error("not read")) };
  const [, , previews] = planDisk({ ...RUN, scene: { train: [view], test: [], points }, previews: 3 });
  assertEquals(previews, { output: "3 previews", bytes: 3 * 4 * 5 * (2 * 3 + 4) });
});

Deno.test("checkDisk() throws with the numbers when the plan exceeds the free space, and only then", async () => {
  await checkDisk("/absent/folder", planDisk(RUN));
  await assertRejects(
    () => checkDisk("/absent/folder", planDisk({ ...RUN, count: 1e13 })),
    Error,
    "Too little disk space for /absent/folder: this run writes up to",
  );
});
