// The free camera: where it stands, how it is turned, and the point that it orbits.

import { add, cross, dot, normalize, scale, subtract, type Vec3 } from "../../base/vec3.ts";
import type { PageCamera } from "../protocol.ts";
import type { Lens } from "./lens.ts";

/** Steepest angle between the viewing direction and the horizon, in radians: never straight up or down. */
const STEEPEST = 1.5;

/** A camera that the user moves. Axes are right, down and forward, as in the captures. */
export class FreeCamera {
  position: Vec3 = [0, 0, 0];
  right: Vec3 = [1, 0, 0];
  down: Vec3 = [0, 1, 0];
  forward: Vec3 = [0, 0, 1];
  /** Distance of the point that it orbits, along `forward`. */
  distance = 1;
  /** Direction that is up on the screen while the camera orbits. */
  up: Vec3 = [0, -1, 0];

  /** Takes the pose of a view, and orbits the point ahead that is nearest to `target`. */
  takePose({ rotation: r, translation: t }: PageCamera, target: Vec3): void {
    this.right = [r[0], r[1], r[2]];
    this.down = [r[3], r[4], r[5]];
    this.forward = [r[6], r[7], r[8]];
    const along = (row: number): number => -(r[row] * t[0] + r[3 + row] * t[1] + r[6 + row] * t[2]);
    this.position = [along(0), along(1), along(2)];
    const ahead = dot(subtract(target, this.position), this.forward);
    if (ahead > 0) this.distance = ahead;
  }

  /** Turns about the point that it orbits, by angles to the right and down in radians. */
  orbit(yaw: number, pitch: number): void {
    const pivot = add(this.position, scale(this.forward, this.distance));
    this.turn(yaw, pitch);
    this.position = subtract(pivot, scale(this.forward, this.distance));
  }

  /** Turns in place. */
  turn(yaw: number, pitch: number): void {
    const elevation = Math.asin(Math.max(-1, Math.min(1, dot(this.forward, this.up))));
    const limit = Math.max(STEEPEST, Math.abs(elevation)); // a view may look more steeply
    const change = Math.max(-limit, Math.min(limit, elevation - pitch)) - elevation;
    this.#rotate(this.up, -yaw);
    this.#rotate(this.right, change);
  }

  /** Moves along its own axes, in world units. */
  move(right: number, down: number, forward: number): void {
    for (const [axis, by] of [[this.right, right], [this.down, down], [this.forward, forward]] as const) {
      this.position = add(this.position, scale(axis, by));
    }
  }

  /** Moves towards the point that it orbits, to `factor` times the distance. */
  zoom(factor: number): void {
    const by = this.distance * (1 - factor);
    this.move(0, 0, by);
    this.distance = Math.max(1e-6, this.distance - by);
  }

  /** The camera through a lens. */
  shot(lens: Lens): PageCamera {
    const rotation = [...this.right, ...this.down, ...this.forward];
    const translation = [this.right, this.down, this.forward].map((axis) => -dot(axis, this.position));
    return { ...lens, rotation, translation };
  }

  #rotate(axis: Vec3, angle: number): void {
    this.forward = normalize(rotated(this.forward, axis, angle));
    const right = rotated(this.right, axis, angle);
    this.right = normalize(subtract(right, scale(this.forward, dot(right, this.forward))));
    this.down = cross(this.forward, this.right);
  }
}

/** Rodrigues' formula. */
function rotated(v: Vec3, axis: Vec3, angle: number): Vec3 {
  const k = normalize(axis);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return add(add(scale(v, cos), scale(cross(k, v), sin)), scale(k, dot(k, v) * (1 - cos)));
}
