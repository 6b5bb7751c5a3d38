// load/ply.ts against files that export/ply.ts and this test write: three encodings, cut short, lying, malformed.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { GREY } from "../../base/numbers.ts";
import type { PointCloud } from "../../base/scene.ts";
import { pointsPly, splatHeader } from "../../export/ply.ts";
import { parsePointsPly, parseSplatsPly } from "../../load/ply.ts";

const POINTS: PointCloud = {
  count: 3,
  positions: new Float32Array([1, 2, 3, -0.5, 1e-8, 1e8, 7, 8, 9]),
  colors: new Uint8Array([0, 127, 255, 10, 20, 30, 1, 2, 3]),
};

const POINT_PROPERTIES = "property float x\nproperty float y\nproperty float z\n" +
  "property uchar red\nproperty uchar green\nproperty uchar blue\n";

function text(...parts: string[]): Uint8Array {
  return new TextEncoder().encode(parts.join(""));
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A splat file whose property p of row i is 1000 i + p. */
function numberedSplats(count: number, shDegree: number, comments: string[] = []): Uint8Array {
  const properties = 14 + 3 * (shDegree + 1) ** 2;
  const rows = new Float32Array(count * properties).map((_, i) => 1000 * Math.floor(i / properties) + i % properties);
  return join(splatHeader(count, shDegree, comments), new Uint8Array(rows.buffer));
}

Deno.test("parsePointsPly() gives back what pointsPly() wrote", () => {
  assertEquals(parsePointsPly(pointsPly(POINTS), "input.ply"), POINTS);
  const none = { count: 0, positions: new Float32Array(0), colors: new Uint8Array(0) };
  assertEquals(parsePointsPly(pointsPly(none), "input.ply"), none);
});

Deno.test("pointsPly() has the layout of a dataset's points3D.ply", () => {
  const file = pointsPly(POINTS);
  const header = "ply\nformat binary_little_endian 1.0\nelement vertex 3\n" +
    ["x", "y", "z", "nx", "ny", "nz"].map((name) => `property float ${name}\n`).join("") +
    ["red", "green", "blue"].map((name) => `property uchar ${name}\n`).join("") + "end_header\n";
  assertEquals(new TextDecoder().decode(file.slice(0, header.length)), header);
  assertEquals(file.length, header.length + 3 * 27);
});

Deno.test("parseSplatsPly() sorts the coefficients by Gaussian and colour when f_rest goes channel by channel", () => {
  for (const degree of [0, 1, 2, 3]) {
    const k = (degree + 1) ** 2;
    const splats = parseSplatsPly(numberedSplats(2, degree, ["opacity: logit", "über\nlang"]), "s.ply");
    assertEquals([splats.count, splats.shDegree, splats.comments], [2, degree, ["opacity: logit", "über", "lang"]]);
    assertEquals([...splats.means], [0, 1, 2, 1000, 1001, 1002]);
    const opacity = 6 + 3 * k;
    assertEquals([...splats.opacities], [opacity, 1000 + opacity]);
    assertEquals([...splats.logScales.slice(3)], [1, 2, 3].map((i) => 1000 + opacity + i));
    assertEquals([...splats.quats.slice(0, 4)], [4, 5, 6, 7].map((i) => opacity + i));
    assertEquals(splats.sh.length, 2 * 3 * k);
    for (let channel = 0; channel < 3; channel++) {
      assertEquals(splats.sh[3 * k + channel], 1006 + channel);
      for (let j = 1; j < k; j++) assertEquals(splats.sh[3 * (k + j) + channel], 1009 + channel * (k - 1) + j - 1);
    }
  }
});

Deno.test("splatHeader() has 62 float properties when the degree is 3", () => {
  const header = new TextDecoder().decode(splatHeader(15059, 3));
  const properties = [...header.matchAll(/^property float (\w+)$/gm)].map((match) => match[1]);
  assertEquals(properties.length, 62);
  assertEquals(properties.slice(0, 10), ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "f_rest_0"]);
  assertEquals(properties.slice(-9), [
    "f_rest_44",
    "opacity",
    "scale_0",
    "scale_1",
    "scale_2",
    "rot_0",
    "rot_1",
    "rot_2",
    "rot_3",
  ]);
  assert(header.startsWith("ply\nformat binary_little_endian 1.0\nelement vertex 15059\n"));
});

