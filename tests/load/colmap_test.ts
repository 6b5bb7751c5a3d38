// load/colmap.ts against files that export/colmap.ts and this test write, whole, cut short and lying.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { encodeCameras, encodeImages, encodePoints, writeColmap } from "../../export/colmap.ts";
import { readColmap } from "../../load/colmap.ts";
import { parseCameras, parseImages, parsePoints } from "../../load/colmap_binary.ts";
import { COLMAP_MODELS, type ColmapModel, intrinsicsOf } from "../../load/colmap_model.ts";

const MODEL: ColmapModel = {
  cameras: new Map([
    [7, { id: 7, model: "PINHOLE", width: 640, height: 480, params: [500.5, 501, 320, 240] }],
    [-1, { id: -1, model: "SIMPLE_PINHOLE", width: 100, height: 50, params: [80, 50, 25] }],
  ]),
  images: [
    { id: 29, quaternion: [0.5, -0.5, 0.5, 0.5], translation: [1, 2, 3], cameraId: 7, name: "left/Käfer 1.v2.jpg" },
    { id: 2, quaternion: [1, 0, 0, 0], translation: [0, -1e-3, 1e6], cameraId: -1, name: "b.png" },
  ],
  points: {
    count: 2,
    positions: new Float64Array([0.5, -1.25, 3, 1e-20, 4_649_776.25, 5e5 + 1e-9]),
    colors: new Uint8Array([0, 127, 255, 1, 2, 3]),
  },
};

/** Bytes of an images.bin of one image with keypoints: 2-D position and 3-D point id −1, as COLMAP keeps them. */
function imageWithKeypoints(promised: bigint, present: number): Uint8Array {
  const head = encodeImages([MODEL.images[1]]);
  const bytes = new Uint8Array(head.length + 24 * present).fill(0xff, head.length);
  bytes.set(head);
  new DataView(bytes.buffer).setBigUint64(head.length - 8, promised, true);
  return bytes;
}

/** Bytes of a points3D.bin of one point with a track. */
function pointWithTrack(promised: bigint, present: number): Uint8Array {
  const head = encodePoints({ count: 1, positions: new Float32Array([1, 2, 3]), colors: new Uint8Array([4, 5, 6]) });
  const bytes = new Uint8Array(head.length + 8 * present);
  bytes.set(head);
  new DataView(bytes.buffer).setBigUint64(head.length - 8, promised, true);
  return bytes;
}

