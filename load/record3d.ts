// Exports of Record3D: metadata.json with the photos in rgb/ (https://record3d.app). Depth is not read.

import { dirname, join } from "node:path";
import { DataError } from "../base/errors.ts";
import { readDataFile } from "./bytes.ts";
import { rotationFromQuaternion } from "./camera.ts";
import type { Capture, CaptureReader, ReadOptions } from "./capture.ts";
import { list, object, optional, value } from "./checks.ts";
import { statOrUndefined } from "./files.ts";
import { parseJsonObject } from "./json.ts";
import { checkIntrinsics } from "./lens.ts";
import { mostCameras, type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { poseFromCameraToWorld } from "./pose.ts";

const FILE = "metadata.json";

/** Record3D's folder of photos, which are numbered from 0. */
const PHOTOS = "rgb";

/** Its export "EXR + RGB" is in a folder of this name. */
const EXPORT = "EXR_RGBD";

/** Reads an export of Record3D: its folder, the folder that `EXR_RGBD` is in, or the file itself. */
export const record3dReader: CaptureReader = {
  expects: `${FILE} of Record3D`,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    const own = source.endsWith(`/${FILE}`) ? [source] : [];
    for (const path of [...own, join(source, FILE), join(source, EXPORT, FILE)]) {
      if (!(await statOrUndefined(path))?.isFile) continue;
      const cameras = parseRecord3d(await readDataFile(path), path);
      if (cameras !== undefined) return await readRecord3d(cameras, path, options);
    }
  },
};

async function readRecord3d(cameras: NamedCamera[], path: string, options: ReadOptions): Promise<Capture> {
  const source = dirname(path);
  const { photos, notices } = await photosInFolder(cameras, { path, source, usual: [PHOTOS, "images"] }, options);
  return { photos, points: undefined, fallback: "views", ordered: false, notices };
}

const NUMBER = value({ kind: "number" });
const LENGTH = value({ kind: "integer", minimum: 1 });
const METADATA = object({
  w: LENGTH,
  h: LENGTH,
  K: list(NUMBER),
  poses: list(list(NUMBER)),
  perFrameIntrinsicCoeffs: optional(list(list(NUMBER))),
});

/**
 * Parses the bytes of a `metadata.json` into cameras, one for each pose; undefined if it is not of Record3D. A pose is a quaternion (x, y, z, w) and a position, camera to
 * world with y up and z backward, as ARKit has it. Intrinsics are each frame's fx fy cx cy, else those of K, 3 × 3 by
 * columns.
 */
export function parseRecord3d(bytes: Uint8Array, path: string): NamedCamera[] | undefined {
  const metadata = parseJsonObject(bytes, path);
  if (!("poses" in metadata && "K" in metadata)) return undefined;
  const { w: width, h: height, K, poses, perFrameIntrinsicCoeffs: own } = METADATA(metadata, {
    path,
    field: "",
    advice: "export the recording again",
  });
  if (K.length !== 9) throw new DataError(`K has ${K.length} numbers: expected 3 x 3`, { path });
  if (poses.length === 0) throw new DataError("List of poses is empty", { path });
  if (poses.length > mostCameras(bytes.length)) {
    throw new DataError(`There are ${poses.length} poses in ${bytes.length} bytes`, { path });
  }
  if (own !== undefined && own.length !== 0 && own.length !== poses.length) {
    throw new DataError(`There are ${own.length} perFrameIntrinsicCoeffs for ${poses.length} poses`, { path });
  }
  return poses.map((pose, i): NamedCamera => {
    const [fx, fy, cx, cy, ...more] = own?.[i] ?? [K[0], K[4], K[6], K[7]];
    if (cy === undefined || more.length > 0) {
      throw new DataError(`perFrameIntrinsicCoeffs[${i}] is not fx, fy, cx and cy`, { path });
    }
    const stated = { name: `Camera of frame ${i}`, path };
    const intrinsics = { width, height, fx, fy, cx, cy };
    checkIntrinsics(intrinsics, stated);
    return { name: `${i}`, intrinsics: () => intrinsics, stated, ...parsePose(pose, { name: `poses[${i}]`, path }) };
  });
}

function parsePose(
  pose: number[],
  where: { name: string; path: string },
): Pick<NamedCamera, "rotation" | "translation"> {
  const [qx, qy, qz, qw, ...center] = pose;
  const size = Math.hypot(qx, qy, qz, qw);
  if (center.length !== 3 || !(size > 1e-6 && size < 1e6)) {
    throw new DataError(`${where.name} is not a quaternion and a position`, { path: where.path });
  }
  const r = rotationFromQuaternion([qw, qx, qy, qz]);
  const matrix = [0, 1, 2].map((k) => [r[3 * k], r[3 * k + 1], r[3 * k + 2], center[k]]);
  return poseFromCameraToWorld(matrix, "up", where);
}
