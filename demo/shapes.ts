// Closed-form intersections of rays with the shapes of the demo scene. The world is as COLMAP's cameras see it
// (x right, y down, z forward): the floor is y = 0 and everything that stands on it has negative y.
import { dot, scale, subtract, type Vec3 } from "../base/vec3.ts";

/** A half-line; `direction` has length 1. */
export interface Ray {
  origin: Vec3;
  direction: Vec3;
}

/** A surface that a ray can hit. */
export interface Shape {
  /** Distance to the nearest hit in front of the ray's origin; Infinity if it misses. */
  hit(ray: Ray): number;
  /** The outward unit normal at a point of the surface. */
  normal(point: Vec3): Vec3;
  /** The point in the shape's own axes, its centre at the origin, for textures. */
  local(point: Vec3): Vec3;
  /** A ball around the shape, for quick rejection; absent for the backdrop, which encloses the scene. */
  bound?: { center: Vec3; radius: number };
}

/** Hits nearer than this are on the surface that the ray starts from. */
const NEAREST = 1e-6;

/** A sphere. */
export function sphere(center: Vec3, radius: number): Shape {
  return {
    hit({ origin, direction }) {
      const toCenter = subtract(center, origin);
      const middle = dot(toCenter, direction);
      const discriminant = middle * middle - dot(toCenter, toCenter) + radius * radius;
      if (discriminant < 0) return Infinity;
      const half = Math.sqrt(discriminant);
      if (middle - half > NEAREST) return middle - half;
      return middle + half > NEAREST ? middle + half : Infinity;
    },
    normal: (point) => scale(subtract(point, center), 1 / radius),
    local: (point) => subtract(point, center),
    bound: { center, radius },
  };
}

/** A box standing upright, turned by `yaw` radians about the vertical. */
export function box(center: Vec3, half: Vec3, yaw: number): Shape {
  const cos = Math.cos(yaw);
  const sin = Math.sin(yaw);
  const turn = (v: Vec3): Vec3 => [cos * v[0] + sin * v[2], v[1], cos * v[2] - sin * v[0]];
  const turnBack = (v: Vec3): Vec3 => [cos * v[0] - sin * v[2], v[1], cos * v[2] + sin * v[0]];
  const local = (point: Vec3): Vec3 => turn(subtract(point, center));
  return {
    hit(ray) {
      const origin = local(ray.origin);
      const direction = turn(ray.direction);
      let enter = -Infinity;
      let leave = Infinity;
      for (let axis = 0; axis < 3; axis++) {
        const a = (-half[axis] - origin[axis]) / direction[axis];
        const b = (half[axis] - origin[axis]) / direction[axis];
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      }
      return enter <= leave && enter > NEAREST ? enter : Infinity;
    },
    normal(point) {
      const [x, y, z] = local(point);
      const [nearX, nearY, nearZ] = [Math.abs(x) / half[0], Math.abs(y) / half[1], Math.abs(z) / half[2]];
      if (nearY >= nearX && nearY >= nearZ) return [0, Math.sign(y), 0];
      return turnBack(nearX >= nearZ ? [Math.sign(x), 0, 0] : [0, 0, Math.sign(z)]);
    },
    local,
    bound: { center, radius: Math.sqrt(dot(half, half)) },
  };
}

/** An upright closed cylinder standing on the floor at (x, z). */
export function cylinder(base: { x: number; z: number }, size: { radius: number; height: number }): Shape {
  const { radius, height } = size;
  const center: Vec3 = [base.x, -height / 2, base.z];
  const local = (point: Vec3): Vec3 => subtract(point, center);
  return {
    hit({ origin, direction }) {
      const [x, y, z] = local(origin);
      const [dx, dy, dz] = direction;
      let nearest = Infinity;
      const a = dx * dx + dz * dz;
      const b = x * dx + z * dz;
      const discriminant = b * b - a * (x * x + z * z - radius * radius);
      if (a > 0 && discriminant >= 0) {
        const t = (-b - Math.sqrt(discriminant)) / a;
        if (t > NEAREST && Math.abs(y + t * dy) <= height / 2) nearest = t;
      }
      const cap = (-Math.sign(dy) * height / 2 - y) / dy;
      const capX = x + cap * dx;
      const capZ = z + cap * dz;
      if (cap > NEAREST && cap < nearest && capX * capX + capZ * capZ <= radius * radius) nearest = cap;
      return nearest;
    },
    normal(point) {
      const [x, y, z] = local(point);
      const onSide = Math.abs(Math.sqrt(x * x + z * z) - radius) < Math.abs(Math.abs(y) - height / 2);
      return onSide ? [x / radius, 0, z / radius] : [0, Math.sign(y), 0];
    },
    local,
    bound: { center, radius: Math.sqrt(radius * radius + height * height / 4) },
  };
}

/** The horizontal plane y = 0. */
export function floor(): Shape {
  return {
    hit({ origin, direction }) {
      const t = -origin[1] / direction[1];
      return t > NEAREST ? t : Infinity;
    },
    normal: () => [0, -1, 0],
    local: (point) => point,
  };
}

/** The inside of a big sphere around the world's origin: the studio's backdrop. */
export function dome(radius: number): Shape {
  const { hit } = sphere([0, 0, 0], radius);
  return { hit, normal: (point) => scale(point, -1 / radius), local: (point) => point };
}
