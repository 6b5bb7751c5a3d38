// Meetings of rays and shapes: on the surface, nearest, and with outward normals.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { along, dot, normalize, scale, subtract, type Vec3 } from "../../base/vec3.ts";
import { box, cylinder, dome, floor, type Shape, sphere } from "../../demo/shapes.ts";

/** A shape and its implicit function: 0 on the surface, below inside. */
interface Case {
  shape: Shape;
  outside: (point: Vec3) => number;
}

const YAW = 0.5;

const cases: Record<string, Case> = {
  sphere: {
    shape: sphere([0.2, -0.5, 0.1], 0.5),
    outside: ([x, y, z]) => Math.hypot(x - 0.2, y + 0.5, z - 0.1) - 0.5,
  },
  box: {
    shape: box([0.1, -0.4, -0.2], [0.3, 0.4, 0.2], YAW),
    outside: ([x, y, z]) => {
      // The box's axes in the world: x' = (cos, 0, sin), z' = (−sin, 0, cos).
      const u = Math.cos(YAW) * (x - 0.1) + Math.sin(YAW) * (z + 0.2);
      const w = Math.cos(YAW) * (z + 0.2) - Math.sin(YAW) * (x - 0.1);
      return Math.max(Math.abs(u) - 0.3, Math.abs(y + 0.4) - 0.4, Math.abs(w) - 0.2);
    },
  },
  cylinder: {
    shape: cylinder({ x: -0.2, z: 0.3 }, { radius: 0.3, height: 0.8 }),
    outside: ([x, y, z]) => Math.max(Math.hypot(x + 0.2, z - 0.3) - 0.3, Math.abs(y + 0.4) - 0.4),
  },
};

for (const [name, { shape, outside }] of Object.entries(cases)) {
  Deno.test(`${name}() is met where its surface begins when a ray comes from outside`, () => {
    let hits = 0;
    for (const origin of fibonacciSphere(40, 3)) {
      for (const target of fibonacciSphere(40, 0.7)) {
        const direction = normalize(subtract([target[0], target[1] - 0.4, target[2]], origin));
        const t = shape.hit({ origin, direction });
        const steps = Array.from({ length: 600 }, (_, step) => step * 0.01);
        const entered = steps.find((step) => outside(along(origin, direction, step)) < -1e-3);
        if (t === Infinity) {
          assertEquals(entered, undefined, `a ray that enters the ${name} must meet it`);
          continue;
        }
        hits++;
        const point = along(origin, direction, t);
        assertAlmostEquals(outside(point), 0, 1e-9);
        if (entered !== undefined) assert(t <= entered, "the first meeting counts");
        const normal = shape.normal(point);
        assertAlmostEquals(dot(normal, normal), 1, 1e-9);
        assert(outside(along(point, normal, 1e-4)) > 0, "normals point outwards");
        assert(dot(normal, direction) < 1e-9, "a surface is met from its front");
      }
    }
    assert(hits > 300, `only ${hits} of 1600 rays met the ${name}`);
  });

  Deno.test(`${name}() lies within its bound`, () => {
    const { center, radius } = shape.bound!;
    for (const direction of fibonacciSphere(200, 1)) {
      assert(outside(along(center, direction, radius * 1.0001)) > 0);
    }
  });
}

Deno.test("floor() is met from above and missed by rays that rise", () => {
  assertEquals(floor().hit({ origin: [0, -2, 0], direction: [0, 1, 0] }), 2);
  assertEquals(floor().hit({ origin: [0, -2, 0], direction: normalize([1, -0.1, 0]) }), Infinity);
});

Deno.test("dome() is met from inside with a normal that points back in", () => {
  const shape = dome(5);
  for (const direction of fibonacciSphere(50, 1)) {
    const t = shape.hit({ origin: [1, -1, 0.5], direction });
    const point = along([1, -1, 0.5], direction, t);
    assertAlmostEquals(Math.hypot(...point), 5, 1e-9);
    assertAlmostEquals(dot(shape.normal(point), point), -5, 1e-9);
  }
});

/** `count` points spread evenly over a sphere around the origin. */
function fibonacciSphere(count: number, radius: number): Vec3[] {
  return Array.from({ length: count }, (_, index) => {
    const y = 1 - (2 * index + 1) / count;
    const angle = index * Math.PI * (3 - Math.sqrt(5));
    const ring = Math.sqrt(1 - y * y);
    return scale([ring * Math.cos(angle), y, ring * Math.sin(angle)], radius);
  });
}
