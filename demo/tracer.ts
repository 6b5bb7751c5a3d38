// Traces a ray: the nearest surface, its light and its colour. There are a soft key light, a sky that shades by
// direction, and ambient occlusion. All surfaces are matte: a point has the same colour from every direction.
import { add, along, cross, dot, mix, normalize, scale, subtract, type Vec3 } from "../base/vec3.ts";
import type { Ray, Shape } from "./shapes.ts";
import type { Thing } from "./still_life.ts";

/** The nearest surface along a ray. */
export interface Sight {
  thing: Thing;
  distance: number;
  point: Vec3;
  normal: Vec3;
}

/** The rays around a direction: `spread` is the tangent of the angle to the outermost. */
export interface Cone extends Ray {
  spread: number;
}

const TO_KEY_LIGHT = normalize([0.5, -0.8, -0.45]);
const KEY_LIGHT: Vec3 = [0.86, 0.78, 0.66];
const SKY: Vec3 = [0.4, 0.45, 0.52];
const BOUNCE: Vec3 = [0.24, 0.19, 0.16];
/** Tangent of the key light's angular radius: the softness of shadows. */
const KEY_LIGHT_SPREAD = 0.11;
const SHADOW_RAYS = 48;

/** Directions spread evenly over the key light's disc, by the sunflower arrangement (Vogel 1979). */
const KEY_DIRECTIONS = Array.from({ length: SHADOW_RAYS }, (_, index): Vec3 => {
  const side = normalize(cross(TO_KEY_LIGHT, [0, 0, 1]));
  const up = cross(side, TO_KEY_LIGHT);
  const radius = KEY_LIGHT_SPREAD * Math.sqrt((index + 0.5) / SHADOW_RAYS);
  const angle = index * Math.PI * (3 - Math.sqrt(5));
  const offset = add(scale(side, radius * Math.cos(angle)), scale(up, radius * Math.sin(angle)));
  return normalize(add(TO_KEY_LIGHT, offset));
});

/** The nearest thing along a ray. @throws {Error} when it hits nothing, which an enclosing backdrop rules out. */
export function look(things: readonly Thing[], ray: Ray): Sight {
  let thing: Thing | undefined;
  let distance = Infinity;
  for (const candidate of things) {
    const t = candidate.shape.hit(ray);
    if (t < distance) {
      distance = t;
      thing = candidate;
    }
  }
  if (!thing) throw new Error("A ray left the demo scene: its backdrop must enclose every camera");
  const point = along(ray.origin, ray.direction, distance);
  return { thing, distance, point, normal: thing.shape.normal(point) };
}

/** Light that arrives at a surface, linear RGB. */
export function lightAt(things: readonly Thing[], { thing, point, normal }: Sight): Vec3 {
  if (thing.luminous) return [1, 1, 1];
  const facingUp = 0.5 - 0.5 * normal[1];
  const ambient = scale(mix(BOUNCE, SKY, facingUp), openness(things, { thing, point, normal }));
  return add(ambient, scale(KEY_LIGHT, keyLight(things, { thing, point, normal })));
}

/** Colour of a surface under a light as photos store it: 0…1, gamma 2 (a square root is exact on every machine). */
export function photoColor({ thing, point }: Sight, light: Vec3): Vec3 {
  const albedo = thing.texture(thing.shape.local(point));
  return [
    Math.min(1, Math.sqrt(albedo[0] * light[0])),
    Math.min(1, Math.sqrt(albedo[1] * light[1])),
    Math.min(1, Math.sqrt(albedo[2] * light[2])),
  ];
}

/** Cosine-weighted fraction of the key light's disc that a surface sees. */
function keyLight(things: readonly Thing[], { thing, point, normal }: Omit<Sight, "distance">): number {
  const facing = dot(normal, TO_KEY_LIGHT);
  if (facing < -KEY_LIGHT_SPREAD) return 0;
  // A convex shape occludes its own light only by facing away, which the cosine covers.
  const cone = { origin: point, direction: TO_KEY_LIGHT, spread: KEY_LIGHT_SPREAD };
  const blockers: Shape[] = [];
  for (const { shape } of things) {
    if (shape.bound && shape !== thing.shape && mayMeet(shape, cone)) blockers.push(shape);
  }
  if (blockers.length === 0 && facing > KEY_LIGHT_SPREAD) return facing;
  let sum = 0;
  for (const direction of KEY_DIRECTIONS) {
    const cosine = dot(normal, direction);
    if (cosine <= 0) continue;
    const ray = { origin: point, direction };
    if (!blockers.some((shape) => shape.hit(ray) < Infinity)) sum += cosine;
  }
  return sum / SHADOW_RAYS;
}

/** Whether rays of a cone may hit a shape: whether the cone comes near the shape's bounding sphere. */
export function mayMeet({ bound }: Shape, { origin, direction, spread }: Cone): boolean {
  if (!bound) return true;
  const toCenter = subtract(bound.center, origin);
  const distance = dot(toCenter, direction);
  if (distance < -bound.radius) return false;
  const reach = bound.radius * (1 + spread) + spread * Math.max(0, distance);
  return dot(toCenter, toCenter) - distance * distance < reach * reach;
}

/**
 * Fraction of the sky that other things do not occlude. Each occludes the form factor of a sphere, cos θ (r/d)², with a
 * radius a little below its bound, which darkens the floor around them smoothly.
 */
function openness(things: readonly Thing[], { thing, point, normal }: Omit<Sight, "distance">): number {
  let open = 1;
  for (const other of things) {
    const { bound } = other.shape;
    if (!bound || other === thing) continue;
    const toCenter = subtract(bound.center, point);
    const facing = dot(normal, toCenter);
    if (facing <= 0) continue;
    const squared = dot(toCenter, toCenter);
    const radius = 0.8 * bound.radius;
    open *= 1 - 0.85 * facing / Math.sqrt(squared) * Math.min(1, radius * radius / squared);
  }
  return open;
}
