// The patterns painted on the demo scene's surfaces: smooth functions of a point in the shape's own axes. Their edges
// are several pixels wide on purpose: a modest number of Gaussians can reproduce them, unlike hard edges.
import { mix, normalize, type Vec3 } from "../base/vec3.ts";

/** Albedo, linear RGB, at a point in the shape's own axes. */
export type Texture = (local: Vec3) => Vec3;

/** Two colours and the steepness of the transition between them: 1 is a sine wave, 4 a soft-edged square wave. */
export interface Pattern {
  light: Vec3;
  dark: Vec3;
  steepness: number;
}

/** Maps a wave in −1…1 to a mix of the two colours, steeper with `steepness`. */
function paint(wave: number, { light, dark, steepness }: Pattern): Vec3 {
  const steep = wave * steepness;
  return mix(dark, light, 0.5 + 0.5 * steep / Math.sqrt(1 + steep * steep));
}

/** Squares of side `tile` on the floor that fade into `far` away from the origin, where they would alias. */
export function fadingChecker(pattern: Pattern, fade: { tile: number; radius: number; far: Vec3 }): Texture {
  return ([x, , z]) => {
    const squares = paint(Math.sin(Math.PI * x / fade.tile) * Math.sin(Math.PI * z / fade.tile), pattern);
    const away = (x * x + z * z) / (fade.radius * fade.radius);
    return mix(fade.far, squares, 1 / (1 + away * away));
  };
}

/** Bands that swirl around the vertical, `count` of them in a turn. */
export function swirl(pattern: Pattern, count: number): Texture {
  return (local) => {
    const [x, y, z] = normalize(local);
    // (x + i z)^count has `count` waves a turn and vanishes smoothly at the poles, unlike an angle.
    const angle = 2.2 * y;
    const turnedX = Math.cos(angle) * x - Math.sin(angle) * z;
    const turnedZ = Math.sin(angle) * x + Math.cos(angle) * z;
    let re = 1;
    let im = 0;
    for (let power = 0; power < count; power++) {
      [re, im] = [re * turnedX - im * turnedZ, re * turnedZ + im * turnedX];
    }
    return paint(re, pattern);
  };
}

/** Soft dots on a sphere, about `frequency` of them in a quarter turn. */
export function dots(pattern: Pattern, frequency: number): Texture {
  return (local) => {
    const [x, y, z] = normalize(local);
    const wave = Math.cos(Math.PI * frequency * x) * Math.cos(Math.PI * frequency * y) *
      Math.cos(Math.PI * frequency * z);
    return paint(2 * Math.abs(wave) - 1, pattern);
  };
}

/** Stripes across `axis`, one every `period` world units, bent by a slow wave. */
export function stripes(pattern: Pattern, across: { axis: Vec3; period: number; bend: number }): Texture {
  return (local) => {
    const [x, y, z] = local;
    const bent = across.bend * (Math.sin(4.1 * x + 0.7) + Math.sin(3.3 * y) + Math.sin(3.7 * z + 1.9));
    const along = across.axis[0] * x + across.axis[1] * y + across.axis[2] * z;
    return paint(Math.sin(2 * Math.PI * along / across.period + bent), pattern);
  };
}

/** Two crossing sets of soft stripes, woven over all three axes, with squares of side `tile`. */
export function weave(pattern: Pattern, tile: number): Texture {
  const k = Math.PI / tile;
  return ([x, y, z]) => paint((Math.sin(k * x + 0.6) + Math.sin(k * y) + Math.sin(k * z + 1.1)) / 2, pattern);
}

/** Flutes around an upright column, `count` of them in a turn. */
export function flutes(pattern: Pattern, count: number): Texture {
  return ([x, , z]) => {
    const radius = Math.sqrt(x * x + z * z);
    const wave = Math.sin(count * Math.atan2(z, x));
    // Towards the axis of the column's top the flutes would converge: they fade out there.
    return paint(wave * Math.min(1, radius * radius * 3), pattern);
  };
}

/** A backdrop that changes from `low` at the floor through `middle` to `high` overhead, warmer on one side. */
export function backdrop(colors: { low: Vec3; middle: Vec3; high: Vec3; glow: Vec3 }): Texture {
  return (local) => {
    const [x, y, z] = normalize(local);
    const height = Math.max(0, -y);
    const lower = mix(colors.low, colors.middle, Math.min(1, height / 0.35));
    const sky = mix(lower, colors.high, height * height * (3 - 2 * height));
    const glow = 0.5 + 0.5 * (0.8 * x + 0.6 * z);
    return mix(sky, colors.glow, 0.6 * glow * glow * (1 - height));
  };
}
