// Polycam's raw data: keyframes/cameras, one JSON file for each photo of keyframes/images, and the same with corrected_
// in front after Polycam's own optimisation (https://github.com/PolyCam/polyform).

import { basename, join } from "node:path";
import { readDataFile } from "./bytes.ts";
import type { Capture, CaptureReader, ReadOptions } from "./capture.ts";
import { object, value } from "./checks.ts";
import { entriesOf, isDirectory } from "./files.ts";
import { parseJsonObject } from "./json.ts";
import { checkIntrinsics } from "./lens.ts";
import { type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { poseFromCameraToWorld } from "./pose.ts";

const KEYFRAMES = "keyframes";

/** Folders of cameras and of their photos, the optimised ones first. */
const FOLDERS = [
  { cameras: "corrected_cameras", images: "corrected_images", optimised: true },
  { cameras: "cameras", images: "images", optimised: false },
];

/** Reads raw data of Polycam: its folder, or the folder `keyframes` itself. */
export const polycamReader: CaptureReader = {
  expects: `Polycam's raw data (${KEYFRAMES}/cameras)`,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    const folders = [join(source, KEYFRAMES), ...(basename(source) === KEYFRAMES ? [source] : [])];
    for (const keyframes of folders) {
      for (const kind of FOLDERS) {
        const names = await camerasIn(join(keyframes, kind.cameras));
        if (names.length > 0) return await readPolycam(keyframes, { ...kind, names }, options);
      }
    }
  },
};

/** The files of cameras in a folder; not ._1.json, which macOS adds where its attributes of 1.json find no other place. */
async function camerasIn(folder: string): Promise<string[]> {
  if (!await isDirectory(folder)) return [];
  return (await entriesOf(folder)).map(({ name }) => name)
    .filter((name) => name.endsWith(".json") && !name.startsWith("."));
}

async function readPolycam(
  keyframes: string,
  { cameras, images, optimised, names }: typeof FOLDERS[number] & { names: string[] },
  options: ReadOptions,
): Promise<Capture> {
  const posed: NamedCamera[] = [];
  for (const name of names) {
    options.signal?.throwIfAborted();
    const path = join(keyframes, cameras, name);
    posed.push(parsePolycamCamera(await readDataFile(path), path));
  }
  const folder = { path: join(keyframes, cameras), source: keyframes, usual: [images] };
  const { photos, notices } = await photosInFolder(posed, folder, options);
  return {
    photos,
    points: undefined,
    fallback: "views",
    ordered: false,
    notices: [
      ...(optimised ? [] : ["Poses are those of the device: Polycam's raw data has no corrected_cameras"]),
      ...notices,
    ],
  };
}

const NUMBER = value({ kind: "number" });
const LENGTH = value({ kind: "integer", minimum: 1 });

const CAMERA = object({
  ...{ width: LENGTH, height: LENGTH, fx: NUMBER, fy: NUMBER, cx: NUMBER, cy: NUMBER },
  ...{ t_00: NUMBER, t_01: NUMBER, t_02: NUMBER, t_03: NUMBER },
  ...{ t_10: NUMBER, t_11: NUMBER, t_12: NUMBER, t_13: NUMBER },
  ...{ t_20: NUMBER, t_21: NUMBER, t_22: NUMBER, t_23: NUMBER },
});

/**
 * Parses the bytes of a camera's file. `t_00` … `t_23` are camera to world with y up and z backward, as ARKit has it.
 * The photo has the file's name.
 */
export function parsePolycamCamera(bytes: Uint8Array, path: string): NamedCamera {
  const { width, height, fx, fy, cx, cy, ...t } = CAMERA(parseJsonObject(bytes, path), {
    path,
    field: "",
    advice: "export the raw data again",
  });
  const stated = { name: "Camera", path };
  const intrinsics = { width, height, fx, fy, cx, cy };
  checkIntrinsics(intrinsics, stated);
  const matrix = [
    [t.t_00, t.t_01, t.t_02, t.t_03],
    [t.t_10, t.t_11, t.t_12, t.t_13],
    [t.t_20, t.t_21, t.t_22, t.t_23],
  ];
  return {
    name: basename(path, ".json"),
    intrinsics: () => intrinsics,
    stated,
    ...poseFromCameraToWorld(matrix, "up", { name: "Matrix t_00 to t_23", path }),
  };
}
