// load/colmap_text.ts and load/lines.ts: COLMAP's text files as COLMAP and people write them.

import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { COLMAP_MODELS, type ColmapModel } from "../../load/colmap_model.ts";
import { parseCamerasText, parseImagesText, parsePointsText } from "../../load/colmap_text.ts";
import { colmapTexts } from "./texts.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const MODEL: ColmapModel = {
  cameras: new Map(COLMAP_MODELS.map(({ name, params }, id) => [
    id,
    { id, model: name, width: 640, height: 480, params: Array.from({ length: params }, (_, i) => i + id / 16) },
  ])),
  images: [
    { id: 29, quaternion: [0.5, -0.5, 0.5, 0.5], translation: [1, 2, 3e-7], cameraId: 7, name: "left/ein Käfer 1.jpg" },
    { id: 2, quaternion: [1, 0, 0, 0], translation: [0, -1e-3, 1e6], cameraId: 3, name: "🦊.png" },
  ],
  points: {
    count: 2,
    positions: new Float64Array([0.5, -1.25, 3, 1e-20, 4_649_776.25, 5e5 + 1e-9]),
    colors: new Uint8Array([0, 127, 255, 1, 2, 3]),
  },
};
const TEXTS = colmapTexts(MODEL);

Deno.test("parse functions read what COLMAP writes as text, with every camera model and names with spaces", () => {
  assertEquals(parseCamerasText(bytes(TEXTS["cameras.txt"]), "c"), MODEL.cameras);
  assertEquals(parseImagesText(bytes(TEXTS["images.txt"]), "i"), MODEL.images);
  assertEquals(parsePointsText(bytes(TEXTS["points3D.txt"]), "p"), MODEL.points);
});

Deno.test("parse functions read text with CRLF, tabs, blank lines, comments and no last newline", () => {
  const untidy = (text: string) => text.replaceAll("\n", "\r\n").replaceAll(/(?<=\d) (?=-?\d)/g, "\t ").trimEnd();
  assertEquals(parseCamerasText(bytes(`\n\n${untidy(TEXTS["cameras.txt"])}`), "c"), MODEL.cameras);
  assertEquals(parseImagesText(bytes(`\ufeff${untidy(TEXTS["images.txt"])}`), "i"), MODEL.images);
  assertEquals(
    parsePointsText(bytes(untidy(TEXTS["points3D.txt"]).replace("\r\n1", "\r\n\r\n  # two\r\n1")), "p"),
    MODEL.points,
  );
});

Deno.test("parseImagesText() reads images when their lines of keypoints are empty, or the last is not there", () => {
  const head = "2 1 0 0 0 0 -0.001 1000000 3 🦊.png";
  const two = bytes(`${head}\n\n\n# between\n${head}\n\n${head}`);
  assertEquals(parseImagesText(two, "i"), [MODEL.images[1], MODEL.images[1], MODEL.images[1]]);
});

Deno.test("parse functions name the file and the line when a text is wrong", () => {
  const camera = "1 PINHOLE 640 480 500 500 320 240\n";
  const image = "1 1 0 0 0 0 0 0 1 a.png\n";
  const wrong: [(bytes: Uint8Array, path: string) => unknown, string, number, string][] = [
    [parseCamerasText, `${camera}\n1 PINHOLE 640 480 5 5 3 2\n`, 3, "twice"],
    [parseCamerasText, "1 LOOKING_GLASS 640 480 5 5 3 2\n", 1, "unknown model LOOKING_GLASS"],
    [parseCamerasText, "# c\n1 PINHOLE 640 480 5 5 3\n", 2, "Line ends, expected a camera's parameter"],
    [parseCamerasText, "1 PINHOLE 640 480 5 5 3 2 1\n", 1, "more than the 4 parameters"],
    [parseCamerasText, "1 PINHOLE 0 480 5 5 3 2\n", 1, "0 x 480"],
    [parseCamerasText, "1 PINHOLE 6.5 480 5 5 3 2\n", 1, "not an integer"],
    [parseCamerasText, `1 ${"X".repeat(99)} 1 1\n`, 1, "99 bytes"],
    [parseImagesText, "1 1 0 0 0 0 0 0 1\n\n", 1, "Line ends, expected an image's name"],
    [parseImagesText, "1 0 0 0 0 0 0 0 1 a.png\n\n", 1, "no usable pose"],
    [parseImagesText, "1 1 0 0 nan 0 0 0 1 a.png\n\n", 1, "no usable pose"],
    [parseImagesText, `${image}${image.replaceAll("a.png", "b c.png")}`, 2, "Expected the keypoints of a.png"],
    [parseImagesText, `${image}1 2 3 4\n`, 2, "Expected the keypoints of a.png"],
    [parsePointsText, "1 0 0 0 1 2 256 0\n", 1, "colour is 256"],
    [parsePointsText, "1 0 zero 0 1 2 3 0\n", 1, '"zero"'],
    [parsePointsText, "1 0 0 0 1 2 3 0\n\n2 0 0\n", 3, "Line ends"],
    [parsePointsText, `1 ${"9".repeat(5000)} 0 0 1 2 3 0\n`, 1, "5000 bytes"],
  ];
  for (const [parse, text, line, words] of wrong) {
    const error = assertThrows(() => parse(bytes(text), "model.txt"), DataError, words);
    assertEquals([error.path, error.line], ["model.txt", line], text);
  }
  const name = bytes(image);
  name[name.length - 3] = 0xff;
  assertThrows(() => parseImagesText(name, "i"), DataError, "not UTF-8 (i, line 1)");
});
