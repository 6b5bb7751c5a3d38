// Reads the cameras.json of a model folder: of tame, or of another program of the 3D Gaussian Splatting family.

import { join } from "node:path";
import type { Camera } from "../base/scene.ts";
import { type Check, list, object, optional, readOwnFile, sized, TEXT, value } from "./checks.ts";
import { parseJson } from "./json.ts";
import { MODEL_FILES } from "./model_folder.ts";

/** A view of a model folder: its name, and its camera at the capture's own size. */
export interface ModelView {
  /** Name of the photo. */
  name: string;
  /** Its camera. Without a stated principal point that is the centre. */
  camera: Camera;
}

const PIXELS: Check<number> = value({ kind: "integer", minimum: 1 });
const NUMBER: Check<number> = value({ kind: "number" });
const FOCAL: Check<number> = value({ kind: "number", above: 0 });

const CAMERAS = list(object({
  img_name: TEXT,
  width: PIXELS,
  height: PIXELS,
  position: numbers(3),
  rotation: rows,
  fx: FOCAL,
  fy: FOCAL,
  cx: optional(NUMBER),
  cy: optional(NUMBER),
}));

const ADVICE = "remove the file, or train the model again";

/**
 * The views of a model folder, in the order of the file: tame writes held-out views first.
 *
 * @param folder Model folder
 * @returns The views; none if there is no `cameras.json`
 * @throws {DataError} When the file is damaged; the message names the field
 */
export async function readModelViews(folder: string): Promise<ModelView[]> {
  const path = join(folder, MODEL_FILES.cameras);
  const bytes = await readOwnFile(path, ADVICE);
  if (bytes === undefined) return [];
  const cameras = CAMERAS(parseJson(bytes, path, { advice: ADVICE }), { path, field: "", advice: ADVICE });
  return cameras.map(
    ({ img_name: name, width, height, position, rotation, fx, fy, cx = width / 2, cy = height / 2 }) => {
      const transposed = rotation.map((_, i) => rotation[3 * (i % 3) + Math.floor(i / 3)]); // camera to world in the file
      const translation = [0, 1, 2].map((row) =>
        -transposed.slice(3 * row, 3 * row + 3).reduce((sum, entry, axis) => sum + entry * position[axis], 0)
      );
      return { name, camera: { width, height, fx, fy, cx, cy, rotation: transposed, translation } };
    },
  );
}

/** A check for a list of a number of numbers. */
function numbers(length: number): Check<number[]> {
  return sized(length, NUMBER);
}

/** A check for the rows of a 3 x 3 matrix; returns its numbers, row by row. */
function rows(found: unknown, place: Parameters<Check<number[]>>[1]): number[] {
  return sized(3, numbers(3))(found, place).flat();
}