Deno.test("parsePointsPly() finds properties by name when the file is ascii, with other elements and CRLF", () => {
  const header = "ply\r\nformat ascii 1.0\r\nobj_info by hand\r\nelement face 2\r\n" +
    "property list uchar int vertex_indices\r\nelement vertex 2\r\nproperty uint8 blue\r\nproperty uint8 red\r\n" +
    "property float64 z\r\nproperty double y\r\nproperty float32 x\r\nproperty uchar green\r\nelement rest 9\r\n" +
    "property int i\r\nend_header\r\n";
  const body = "3 0 1 2\r\n0\r\n30 10 3.5 -2e1 +.5 20\r\n 31\t11 6 5 4 21";
  assertEquals(parsePointsPly(text(header, body), "a.ply"), {
    count: 2,
    positions: new Float64Array([0.5, -20, 3.5, 4, 5, 6]),
    colors: new Uint8Array([10, 20, 30, 11, 21, 31]),
  });
});

Deno.test("parsePointsPly() reads colours under other names and in other types", () => {
  const colours = (names: string[], type: string, values: string) => {
    const properties = ["x", "y", "z"].map((name) => `property float ${name}\n`).join("") +
      names.map((name) => `property ${type} ${name}\n`).join("");
    const rows = values.split("|").map((row) => `0 0 0 ${row}`).join("\n");
    const header = `ply\nformat ascii 1.0\nelement vertex 2\n${properties}end_header\n`;
    return [...parsePointsPly(text(header, rows), "colours.ply").colors];
  };
  const rgb = ["red", "green", "blue"];
  assertEquals(colours(rgb, "uchar", "0 1 2|253 254 255"), [0, 1, 2, 253, 254, 255]);
  assertEquals(colours(["r", "g", "b"], "uchar", "0 1 2|253 254 255"), [0, 1, 2, 253, 254, 255]);
  assertEquals(colours(["diffuse_red", "diffuse_green", "diffuse_blue"], "uint8", "9 8 7|6 5 4"), [9, 8, 7, 6, 5, 4]);
  assertEquals(colours(rgb, "float", "0 0.2 1|0.5 -1 nan"), [0, 51, 255, 128, 0, 0]);
  assertEquals(colours(rgb, "double", "0 0.4 300|127.6 1 254"), [0, 0, 255, 128, 1, 254]);
  assertEquals(colours(rgb, "ushort", "0 257 65535|25700 128 129"), [0, 1, 255, 100, 0, 1]);
  assertEquals(colours(rgb, "ushort", "0 1 255|100 128 129"), [0, 1, 255, 100, 128, 129]);
  for (const type of ["int", "char", "uint32"]) {
    assertThrows(() => colours(rgb, type, "1 2 3|4 5 6"), DataError, "colours need to be uchar, ushort, float");
  }
  assertThrows(() => colours(["red", "green"], "uchar", "1 2|3 4"), DataError, "no property blue");
  assertEquals(colours(["r"], "float", "0.5|9"), Array(6).fill(GREY)); // a radius
});

Deno.test("parsePointsPly() reads big-endian numbers behind a list element", () => {
  const header = "ply\nformat binary_big_endian 1.0\nelement camera 1\nproperty short s\n" +
    `property list ushort double d\nelement vertex 1\n${POINT_PROPERTIES}end_header\n`;
  const body = new DataView(new ArrayBuffer(2 + 2 + 2 * 8 + 15));
  body.setUint16(2, 2);
  [1.5, -2, 1e9].forEach((value, i) => body.setFloat32(20 + 4 * i, value));
  [9, 8, 7].forEach((value, i) => body.setUint8(32 + i, value));
  assertEquals(parsePointsPly(join(text(header), new Uint8Array(body.buffer)), "b.ply"), {
    count: 1,
    positions: new Float32Array([1.5, -2, 1e9]),
    colors: new Uint8Array([9, 8, 7]),
  });
});

