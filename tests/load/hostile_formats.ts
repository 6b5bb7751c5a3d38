// Whole files of the formats that other programs export, for hostile_test.ts: at most 4 KiB each, with what loading does
// with their bytes; and files that are all records, as small as they get.

import { assert } from "@std/assert";
import { parseBundle, parseList } from "../../load/bundler.ts";
import type { Intrinsics } from "../../load/lens.ts";
import { parseFrames, parseFramesText, parseRigs, parseRigsText } from "../../load/colmap_rigs.ts";
import { parseMetashape } from "../../load/metashape.ts";
import { parseOpenSfm } from "../../load/opensfm.ts";
import { parsePolycamCamera } from "../../load/polycam.ts";
import { parseRealityScan } from "../../load/realityscan.ts";
import { parseRecord3d } from "../../load/record3d.ts";
import { loadXmlParser } from "../../load/xml.ts";
import { encodeFrames, encodeRigs, type FrameEntry, framesText, type RigEntry, rigsText } from "./rigs.ts";

/** The name of every file, in error messages. */
export const PATH = "hostile.file";

/** A format: a whole file of at most 4 KiB, and what loading does with its bytes. */
export interface Format {
  name: string;
  bytes: Uint8Array;
  parse: (bytes: Uint8Array) => unknown;
}

const parseXml = await loadXmlParser();

/** The bytes of a text. */
export function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

interface Camera {
  intrinsics: (size: { width: number; height: number }) => Intrinsics;
  rotation: number[];
  translation: number[];
}

/** As loading does it: the numbers of each camera must be of use. */
function check(cameras: Camera[]): unknown {
  for (const { intrinsics, rotation, translation } of cameras) {
    const { fx, fy, cx, cy } = intrinsics({ width: 640, height: 480 });
    const numbers = [fx, fy, cx, cy, ...rotation, ...translation];
    assert(rotation.length === 9 && translation.length === 3);
    assert(numbers.every((value) => Number.isFinite(Math.fround(value))) && Math.fround(fx) > 0, numbers.join(" "));
  }
  return cameras;
}

const POSE: FrameEntry["pose"] = [0.5, -0.5, 0.5, 0.5, 1.25, 2, 3e-7];
const RIGS = Array.from({ length: 9 }, (_, id): RigEntry => ({
  id,
  sensors: [{ type: 0, id: 3 * id }, { type: 0, id: 3 * id + 1, pose: POSE }, { type: id % 2, id: 3 * id + 2 }],
}));
const FRAMES = Array.from({ length: 12 }, (_, id): FrameEntry => ({
  id,
  rigId: id % 9,
  pose: POSE,
  data: [{ type: 0, sensor: 3, id: 2 * id }, { type: 1, sensor: 9, id: 2 * id + 1 }],
}));
const SHOT = { camera: "v2 a 640 480", rotation: [0.1, -2.5, 0.75], translation: [1, 2, 3], gps_dop: 5 };
const OPENSFM = [{
  cameras: {
    "v2 a 640 480": {
      projection_type: "brown",
      width: 640,
      height: 480,
      focal_x: 0.8,
      focal_y: 0.8,
      k1: 0.1,
      p1: 0.01,
    },
    fish: { projection_type: "fisheye", width: 640, height: 480, focal: 0.5, k1: 0.1 },
  },
  shots: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`left/${i}.jpg`, SHOT])),
  points: Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [i, { color: [1, 2, 255], coordinates: [i, 0.5, -3] }]),
  ),
}];
const BUNDLE = `# Bundle file v0.3\n4 9\n${"500.5 -0.1 0.2\n1 0 0\n0 0 1\n0 -1 0\n1 2 -3.5\n".repeat(4)}` +
  "0.5 1e-3 7\n10 20 255\n2 0 7 1.5 -2.5 1 8 3.5 4.5\n".repeat(9);
const MATRIX = [..."012"].flatMap((i) => [..."0123"].map((k) => [`t_${i}${k}`, i === k ? 1 : k === "3" ? 2.5 : 0]));
const POLYCAM = { ...Object.fromEntries(MATRIX), fx: 500, fy: 501, cx: 320, cy: 240, width: 640, height: 480 };
const RECORD3D = {
  w: 640,
  h: 480,
  K: [500, 0, 0, 0, 501, 0, 320, 240, 1],
  perFrameIntrinsicCoeffs: Array.from({ length: 12 }, () => [500.5, 501, 320, 240]),
  poses: Array.from({ length: 12 }, (_, i) => [0.5, -0.5, 0.5, 0.5, i, 2, 3e-7]),
};
const REALITYSCAN = "#name,x,y,alt,heading,pitch,roll,f,px,py,k1,k2,k3,k4,t1,t2\n" +
  "a 1.jpg,44.5,138.25,6.75,170.5,85.25,-22.75,24.5,-0.001,0.002,-0.1,0.01,0.003,0,0.001,-0.002\n".repeat(9);
