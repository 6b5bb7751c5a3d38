// Unit quaternions (w, x, y, z): from rotation matrices, and smooth curves through them.

import { type Curve, pieceAt } from "./spline.ts";

/** w, x, y, z. */
export type Quaternion = [number, number, number, number];

/** The unit quaternion of a rotation matrix (9 numbers, row-major), by the largest of its four squares. */
export function quaternionFromRotation(m: readonly number[]): Quaternion {
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = m;
  const squares = [1 + r00 + r11 + r22, 1 + r00 - r11 - r22, 1 - r00 + r11 - r22, 1 - r00 - r11 + r22];
  const rows: Quaternion[] = [
    [squares[0], r21 - r12, r02 - r20, r10 - r01],
    [r21 - r12, squares[1], r01 + r10, r02 + r20],
    [r02 - r20, r01 + r10, squares[2], r12 + r21],
    [r10 - r01, r02 + r20, r12 + r21, squares[3]],
  ];
  return unit(rows[squares.indexOf(Math.max(...squares))]);
}

/** Spherical linear interpolation between unit quaternions; along a great circle, in either direction. */
export function slerp(a: Quaternion, b: Quaternion, share: number): Quaternion {
  const cosine = Math.min(Math.max(inner(a, b), -1), 1);
  const angle = Math.acos(cosine);
  if (angle < 1e-9) return unit(combine(a, 1 - share, b, share));
  const sine = Math.sin(angle);
  return combine(a, Math.sin((1 - share) * angle) / sine, b, Math.sin(share * angle) / sine);
}

/**
 * A smooth curve through rotations (Shoemake 1987): blends the slerp between the ends of a piece with that between two
 * control points. Each quaternion takes the sign that is nearer to the previous one.
 */
export function squad(curve: Curve<Quaternion>, time: number): Quaternion {
  const { before, from, to, after, share } = pieceAt(curve, time);
  const b = curve.values[from];
  const a = nearer(curve.values[before], b);
  const c = nearer(curve.values[to], b);
  const d = nearer(curve.values[after], c);
  const [first, last] = [control(a, b, c), control(b, c, d)];
  return unit(slerp(slerp(b, c, share), slerp(first, last, share), 2 * share * (1 - share)));
}

/** Shoemake's inner control point at b: b exp(−(log(b⁻¹c) + log(b⁻¹a)) / 4). */
function control(a: Quaternion, b: Quaternion, c: Quaternion): Quaternion {
  const inverse = conjugate(b);
  const [x, y] = [log(product(inverse, c)), log(product(inverse, a))];
  return product(b, exp(x.map((value, i) => -(value + y[i]) / 4)));
}

/** Half the rotation vector of a unit quaternion. */
function log([w, x, y, z]: Quaternion): number[] {
  const sine = Math.hypot(x, y, z);
  const factor = sine < 1e-12 ? 1 : Math.atan2(sine, w) / sine;
  return [x * factor, y * factor, z * factor];
}

function exp([x, y, z]: number[]): Quaternion {
  const angle = Math.hypot(x, y, z);
  const factor = angle < 1e-12 ? 1 : Math.sin(angle) / angle;
  return [Math.cos(angle), x * factor, y * factor, z * factor];
}

function product([aw, ax, ay, az]: Quaternion, [bw, bx, by, bz]: Quaternion): Quaternion {
  return [
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
  ];
}

function conjugate([w, x, y, z]: Quaternion): Quaternion {
  return [w, -x, -y, -z];
}

/** A quaternion or its negative, which is the same rotation: whichever is nearer to another. */
function nearer(q: Quaternion, other: Quaternion): Quaternion {
  return inner(q, other) < 0 ? combine(q, -1, q, 0) : q;
}

function inner(a: Quaternion, b: Quaternion): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

function combine(a: Quaternion, x: number, b: Quaternion, y: number): Quaternion {
  return [a[0] * x + b[0] * y, a[1] * x + b[1] * y, a[2] * x + b[2] * y, a[3] * x + b[3] * y];
}

function unit(q: Quaternion): Quaternion {
  const size = Math.hypot(...q);
  return combine(q, 1 / size, q, 0);
}
