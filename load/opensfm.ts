// Reconstructions of OpenSfM and OpenDroneMap: reconstruction.json
// (https://opensfm.org/docs/dataset.html and geometry.html).

import { basename, dirname, join } from "node:path";
import { DataError } from "../base/errors.ts";

import { readDataFile } from "./bytes.ts";
import { rotationFromQuaternion } from "./camera.ts";
import type { Capture, CapturePoints, CaptureReader, ReadOptions } from "./capture.ts";
import { list, object, optional, TEXT, value } from "./checks.ts";
import { statOrUndefined } from "./files.ts";
import { describe, isObject, type JsonObject, parseJson } from "./json.ts";
import { checkIntrinsics, distortionOf, type Intrinsics } from "./lens.ts";
import { mostCameras, type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { checkTranslation } from "./pose.ts";

const FILE = "reconstruction.json";

/** OpenDroneMap keeps OpenSfM's files in this folder of the project, beside the folder of photos. */
const OPENDRONEMAP = "opensfm";

/** Largest file: each point takes more than 100 bytes, and a survey from the air has a million; within V8's strings. */
const LARGEST = 500 << 20;

const ADVICE = "reconstruct again, or export another format";

/** What the file states of the cameras and points of one reconstruction. */
export interface OpenSfm {
  /** A camera for each shot. */
  cameras: NamedCamera[];
  /** The points; undefined if there are none. */
  points: CapturePoints | undefined;
  /** What a user should know, one line each. */
  notices: string[];
}

/** Reads `reconstruction.json`, in a folder or in its folder `opensfm`, or such a file itself. */
export const openSfmReader: CaptureReader = {
  expects: `${FILE} of OpenSfM or OpenDroneMap`,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    const own = /^reconstruction.*\.json$/.test(basename(source)) ? [source] : [];
    for (const path of [...own, join(source, FILE), join(source, OPENDRONEMAP, FILE)]) {
      if ((await statOrUndefined(path))?.isFile) return await readOpenSfm(path, options);
    }
  },
};

async function readOpenSfm(path: string, options: ReadOptions): Promise<Capture> {
  const { cameras, points, notices } = parseOpenSfm(await readDataFile(path), path);
  const folder = dirname(path);
  const source = basename(folder) === OPENDRONEMAP ? dirname(folder) : folder;
  const photos = await photosInFolder(cameras, { path, source }, options);
  return {
    photos: photos.photos,
    points,
    fallback: "views",
    ordered: false,
    notices: [...notices, ...photos.notices],
  };
}

/**
 * Parses the bytes of a `reconstruction.json`; `path` is for error messages. Of several reconstructions, which are in
 * frames of their own, it is the one with the most shots.
 */
export function parseOpenSfm(bytes: Uint8Array, path: string): OpenSfm {
  const all = parseJson(bytes, path, { largest: LARGEST });
  if (!Array.isArray(all)) throw new DataError("File is not a list of reconstructions", { path });
  if (all.length === 0) throw new DataError("List of reconstructions is empty", { path });
  const counts = all.map((entry) => isObject(entry) && isObject(entry.shots) ? Object.keys(entry.shots).length : -1);
  const most = counts.reduce((a, b) => Math.max(a, b));
  const chosen = counts.indexOf(most);
  const name = `[${chosen}]`;
  if (most < 0) throw new DataError(`${name} has no shots`, { path });
  if (most === 0) throw new DataError("No photo is in a reconstruction", { path });
  const notices = all.length === 1 ? [] : [`Of ${all.length} reconstructions the largest is used, with ${most} shots`];
  const { shots, cameras, points } = all[chosen] as { shots: JsonObject; cameras: unknown; points: unknown };
  if (most > mostCameras(bytes.length)) {
    throw new DataError(`There are ${most} shots in ${bytes.length} bytes`, { path });
  }
  if (!isObject(cameras)) throw new DataError(`${name} has no cameras`, { path });
  const known = new Map<string, Intrinsics>();
  const intrinsics = (id: string, shot: string): Intrinsics => {
    if (!Object.hasOwn(cameras, id)) {
      throw new DataError(`Shot ${describe(shot)} is of the camera ${describe(id)}, which does not exist`, { path });
    }
    const own = known.get(id) ?? parseCamera(cameras[id], { name: `Camera ${describe(id)}`, path });
    known.set(id, own);
    return own;
  };
  return {
    cameras: Object.entries(shots).map(([shot, entry]): NamedCamera => {
      const { camera, ...pose } = SHOT(entry, { path, field: `Shot ${describe(shot)}`, advice: ADVICE });
      const own = intrinsics(camera, shot);
      return {
        name: shot,
        intrinsics: () => own,
        stated: { name: `Camera ${describe(camera)}`, path },
        ...parsePose(pose, { name: `Pose of shot ${describe(shot)}`, path }),
      };
    }),
    points: parsePoints(points, path),
    notices,
  };
}

const NUMBER = value({ kind: "number" });