const METASHAPE = `<?xml version="1.0" encoding="UTF-8"?><document version="2.0.0"><chunk label="Chunk 1"><sensors>
<sensor id="0" type="frame"><calibration class="adjusted"><resolution width="640" height="480"/><f>500.5</f><cx>1.5</cx>
<k1>-0.1</k1><p1>0.001</p1><b1>0.5</b1></calibration></sensor></sensors><components><component id="0"><transform>
<rotation>1 0 0 0 0 1 0 -1 0</rotation><translation>1 2 3</translation><scale>2.5</scale></transform></component>
</components><cameras><group>${
  Array.from({ length: 9 }, (_, i) =>
    `<camera id="${i}" sensor_id="0" component_id="0" label="DSC_${i} &amp; b">` +
    `<transform>1 0 0 ${i} 0 -1 0 2 0 0 -1 3 0 0 0 1</transform></camera>\n`).join("")
}</group></cameras></chunk></document>`;

/** The formats. */
export const EXPORTED: Format[] = [
  { name: "rigs.bin", bytes: encodeRigs(RIGS), parse: (bytes) => parseRigs(bytes, PATH) },
  { name: "frames.bin", bytes: encodeFrames(FRAMES), parse: (bytes) => parseFrames(bytes, PATH) },
  { name: "rigs.txt", bytes: text(rigsText(RIGS)), parse: (bytes) => parseRigsText(bytes, PATH) },
  { name: "frames.txt", bytes: text(framesText(FRAMES)), parse: (bytes) => parseFramesText(bytes, PATH) },
  {
    name: "OpenSfM's reconstruction.json",
    bytes: text(JSON.stringify(OPENSFM)),
    parse: (bytes) => check(parseOpenSfm(bytes, PATH).cameras),
  },
  {
    name: "bundle.out",
    bytes: text(BUNDLE),
    parse: (bytes) => parseBundle(bytes, PATH).cameras.map((camera) => camera && check([{ intrinsics, ...camera }])),
  },
  {
    name: "Polycam's 7.json",
    bytes: text(JSON.stringify(POLYCAM)),
    parse: (b) => check([parsePolycamCamera(b, PATH)]),
  },
  {
    name: "Record3D's metadata.json",
    bytes: text(JSON.stringify(RECORD3D)),
    parse: (bytes) => check(parseRecord3d(bytes, PATH) ?? []),
  },
  { name: "RealityScan's CSV", bytes: text(REALITYSCAN), parse: (bytes) => check(parseRealityScan(bytes, PATH)) },
  {
    name: "Metashape's XML",
    bytes: text(METASHAPE),
    parse: (bytes) => check(parseMetashape(bytes, PATH, parseXml).cameras),
  },
];

/** The focal length is checked when the photo is there. */
function intrinsics({ width, height }: { width: number; height: number }): Intrinsics {
  return { width, height, fx: width, fy: width, cx: width / 2, cy: height / 2 };
}

/** Files of at least `count` records, as small as they get, for formats of {@linkcode EXPORTED}. */
export function smallest(count: number): Format[] {
  const [rigsBin, framesBin, rigsTxt, framesTxt, openSfm, bundle, , record3d, realityScan, metashape] = EXPORTED;
  const many = (make: (i: number) => string, between = "") =>
    Array.from({ length: count }, (_, i) => make(i)).join(between);
  const camera = '"c":{"width":9,"height":9,"focal":1}';
  const shot = (i: number) => `"${i}":{"camera":"c","rotation":[0,0,0],"translation":[0,0,0]}`;
  const point = (i: number) => `"${i}":{"color":[0,0,0],"coordinates":[0,0,0]}`;
  return [
    { ...rigsBin, bytes: encodeRigs(Array.from({ length: count }, (_, id) => ({ id, sensors: [] }))) },
    { ...framesBin, bytes: encodeFrames(FRAMES.slice(0, 1).flatMap((f) => Array(count).fill({ ...f, data: [] }))) },
    { ...rigsTxt, bytes: text(many((i) => `${i} 1 CAMERA ${i}\n`)) },
    { ...framesTxt, bytes: text(many((i) => `1 1 1 0 0 0 0 0 0 1 CAMERA 1 ${i}\n`)) },
    { ...openSfm, bytes: text(`[{"cameras":{${camera}},"shots":{${many(shot, ",")}}}]`) },
    { ...openSfm, bytes: text(`[{"cameras":{${camera}},"shots":{${shot(0)}},"points":{${many(point, ",")}}}]`) },
    { ...openSfm, bytes: text(`[${many(() => "0", ",")}]`) },
    { ...bundle, bytes: text(`# Bundle file v0.3\n0 ${count}\n${many(() => "0 0 0\n0 0 0\n0\n")}`) },
    { ...bundle, bytes: text(`# Bundle file v0.3\n${count} 0\n${many(() => "9 0 0 1 0 0 0 1 0 0 0 1 0 0 0\n")}`) },
    { ...bundle, name: "list.txt", parse: (bytes) => parseList(bytes, PATH), bytes: text(many(() => "a\n")) },
    {
      ...record3d,
      bytes: text(`{"w":9,"h":9,"K":[9,0,0,0,9,0,4,4,1],"poses":[${many(() => "[1,0,0,0,0,0,0]", ",")}]}`),
    },
    { ...realityScan, bytes: text(`name,x,y,alt,heading,pitch,roll,f\n${many(() => "a,0,0,0,0,0,0,36\n")}`) },
    { ...metashape, bytes: text(METASHAPE.replace("<group>", `<group>${many(() => "<camera/>")}`)) },
    { ...metashape, bytes: text(METASHAPE.replace("<group>", `<group>${many(() => '<x a="1"/>')}`)) },
  ];
}
