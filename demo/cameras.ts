// The demo scene's cameras: one orbit around the still life, at heights that cover a band of the hemisphere evenly.
import type { Camera } from "../base/scene.ts";
import { along, dot, type Vec3 } from "../base/vec3.ts";
import { rotationFromQuaternion } from "../load/camera.ts";
import { FOCUS } from "./still_life.ts";

/** A camera and the quaternion (w, x, y, z) of its rotation. */
export interface PosedCamera {
  camera: Camera;
  quaternion: [number, number, number, number];
}

const DISTANCE = 4.4;
const LOWEST = 11 * Math.PI / 180;
const HIGHEST = 48 * Math.PI / 180;
/** Half the horizontal field of view. */
const HALF_VIEW = 25 * Math.PI / 180;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** `count` cameras with photos of the given size, in the order of their azimuths. */
export function orbit(count: number, size: { width: number; height: number }): PosedCamera[] {
  return Array.from({ length: count }, (_, index) => {
    const azimuth = 2 * Math.PI * index / count;
    // Multiples of the golden ratio are spread evenly at any count, so a held-out view always has near neighbours.
    const height = (0.5 + index * GOLDEN_RATIO) % 1;
    return lookAtFocus(azimuth, LOWEST + height * (HIGHEST - LOWEST), size);
  });
}

/** A camera at an azimuth and an elevation (radians) around the focus: R = Rx(elevation) · Ry(azimuth). */
function lookAtFocus(azimuth: number, elevation: number, size: { width: number; height: number }): PosedCamera {
  const [cosPitch, sinPitch] = [Math.cos(elevation / 2), Math.sin(elevation / 2)];
  const [cosYaw, sinYaw] = [Math.cos(azimuth / 2), Math.sin(azimuth / 2)];
  const quaternion: PosedCamera["quaternion"] = [
    cosPitch * cosYaw,
    sinPitch * cosYaw,
    cosPitch * sinYaw,
    sinPitch * sinYaw,
  ];
  const rotation = rotationFromQuaternion(quaternion);
  const row = (index: number): Vec3 => [rotation[3 * index], rotation[3 * index + 1], rotation[3 * index + 2]];
  const center = along(FOCUS, row(2), -DISTANCE);
  const focal = size.width / 2 / Math.tan(HALF_VIEW);
  return {
    quaternion,
    camera: {
      ...size,
      fx: focal,
      fy: focal,
      cx: size.width / 2,
      cy: size.height / 2,
      rotation,
      translation: [-dot(row(0), center), -dot(row(1), center), -dot(row(2), center)],
    },
  };
}
