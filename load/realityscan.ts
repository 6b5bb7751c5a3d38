// RealityScan's (RealityCapture's) registration as "Internal/External camera parameters": a CSV file with a line for
// each photo, which Postshot reads too. Sources: the templates that RealityScan installs (calibration.xml) for columns and
// units, https://forums.unrealengine.com/t/682588 for the rotation.

import { dirname } from "node:path";
import { LONGEST_NUMBER, parseNumber } from "../base/numbers.ts";
import type { ImageSize } from "../base/scene.ts";
import { readDataFile, readStart } from "./bytes.ts";
import type { Capture, CaptureReader, ReadOptions } from "./capture.ts";
import { filesWith } from "./files.ts";
import { checkIntrinsics, distortionOf, type Intrinsics } from "./lens.ts";
import { LineReader } from "./lines.ts";
import { mostCameras, type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { type CameraPose, checkTranslation } from "./pose.ts";

/** The names that a column has in some version. */
const COLUMNS: Record<string, { names: string[]; optional?: boolean }> = {
  x: { names: ["x"] },
  y: { names: ["y"] },
  z: { names: ["alt", "z"] },
  yaw: { names: ["heading", "yaw"] },
  pitch: { names: ["pitch"] },
  roll: { names: ["roll"] },
  f: { names: ["f", "f_35mm"] },
  px: { names: ["px", "px_norm"], optional: true },
  py: { names: ["py", "py_norm"], optional: true },
  k1: { names: ["k1"], optional: true },
  k2: { names: ["k2"], optional: true },
  k3: { names: ["k3"], optional: true },
  k4: { names: ["k4"], optional: true },
  t1: { names: ["t1"], optional: true },
  t2: { names: ["t2"], optional: true },
};

const NAME = "name";

/** Focal lengths are those of a frame that is this many millimetres wide. */
const FRAME = 36;

/** Longest line of the file. */
const LONGEST_LINE = 8192;

/** Reads such a file, or a folder with one. */
export const realityScanReader: CaptureReader = {
  expects: "a CSV file of RealityScan's internal/external camera parameters",
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    for (const path of await filesWith(".csv", source)) {
      if (isRealityScan(await readStart(path, LONGEST_LINE))) return await readRealityScan(path, options);
    }
  },
};

async function readRealityScan(path: string, options: ReadOptions): Promise<Capture> {
  const source = dirname(path);
  const cameras = parseRealityScan(await readDataFile(path), path);
  const { photos, notices } = await photosInFolder(cameras, { path, source }, options);
  return { photos, points: undefined, fallback: "views", ordered: false, notices };
}

/** Whether the start of a file has the header of such a file. */
function isRealityScan(start: Uint8Array): boolean {
  const line = new TextDecoder().decode(start).split("\n").find((line) => line.trim() !== "" && !isCount(line)) ?? "";
  return columnsOf(line) !== undefined;
}

/** An older version states the number of cameras before the header. */
function isCount(line: string): boolean {
  return /^#cameras\s+\d+\s*$/.test(line);
}

/** The index of each column that a header has; undefined if it is not the header of such a file. */
function columnsOf(header: string): Map<string, number> | undefined {
  const names = header.split(",").map((name) => name.trim().replace(/^#/, "").toLowerCase());
  const columns = new Map<string, number>([[NAME, names.indexOf(NAME)]]);
  for (const [key, { names: known, optional }] of Object.entries(COLUMNS)) {
    const index = names.findIndex((name) => known.includes(name));
    if (index >= 0 || !optional) columns.set(key, index);
  }
  return [...columns.values()].includes(-1) ? undefined : columns;
}

/** Parses the bytes of the file; `path` is for error messages. */
export function parseRealityScan(bytes: Uint8Array, path: string): NamedCamera[] {
  const lines = new LineReader(bytes, path);
  const nextLine = (): string | undefined => {
    while (lines.next()) {
      if (lines.blank) continue;
      if (lines.length > LONGEST_LINE) throw lines.error(`Line is ${lines.length} bytes long`);
      const line = lines.rest("a camera");
      if (!isCount(line)) return line;
    }
  };
  const columns = columnsOf(nextLine() ?? "");
  if (columns === undefined) throw lines.error("File does not begin with #name,x,y,alt,heading,pitch,roll,f");
  const cameras: NamedCamera[] = [];
  const most = mostCameras(bytes.length);
  for (let line = nextLine(); line !== undefined; line = nextLine()) {
    const fields = line.split(",").map((field) => field.trim());
    const name = fields[columns.get(NAME)!]?.replace(/^"(.*)"$/, "$1") ?? "";
    if (name === "") throw lines.error("Line has no name of a photo");
    const numbers = Object.fromEntries(
      Object.keys(COLUMNS).map((key) => [key, columns.has(key) ? numberOf(fields[columns.get(key)!], key, lines) : 0]),
    );
    if (cameras.length >= most) throw lines.error(`File has more than ${most} cameras in ${bytes.length} bytes`);
    cameras.push(parseCamera(numbers, name, lines));
  }
  if (cameras.length === 0) throw lines.error("File has no cameras");
  return cameras;
}

function numberOf(field: string | undefined, key: string, lines: LineReader): number {
  const number = field === undefined || field.length > LONGEST_NUMBER ? undefined : parseNumber(field);
  if (number !== undefined && Number.isFinite(number)) return number;
  throw lines.error(
    `Expected a number as ${COLUMNS[key].names[0]}, found ${JSON.stringify(field?.slice(0, 20) ?? "")}`,
  );
}

function parseCamera(numbers: Record<string, number>, name: string, lines: LineReader): NamedCamera {
  const { f, px, py, k1, k2, k3, k4, t1, t2 } = numbers;
  const stated = { name: `Camera of ${name}`, path: lines.path };
  return {
    name,
    intrinsics({ width, height }: ImageSize): Intrinsics {
      // The order of the tangential coefficients is not OpenCV's: the template for OpenCV writes t2 before t1.
      const side = Math.max(width, height);
      const intrinsics = {
        width,
        height,
        fx: f / FRAME * side,
        fy: f / FRAME * side,
        cx: width / 2 + px * side,
        cy: height / 2 + py * side,
        distortion: k4 === 0
          ? distortionOf("brown", [k1, k2, t2, t1, k3])
          : distortionOf("polynomial", [k1, k2, t2, t1, k3, k4]),
      };
      checkIntrinsics(intrinsics, stated);
      return intrinsics;
    },
    stated,
    ...parsePose(numbers, { name: `Pose of ${name}`, path: lines.path }),
  };
}

/**
 * Angles in degrees, for a world with x east, y north and z up. With all of them 0 the camera looks down, and the top of
 * the photo is north.
 */
function parsePose(
  { x, y, z, yaw, pitch, roll }: Record<string, number>,
  where: { name: string; path: string },
): CameraPose {
  const [cy, cp, cr] = [yaw, pitch, roll].map((angle) => Math.cos(angle * Math.PI / 180));
  const [sy, sp, sr] = [yaw, pitch, roll].map((angle) => Math.sin(angle * Math.PI / 180));
  const rotation = [
    ...[cr * cy + sr * sp * sy, sr * sp * cy - cr * sy, -cp * sr],
    ...[-cp * sy, -cp * cy, -sp],
    ...[cr * sp * sy - sr * cy, cr * sp * cy + sr * sy, -cr * cp],
  ];
  const translation = [0, 1, 2].map((k) => -(rotation[3 * k] * x + rotation[3 * k + 1] * y + rotation[3 * k + 2] * z));
  return { rotation, translation: checkTranslation(translation, where) };
}