Deno.test("readColmap() gives back what writeColmap() wrote", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeColmap(`${folder}/sparse/0`, MODEL);
    assertEquals(await readColmap(`${folder}/sparse/0`), MODEL);
    const left = [...Deno.readDirSync(`${folder}/sparse/0`)].map((entry) => entry.name).sort();
    assertEquals(left, ["cameras.bin", "images.bin", "points3D.bin"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readColmap() names the file when one is missing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeColmap(folder, MODEL);
    await Deno.remove(`${folder}/images.bin`);
    const error = await assertRejects(() => readColmap(folder), DataError, "missing");
    assertEquals(error.path, `${folder}/images.bin`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("parse functions throw a DataError with an offset when a file is cut anywhere", () => {
  const files: [(bytes: Uint8Array, path: string) => unknown, Uint8Array][] = [
    [parseCameras, encodeCameras(MODEL.cameras)],
    [parseImages, encodeImages(MODEL.images)],
    [parseImages, imageWithKeypoints(2n, 2)],
    [parsePoints, encodePoints(MODEL.points)],
    [parsePoints, pointWithTrack(3n, 3)],
  ];
  for (const [parse, bytes] of files) {
    parse(bytes, "whole.bin");
    for (let length = 0; length < bytes.length; length++) {
      const error = assertThrows(() => parse(bytes.slice(0, length), "cut.bin"), DataError, "cut.bin, byte ");
      assert(error.offset! <= length, `offset ${error.offset} of ${length} bytes`);
    }
  }
});

Deno.test("parse functions throw a DataError when bytes follow the last record", () => {
  assertThrows(() => parseCameras(new Uint8Array([...encodeCameras(MODEL.cameras), 0]), "c"), DataError, "goes on");
  assertThrows(() => parseImages(new Uint8Array([...encodeImages(MODEL.images), 0]), "i"), DataError, "goes on");
  assertThrows(() => parsePoints(new Uint8Array([...encodePoints(MODEL.points), 0]), "p"), DataError, "goes on");
});

Deno.test("parse functions reject a count before they allocate for it when the file cannot hold it", () => {
  const encoded = [
    { parse: parseCameras, bytes: encodeCameras(MODEL.cameras) },
    { parse: parseImages, bytes: encodeImages(MODEL.images) },
    { parse: parsePoints, bytes: encodePoints(MODEL.points) },
  ];
  for (const count of [3n, 1n << 32n, (1n << 53n) - 1n, 1n << 53n, (1n << 64n) - 1n]) {
    for (const { parse, bytes } of encoded) {
      const lying = bytes.slice();
      new DataView(lying.buffer).setBigUint64(0, count, true);
      // An allocation of 3 × 2^32 floats would throw a RangeError, which is no DataError.
      assertThrows(() => parse(lying, "lying.bin"), DataError, "lying.bin, byte ");
    }
    assertThrows(() => parseImages(imageWithKeypoints(count, 2), "lying.bin"), DataError);
    assertThrows(() => parsePoints(pointWithTrack(count, 2), "lying.bin"), DataError);
  }
});

Deno.test("parseImages() passes over keypoints when there are some", () => {
  assertEquals(parseImages(imageWithKeypoints(5n, 5), "images.bin"), [MODEL.images[1]]);
});

Deno.test("parseImages() rejects a pose when the rotation is zero or a number is not finite", () => {
  const bad = [{ quaternion: [0, 0, 0, 0] }, { quaternion: [NaN, 0, 0, 1] }, { translation: [0, Infinity, 0] }];
  for (const part of bad) {
    const bytes = encodeImages([{ ...MODEL.images[0], ...part }]);
    const error = assertThrows(() => parseImages(bytes, "images.bin"), DataError, "Image 29");
    assertEquals(error.offset, 8);
  }
});

Deno.test("parseImages() rejects a name when it is not UTF-8", () => {
  const bytes = encodeImages([{ ...MODEL.images[1], name: "ab" }]);
  bytes[bytes.indexOf("a".charCodeAt(0), 70)] = 0xff;
  assertThrows(() => parseImages(bytes, "images.bin"), DataError, "UTF-8");
});

Deno.test("parseCameras() reads the right number of parameters when the model is any of COLMAP's", () => {
  const cameras = new Map(COLMAP_MODELS.map(({ name, params }, id) => [
    id,
    { id, model: name, width: 10, height: 20, params: Array.from({ length: params }, (_, i) => i + id / 16) },
  ]));
  assertEquals(parseCameras(encodeCameras(cameras), "cameras.bin"), cameras);
});

Deno.test("parseCameras() knows COLMAP 4's camera models by their ids and numbers of parameters", () => {
  // src/colmap/sensor/models.h
  const known = "SIMPLE_PINHOLE 3, PINHOLE 4, SIMPLE_RADIAL 4, RADIAL 5, OPENCV 8, OPENCV_FISHEYE 8, FULL_OPENCV 12, " +
    "FOV 5, SIMPLE_RADIAL_FISHEYE 4, RADIAL_FISHEYE 5, THIN_PRISM_FISHEYE 12, RAD_TAN_THIN_PRISM_FISHEYE 16, " +
    "SIMPLE_DIVISION 4, DIVISION 5, SIMPLE_FISHEYE 3, FISHEYE 4, EUCM 6, EQUIRECTANGULAR 2";
  assertEquals(COLMAP_MODELS.map(({ name, params }) => `${name} ${params}`).join(", "), known);
  const fisheye = { width: 100, height: 50, fx: 80, cx: 50, cy: 25 };
  const camera = { id: 1, width: 100, height: 50 };
  const distortion = { model: "fisheye" as const, coefficients: [0, 0, 0, 0, 0, 0] };
  const simple = intrinsicsOf({ ...camera, model: "SIMPLE_FISHEYE", params: [80, 50, 25] }, "c");
  assertEquals(simple, { ...fisheye, fy: 80, distortion });
  assertEquals(intrinsicsOf({ ...camera, model: "FISHEYE", params: [80, 82, 50, 25] }, "c"), { ...simple, fy: 82 });
  for (const [model, params] of [["EUCM", [80, 80, 50, 25, 0, 1.2]], ["DIVISION", [80, 80, 50, 25, 0]]] as const) {
    assertEquals(intrinsicsOf({ ...camera, model, params: [...params] }, "c"), { ...simple, distortion: undefined });
  }
});

Deno.test("parseCameras() rejects a camera when its model is unknown, its size zero or its id taken", () => {
  const bytes = encodeCameras(new Map([[7, MODEL.cameras.get(7)!]]));
  const changed = (change: (view: DataView) => void): Uint8Array => {
    const copy = bytes.slice();
    change(new DataView(copy.buffer));
    return copy;
  };
  const unknown = changed((view) => view.setInt32(12, 77, true));
  assertThrows(() => parseCameras(unknown, "cameras.bin"), DataError, "unknown model id 77 (cameras.bin, byte 12)");
  assertThrows(() => parseCameras(changed((view) => view.setInt32(12, -1, true)), "cameras.bin"), DataError, "-1");
  assertThrows(() => parseCameras(changed((view) => view.setBigUint64(16, 0n, true)), "c"), DataError, "0 x 480");
  const twice = new Uint8Array([2, ...bytes.slice(1), ...bytes.slice(8)]);
  assertThrows(() => parseCameras(twice, "cameras.bin"), DataError, "Camera 7 is defined twice");
});

Deno.test("intrinsicsOf() uses one focal length on both axes when the model has one", () => {
  const pinhole = { width: 100, height: 50, fx: 80, fy: 80, cx: 50, cy: 25, distortion: undefined };
  assertEquals(intrinsicsOf(MODEL.cameras.get(-1)!, "c"), pinhole);
});

Deno.test("intrinsicsOf() leaves the distortion out when all coefficients of a perspective lens are zero", () => {
  const camera = { id: 3, model: "OPENCV", width: 10, height: 10, params: [9, 8, 5, 4, 0, 0, 0, 0] };
  assertEquals(intrinsicsOf(camera, "c").distortion, undefined);
  const fisheye = intrinsicsOf({ ...camera, model: "OPENCV_FISHEYE" }, "c");
  assertEquals(fisheye.distortion, { model: "fisheye", coefficients: [0, 0, 0, 0, 0, 0] });
});

Deno.test("intrinsicsOf() rejects a lens that is not supported, and says what to do", () => {
  const params: Record<string, number[]> = {
    RAD_TAN_THIN_PRISM_FISHEYE: [9, 9, 5, 5, 0.1, 0, 0, 0, 0, 0, 0, 1e-9, 0, 0, 0, 0],
    EQUIRECTANGULAR: [10, 10],
  };
  for (const [model, numbers] of Object.entries(params)) {
    const camera = { id: 3, model, width: 10, height: 10, params: numbers };
    const words = `Camera 3 (${model}, of a.jpg) has a lens that is not supported: undistort it with colmap`;
    assertThrows(() => intrinsicsOf(camera, "cameras.bin", "a.jpg"), DataError, words);
  }
});

Deno.test("intrinsicsOf() rejects a camera when a number is unusable", () => {
  const camera = { id: 3, model: "PINHOLE", width: 10, height: 10 };
  for (const params of [[0, 9, 5, 5], [9, -1, 5, 5], [NaN, 9, 5, 5], [9, 9, Infinity, 5]]) {
    const error = assertThrows(() => intrinsicsOf({ ...camera, params }, "cameras.bin"), DataError, "Camera 3");
    assertEquals(error.path, "cameras.bin");
  }
});

Deno.test("intrinsicsOf() accepts focal lengths and principal points up to the limits, and names what is beyond", () => {
  const read = (...params: number[]) =>
    intrinsicsOf({ id: 3, model: "PINHOLE", width: 1000, height: 500, params }, "cameras.bin");
  for (const params of [[50, 50, 500, 250], [100_000, 50, 0, 0], [800, 100_000, 1000, 500]]) {
    assertEquals(Object.values(read(...params)).slice(2, 6), params);
  }
  const focal = "for photos of 1000 x 500 pixels: expected 0.05 to 100 times the longer side (cameras.bin)";
  const beyond: [params: number[], words: string][] = [
    [[49.9, 800, 500, 250], `Camera 3 (PINHOLE) has focal lengths of 49.9 and 800 pixels ${focal}`],
    [[800, 100_001, 500, 250], `Camera 3 (PINHOLE) has focal lengths of 800 and 100001 pixels ${focal}`],
    [
      [800, 800, -1, 250],
      "Camera 3 (PINHOLE) has its principal point at -1, 250, outside its photos of 1000 x 500 pixels",
    ],
    [[800, 800, 500, 501], "principal point at 500, 501, outside"],
    [[800, 800, 1001, 250], "principal point at 1001, 250, outside"],
    [[800, 800, 500, -0.1], "principal point at 500, -0.1, outside"],
  ];
  for (const [params, words] of beyond) assertThrows(() => read(...params), DataError, words);
});
Deno.test("encodeCameras() rejects a camera when its parameters do not fit its model", () => {
  const camera = { id: 1, model: "PINHOLE", width: 1, height: 1, params: [1, 2, 3] };
  assertThrows(() => encodeCameras(new Map([[1, camera]])), RangeError, "PINHOLE with 3 parameters");
});