Deno.test("parse functions throw a DataError when a PLY file is cut anywhere", () => {
  const ascii = text(
    `ply\nformat ascii 1.0\nelement vertex 2\n${POINT_PROPERTIES}end_header\n1 2 3 4 5 6\n1 2 3 4 5 6`,
  );
  const files: [(bytes: Uint8Array, path: string) => unknown, Uint8Array][] = [
    [parsePointsPly, pointsPly(POINTS)],
    [parsePointsPly, ascii],
    [parseSplatsPly, numberedSplats(2, 1)],
  ];
  for (const [parse, bytes] of files) {
    parse(bytes, "whole.ply");
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => parse(bytes.slice(0, length), "cut.ply"), DataError, "cut.ply");
    }
  }
});

Deno.test("parse functions reject a count before they allocate for it when the file cannot hold it", () => {
  for (
    const count of ["4", "4294967296", "9007199254740991", "9007199254740992", "18446744073709551615", "-1", "1e3"]
  ) {
    for (const format of ["ascii", "binary_little_endian", "binary_big_endian"]) {
      const header = `ply\nformat ${format} 1.0\nelement vertex ${count}\n${POINT_PROPERTIES}end_header\n`;
      assertThrows(() => parsePointsPly(text(header, "1 2 3 4 5 6\n"), "lying.ply"), DataError, "lying.ply, byte ");
      const before = `ply\nformat ${format} 1.0\nelement face ${count}\nproperty list uchar int i\nelement vertex 1\n`;
      assertThrows(() => parsePointsPly(text(before, POINT_PROPERTIES, "end_header\n1 2 3"), "lying.ply"), DataError);
    }
    const empty = `ply\nformat ascii 1.0\nelement none ${count}\nelement vertex 0\n${POINT_PROPERTIES}end_header\n`;
    if (Number.isSafeInteger(Number(count)) && /^\d+$/.test(count)) parsePointsPly(text(empty), "empty.ply");
  }
});

Deno.test("parsePointsPly() names what is wrong when the header is malformed", () => {
  const good = `ply\nformat ascii 1.0\nelement vertex 0\n${POINT_PROPERTIES}end_header\n`;
  parsePointsPly(text(good), "good.ply");
  const bad: [string, string, string][] = [
    ["ply\n", "", "Not a PLY file"],
    ["ascii 1.0", "ascii 2.0", "Unknown PLY format"],
    ["format ascii 1.0\n", "", "without a format"],
    ["vertex 0", "vertex", "Bad PLY element"],
    ["vertex 0", "vortex 0", "no element vertex"],
    ["float x", "real x", "Bad PLY property"],
    ["float x", "list uchar float x", "is a list"],
    ["float x", "float y", "twice"],
    ["float x", "float xx", "no property x"],
    ["uchar red", "float red", "red green blue are float32 and uint8"],
    ["end_header", "end", "Unknown line"],
    [POINT_PROPERTIES, "", "no properties"],
  ];
  for (const [from, to, message] of bad) {
    assertThrows(() => parsePointsPly(text(good.replace(from, to)), "bad.ply"), DataError, message);
  }
});

Deno.test("parsePointsPly() gives the offset of a word when it is no number of its type", () => {
  const header = `ply\nformat ascii 1.0\nelement vertex 1\n${POINT_PROPERTIES}end_header\n`;
  for (const word of ["256", "-1", "1.5", "0x1", "blue", "nan", "9".repeat(1000)]) {
    const error = assertThrows(
      () => parsePointsPly(text(header, "1 2 3 4 ", word, " 6\n"), "a.ply"),
      DataError,
      "uint8",
    );
    assertEquals(error.offset, header.length + 8);
  }
  // A position need not be finite: what to do about it is the business of who takes the points.
  assertEquals(parsePointsPly(text(header, "1 nan 3 4 5 6\n"), "a.ply").positions, new Float64Array([1, NaN, 3]));
});

Deno.test("parseSplatsPly() rejects a file when its properties are not those of splats", () => {
  assertThrows(() => parseSplatsPly(pointsPly(POINTS), "input.ply"), DataError, "no property f_dc_0");
  const header = new TextDecoder().decode(splatHeader(0, 1)).replace("property float f_rest_8\n", "");
  assertThrows(() => parseSplatsPly(text(header), "s.ply"), DataError, "8 properties f_rest_*");
  const gap = new TextDecoder().decode(splatHeader(0, 1)).replace("f_rest_8", "f_rest_9");
  assertThrows(() => parseSplatsPly(text(gap), "s.ply"), DataError, "no property f_rest_8");
});
