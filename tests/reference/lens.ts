// COLMAP's camera models one by one, in float64 and in the form that their documentation gives: the oracle of lens
// distortion (https://colmap.github.io/cameras.html).

/** A point, in focal lengths from the principal point or in pixels. */
export type Point = [x: number, y: number];

/** Focal lengths and principal point that the parameters of a model begin with. */
export function focalsOf(model: string, params: number[]): { fx: number; fy: number; cx: number; cy: number } {
  const single = model === "RADIAL" || model === "RADIAL_FISHEYE" || model.startsWith("SIMPLE_");
  const [fx, fy, cx, cy] = single ? [params[0], ...params] : params;
  return { fx, fy, cx, cy };
}

/** Where the ray (x, y, 1) lands, in pixels. */
export function project(model: string, params: number[], [x, y]: Point): Point {
  const { fx, fy, cx, cy } = focalsOf(model, params);
  const [u, v] = distort(model, params, [x, y]);
  return [fx * u + cx, fy * v + cy];
}

function distort(model: string, params: number[], [x, y]: Point): Point {
  const r = Math.hypot(x, y);
  const theta = Math.atan(r);
  const onAngle = (distorted: number): Point => r === 0 ? [0, 0] : [x * distorted / r, y * distorted / r];
  switch (model) {
    case "SIMPLE_PINHOLE":
    case "PINHOLE":
      return [x, y];
    case "SIMPLE_RADIAL": {
      const [, , , k] = params;
      return [x * (1 + k * r ** 2), y * (1 + k * r ** 2)];
    }
    case "RADIAL": {
      const [, , , k1, k2] = params;
      const scale = 1 + k1 * r ** 2 + k2 * r ** 4;
      return [x * scale, y * scale];
    }
    case "OPENCV": {
      const [, , , , k1, k2, p1, p2] = params;
      return tangential([x, y], { scale: 1 + k1 * r ** 2 + k2 * r ** 4, p1, p2 });
    }
    case "FULL_OPENCV": {
      const [, , , , k1, k2, p1, p2, k3, k4, k5, k6] = params;
      const scale = (1 + k1 * r ** 2 + k2 * r ** 4 + k3 * r ** 6) / (1 + k4 * r ** 2 + k5 * r ** 4 + k6 * r ** 6);
      return tangential([x, y], { scale, p1, p2 });
    }
    case "FOV": {
      const [, , , , omega] = params;
      return onAngle(omega === 0 ? r : Math.atan(2 * r * Math.tan(omega / 2)) / omega);
    }
    case "SIMPLE_RADIAL_FISHEYE": {
      const [, , , k] = params;
      return onAngle(theta * (1 + k * theta ** 2));
    }
    case "RADIAL_FISHEYE": {
      const [, , , k1, k2] = params;
      return onAngle(theta * (1 + k1 * theta ** 2 + k2 * theta ** 4));
    }
    case "OPENCV_FISHEYE": {
      const [, , , , k1, k2, k3, k4] = params;
      return onAngle(theta * (1 + k1 * theta ** 2 + k2 * theta ** 4 + k3 * theta ** 6 + k4 * theta ** 8));
    }
    case "THIN_PRISM_FISHEYE": {
      const [, , , , k1, k2, p1, p2, k3, k4, sx1, sy1] = params;
      const scale = 1 + k1 * theta ** 2 + k2 * theta ** 4 + k3 * theta ** 6 + k4 * theta ** 8;
      const [u, v] = tangential(onAngle(theta), { scale, p1, p2 });
      return [u + sx1 * theta ** 2, v + sy1 * theta ** 2];
    }
    case "SIMPLE_FISHEYE":
    case "FISHEYE":
      return onAngle(theta);
    case "SIMPLE_DIVISION":
    case "DIVISION": {
      const k = params.at(-1)!;
      const scale = 2 / (1 + Math.sqrt(1 - 4 * k * r ** 2));
      return [x * scale, y * scale];
    }
    case "EUCM": {
      const [, , , , alpha, beta] = params;
      const depth = alpha * Math.sqrt(beta * r ** 2 + 1) + 1 - alpha;
      return [x / depth, y / depth];
    }
    case "RAD_TAN_THIN_PRISM_FISHEYE": {
      const [, , , , k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3] = params;
      const scale = [k0, k1, k2, k3, k4, k5].reduce((sum, k, i) => sum + k * theta ** (2 * i + 2), 1);
      const [u, v] = onAngle(theta * scale);
      const r2 = u * u + v * v;
      const [tu, tv] = tangential([u, v], { scale: 1, p1, p2: p0 });
      return [tu + s0 * r2 + s1 * r2 ** 2, tv + s2 * r2 + s3 * r2 ** 2];
    }
    default:
      throw new Error(`There is no model ${model}`);
  }
}

function tangential([x, y]: Point, { scale, p1, p2 }: { scale: number; p1: number; p2: number }): Point {
  const r2 = x * x + y * y;
  return [
    x * scale + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
    y * scale + 2 * p2 * x * y + p1 * (r2 + 2 * y * y),
  ];
}

/** The ray that lands at a pixel: Newton's method with differences for derivatives. For lenses of mild distortion. */
export function unproject(model: string, params: number[], [px, py]: Point): Point {
  const { fx, fy, cx, cy } = focalsOf(model, params);
  let [x, y] = [(px - cx) / fx, (py - cy) / fy];
  for (let i = 0; i < 50; i++) {
    const [gotX, gotY] = project(model, params, [x, y]);
    const [ex, ey] = [gotX - px, gotY - py];
    if (Math.hypot(ex, ey) < 1e-9) break;
    const h = 1e-6;
    const [ax, ay] = project(model, params, [x + h, y]).map((value, k) => (value - [gotX, gotY][k]) / h);
    const [bx, by] = project(model, params, [x, y + h]).map((value, k) => (value - [gotX, gotY][k]) / h);
    const det = ax * by - ay * bx;
    x -= (by * ex - bx * ey) / det;
    y -= (ax * ey - ay * ex) / det;
  }
  return [x, y];
}
