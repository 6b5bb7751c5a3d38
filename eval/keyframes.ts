/**
 * Camera paths from JSON:
 *
 * ```json
 * {
 *   "loop": false,
 *   "keyframes": [
 *     { "view": "0001" },
 *     { "position": [0, -1, -4], "look_at": [0, 0, 0], "up": [0, -1, 0], "fov": 60, "time": 2.5 }
 *   ]
 * }
 * ```
 *
 * A keyframe is a view of the capture, by its name (without folders if that is enough), or a position and the point it
 * looks at, in the capture's coordinates. `up` defaults to the up direction of the capture's cameras, `fov` (degrees, horizontal)
 * to that of its first view. `time` defaults to the keyframe's number; all keyframes state it or none does. `loop` closes
 * the path.
 *
 * @module
 */

import { DataError } from "../base/errors.ts";
import { type Frame, pointInFrame } from "../base/frame.ts";
import type { Camera, View } from "../base/scene.ts";
import type { Vec3 } from "../base/vec3.ts";
import { describe, parseJsonObject } from "../load/json.ts";
import { resizeCamera } from "../load/camera.ts";
import { commonUp, type Keyframe, lookAt } from "./paths.ts";

/** Keyframes as `keyframePath` takes them. */
export interface KeyframeFile {
  /** At least one, times ascending. */
  keyframes: Keyframe[];
  /** Whether the path closes. */
  loop: boolean;
}

const KEYS = ["view", "position", "look_at", "up", "fov", "time"];

/**
 * Reads the text of a keyframe file.
 *
 * @param text JSON
 * @param path The file, for error messages
 * @param scene Views of the capture, at least one, of which the first gives size and lens; their frame, if it is not
 *   the capture's own
 * @returns Keyframes, in the frame
 * @throws {DataError} When the text is anything else, or names a view that does not exist
 */
export function parseKeyframes(
  text: string,
  path: string,
  scene: { views: readonly View[]; frame?: Frame },
): KeyframeFile {
  const fail = (what: string): never => {
    throw new DataError(`Not a keyframe file: ${what}`, { path });
  };
  const { keyframes, loop = false } = parseJsonObject(new TextEncoder().encode(text), path);
  if (!Array.isArray(keyframes) || keyframes.length === 0) return fail('"keyframes" is missing or empty');
  if (typeof loop !== "boolean") return fail('"loop" is neither true nor false');
  const timed = keyframes.filter((frame) => frame?.time !== undefined).length;
  if (timed !== 0 && timed !== keyframes.length) fail('some keyframes have a "time" and some have none');
  const read = keyframes.map((frame: unknown, index) => {
    const say = (what: string): never => fail(`keyframe ${index} ${what}`);
    if (typeof frame !== "object" || frame === null) return say("is not an object");
    const unknown = Object.keys(frame).find((key) => !KEYS.includes(key));
    if (unknown !== undefined) say(`has "${unknown}"; there are ${KEYS.join(", ")}`);
    const { time = index } = frame as { time?: unknown };
    if (typeof time !== "number" || !Number.isFinite(time)) return say('has a "time" that is not a number');
    return { camera: cameraOf(frame, scene, say), time };
  });
  const late = read.findIndex(({ time }, index) => index > 0 && time <= read[index - 1].time);
  if (late > 0) fail(`keyframe ${late} does not come after the one before it`);
  return { keyframes: read, loop };
}

function cameraOf(
  frame: object,
  { views, frame: to }: { views: readonly View[]; frame?: Frame },
  say: (what: string) => never,
): Camera {
  const { view: name, position, look_at, up, fov } = frame as Record<string, unknown>;
  const template = views[0].camera;
  if (name !== undefined) {
    if ([position, look_at, up].some((value) => value !== undefined)) {
      say('has both a "view" and a position, "look_at" or "up"');
    }
    return zoomed(resizeCamera(viewNamed(name, views, say).camera, template), fov, say);
  }
  const look = {
    position: pointInFrame(vectorOf(position) ?? say('has neither a "view" nor a "position" of three numbers'), { to }),
    target: pointInFrame(vectorOf(look_at) ?? say('has no "look_at" of three numbers'), { to }),
    up: up === undefined
      ? commonUp(views.map((view) => view.camera))
      : vectorOf(up) ?? say('has no "up" of three numbers'),
  };
  try {
    return zoomed(lookAt(template, look), fov, say);
  } catch (error) {
    if (error instanceof RangeError) return say(`has an impossible position: ${error.message}`);
    throw error;
  }
}

/** The view of a name; without its folders if no other view ends so. */
function viewNamed(name: unknown, views: readonly View[], say: (what: string) => never): View {
  const exact = views.find((view) => view.name === name);
  if (exact !== undefined) return exact;
  const alike = views.filter((view) => view.name.endsWith(`/${name}`));
  if (alike.length === 1) return alike[0];
  const what = `names the view ${describe(name)}, which`;
  if (alike.length === 0) return say(`${what} does not exist`);
  return say(`${what} may be ${alike.map(({ name }) => name).join(" or ")}`);
}

/** The camera with a horizontal field of view in degrees; pixels keep their aspect ratio. */
function zoomed(camera: Camera, fov: unknown, say: (what: string) => never): Camera {
  if (fov === undefined) return camera;
  if (typeof fov !== "number" || !(fov > 0 && fov < 180)) {
    return say('has a "fov" that is not between 0 and 180 degrees');
  }
  const fx = camera.width / 2 / Math.tan(fov * Math.PI / 360);
  return { ...camera, fx, fy: camera.fy * fx / camera.fx };
}

function vectorOf(value: unknown): Vec3 | undefined {
  const valid = Array.isArray(value) && value.length === 3 && value.every((number) => Number.isFinite(number));
  return valid ? value as unknown as Vec3 : undefined;
}
