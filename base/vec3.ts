// Vectors of three numbers: points and directions in world units, and linear RGB colours.

/** A point, a direction or a linear RGB colour. */
export type Vec3 = readonly [number, number, number];

/** a + b. */
export function add(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** a − b. */
export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** a × s. */
export function scale(a: Vec3, s: number): Vec3 {
  return [a[0] * s, a[1] * s, a[2] * s];
}

/** The scalar product. */
export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The vector product. */
export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** |a|. */
export function length(a: Vec3): number {
  return Math.sqrt(dot(a, a));
}

/** a scaled to length 1; not finite for the zero vector. */
export function normalize(a: Vec3): Vec3 {
  return scale(a, 1 / length(a));
}

/** The point at distance `t` from `origin` along `direction`. */
export function along(origin: Vec3, direction: Vec3, t: number): Vec3 {
  return [origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2]];
}

/** a at s = 0, b at s = 1, linear between. */
export function mix(a: Vec3, b: Vec3, s: number): Vec3 {
  return [a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]), a[2] + s * (b[2] - a[2])];
}

/** A row of a world-to-camera rotation: an axis of the camera in the world; 0 right, 1 down, 2 forward. */
export function axisOf(rotation: readonly number[], row: number): Vec3 {
  return [rotation[3 * row], rotation[3 * row + 1], rotation[3 * row + 2]];
}