const SHOT = object({ camera: TEXT, rotation: list(NUMBER), translation: list(NUMBER) });

/** `rotation` is an axis times an angle, world to camera. */
function parsePose(
  { rotation, translation }: { rotation: number[]; translation: number[] },
  where: { name: string; path: string },
): Pick<NamedCamera, "rotation" | "translation"> {
  const angle = Math.hypot(...rotation);
  if (rotation.length !== 3 || translation.length !== 3 || !Number.isFinite(angle)) {
    throw new DataError(`${where.name} is not a rotation and a translation of three numbers each`, {
      path: where.path,
    });
  }
  const half = angle === 0 ? 0.5 : Math.sin(angle / 2) / angle;
  return {
    rotation: rotationFromQuaternion([Math.cos(angle / 2), ...rotation.map((part) => part * half)]),
    translation: checkTranslation(translation, where),
  };
}

/** Coefficients in the order of the file's lens, and the family that they are of. */
type Projection = (k: Record<string, number>) => Intrinsics["distortion"];

const brown: Projection = ({ k1, k2, k3, p1, p2 }) => distortionOf("brown", [k1, k2, p1, p2, k3]);
const fisheye: Projection = ({ k1, k2, k3, k4 }) => ({ model: "fisheye", coefficients: [k1, k2, 0, 0, k3, k4] });

/** The lenses that tame has too. The first two have one focal length, and their principal point is the centre. */
const PROJECTIONS: Record<string, { coefficients: string[]; distortion: Projection }> = {
  perspective: { coefficients: ["k1", "k2"], distortion: brown },
  fisheye: { coefficients: ["k1", "k2"], distortion: fisheye },
  simple_radial: { coefficients: ["k1"], distortion: brown },
  radial: { coefficients: ["k1", "k2"], distortion: brown },
  brown: { coefficients: ["k1", "k2", "k3", "p1", "p2"], distortion: brown },
  fisheye_opencv: { coefficients: ["k1", "k2", "k3", "k4"], distortion: fisheye },
};
const NONE = { k1: 0, k2: 0, k3: 0, k4: 0, p1: 0, p2: 0 };
const CENTRED = ["perspective", "fisheye"];

const SIDE = value({ kind: "integer", minimum: 1 });
const SIZE = object({ width: SIDE, height: SIDE, projection_type: optional(TEXT) });

/** Lengths in the file are in longer sides of the photo, from its centre. */
function parseCamera(entry: unknown, { name, path }: { name: string; path: string }): Intrinsics {
  const place = { path, field: name, advice: ADVICE };
  const { width, height, projection_type: type = "perspective" } = SIZE(entry, place);
  const projection = Object.hasOwn(PROJECTIONS, type) ? PROJECTIONS[type] : undefined;
  if (projection === undefined) {
    throw new DataError(
      `${name} is ${describe(type)}, which is not supported: export undistorted photos with their reconstruction`,
      { path },
    );
  }
  const numbers = entry as JsonObject;
  const number = (key: string, missing?: number) =>
    missing !== undefined && (numbers[key] ?? undefined) === undefined
      ? missing
      : NUMBER(numbers[key], { ...place, field: `${key} of ${name}` });
  const side = Math.max(width, height);
  const centred = CENTRED.includes(type);
  const [fx, fy] = centred ? [number("focal"), number("focal")] : [number("focal_x"), number("focal_y")];
  const [cx, cy] = centred ? [0, 0] : [number("c_x", 0), number("c_y", 0)];
  const k = Object.fromEntries(projection.coefficients.map((key) => [key, number(key, 0)]));
  const intrinsics = {
    width,
    height,
    fx: fx * side,
    fy: fy * side,
    cx: width / 2 + cx * side,
    cy: height / 2 + cy * side,
    distortion: projection.distortion({ ...NONE, ...k }),
  };
  checkIntrinsics(intrinsics, { name, path });
  return intrinsics;
}

/** Points by id: `coordinates`, and `color` from 0 to 255. */
function parsePoints(entries: unknown, path: string): CapturePoints | undefined {
  if (entries === undefined || entries === null) return undefined;
  if (!isObject(entries)) throw new DataError("Points are not an object", { path });
  const ids = Object.keys(entries);
  if (ids.length === 0) return undefined;
  const positions = new Float64Array(3 * ids.length);
  const colors = new Uint8Array(3 * ids.length);
  for (const [i, id] of ids.entries()) {
    const point = entries[id];
    const { coordinates, color } = isObject(point) ? point : {};
    if (!isTriple(coordinates) || !isTriple(color)) {
      throw new DataError(`Point ${describe(id)} has no coordinates and color of three numbers each`, { path });
    }
    positions.set(coordinates, 3 * i);
    for (const [channel, level] of color.entries()) {
      colors[3 * i + channel] = Math.min(255, Math.max(0, Math.round(level)));
    }
  }
  return { count: ids.length, positions, colors };
}

function isTriple(value: unknown): value is number[] {
  return Array.isArray(value) && value.length === 3 && value.every((item) => typeof item === "number");
}
