// load/undistort.ts against COLMAP's models one by one: where each pixel comes from, and what the crop leaves.

import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { Lens } from "../../base/scene.ts";
import type { Pixels } from "../../ffi/undistort.ts";
import { COLMAP_MODELS, intrinsicsOf } from "../../load/colmap_model.ts";
import { completeLens, undistort } from "../../load/undistort.ts";
import { project, unproject } from "../reference/lens.ts";
import { libraryMissing } from "../support/device.ts";

const WIDTH = 96;
const HEIGHT = 64;
const CENTER = [47.3, 33.1];

/** Parameters of a marked but sane lens of each model, for photos of WIDTH × HEIGHT. */
const PARAMS: Record<string, number[]> = {
  SIMPLE_PINHOLE: [80, ...CENTER],
  PINHOLE: [80, 82, ...CENTER],
  SIMPLE_RADIAL: [80, ...CENTER, -0.15],
  RADIAL: [80, ...CENTER, 0.1, -0.05],
  OPENCV: [80, 82, ...CENTER, -0.2, 0.05, 0.004, -0.006],
  OPENCV_FISHEYE: [60, 62, ...CENTER, 0.05, -0.02, 0.01, -0.003],
  FULL_OPENCV: [80, 82, ...CENTER, -0.2, 0.08, -0.003, 0.005, 0.02, 0.05, -0.02, 0.01],
  FOV: [70, 72, ...CENTER, 0.9],
  SIMPLE_RADIAL_FISHEYE: [60, ...CENTER, 0.07],
  RADIAL_FISHEYE: [60, ...CENTER, 0.05, -0.03],
  THIN_PRISM_FISHEYE: [60, 62, ...CENTER, 0.04, -0.02, 0.003, -0.004, 0.01, -0.002, 0.005, -0.003],
  RAD_TAN_THIN_PRISM_FISHEYE: [60, 62, ...CENTER, 0.05, -0.02, 0.01, -0.003, 0, 0, 0, 0, 0, 0, 0, 0],
  SIMPLE_DIVISION: [80, ...CENTER, -0.2],
  DIVISION: [80, 82, ...CENTER, 0.15],
  SIMPLE_FISHEYE: [60, ...CENTER],
  FISHEYE: [60, 62, ...CENTER],
  EUCM: [60, 62, ...CENTER, 0.6, 1.3],
};
/** All models that some lens is of. */
const MODELS = COLMAP_MODELS.map(({ name }) => name).filter((name) => name !== "EQUIRECTANGULAR");

/** How finely a step of brightness resolves a place, and the width of the band that a picture resolves. */
const LEVELS = 32;
const BAND = 8;

function lensOf(model: string, params = PARAMS[model], fov?: number): Promise<Lens> {
  const { distortion, ...pinhole } = intrinsicsOf(
    { id: 1, model, width: WIDTH, height: HEIGHT, params },
    "cameras.bin",
  );
  const { model: family, coefficients } = distortion ?? { model: "brown" as const, coefficients: [] };
  return completeLens({ ...pinhole, model: family, coefficients }, { name: "Camera 1", path: "cameras.bin", fov });
}

/** A picture whose first two channels tell x and y within bands that begin at (x0, y0). */
function ruler(x0: number, y0: number): Pixels {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  const level = (at: number, start: number) => Math.min(255, Math.max(0, Math.round(LEVELS * (at + 0.5 - start))));
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i += 3) {
      data[i] = level(x, x0);
      data[i + 1] = level(y, y0);
    }
  }
  return { width: WIDTH, height: HEIGHT, channels: 3, data };
}

for (const model of MODELS) {
  Deno.test({
    name: `undistort() takes each pixel from where the oracle says, within 0.05 pixels, when the lens is ${model}`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      const lens = await lensOf(model);
      const { width, height, fx, fy, cx, cy } = lens.pinhole;
      let compared = 0;
      for (let band = -BAND; band < WIDTH; band += BAND - 3) {
        const { data } = await undistort(ruler(band, band), lens);
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            const from = project(model, PARAMS[model], [(column + 0.5 - cx) / fx, (row + 0.5 - cy) / fy]);
            for (const [axis, at] of from.entries()) {
              // Away from the ends of the band, and from the edge, where the picture is no straight ramp.
              const size = [WIDTH, HEIGHT][axis];
              if (at < band + 1.5 || at > band + BAND - 1.5 || at < 2 || at > size - 2) continue;
              const seen = data[3 * (row * width + column) + axis] / LEVELS + band;
              assertLessOrEqual(Math.abs(seen - at), 0.05, `${model}, axis ${axis}: ${seen}, not ${at}`);
              compared++;
            }
          }
        }
      }
      assert(compared > 1.5 * width * height, `Only ${compared} places were compared`);
    },
  });

  Deno.test({
    name: `completeLens() crops to pixels that all have a source, and no further, when the lens is ${model}`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      const { pinhole: { width, height, fx, fy, cx, cy } } = await lensOf(model);
      const inside = (column: number, row: number) => {
        const [x, y] = project(model, PARAMS[model], [(column - cx) / fx, (row - cy) / fy]);
        return x >= -1e-6 && x <= WIDTH + 1e-6 && y >= -1e-6 && y <= HEIGHT + 1e-6;
      };
      for (let row = 0; row <= height; row++) {
        for (let column = 0; column <= width; column++) assert(inside(column, row), `${column}, ${row}`);
      }
      // One pixel farther on any side, some part of that side has no source.
      const columns = Array.from({ length: width + 3 }, (_, i) => i - 1);
      const rows = Array.from({ length: height + 3 }, (_, i) => i - 1);
      assert(columns.some((column) => !inside(column, -1.01)), "top");
      assert(columns.some((column) => !inside(column, height + 1.01)), "bottom");
      assert(rows.some((row) => !inside(-1.01, row)), "left");
      assert(rows.some((row) => !inside(width + 1.01, row)), "right");
    },
  });
}

Deno.test("the oracle's unproject() comes back to the pixel within 0.05 pixels for every model", () => {
  for (const model of MODELS) {
    for (const px of [3, 40, 90]) {
      for (const py of [2, 30, 60]) {
        const [x, y] = project(model, PARAMS[model], unproject(model, PARAMS[model], [px, py]));
        assertAlmostEquals(Math.hypot(x - px, y - py), 0, 1e-6, model);
      }
    }
  }
});

Deno.test({
  name: "undistort() gives the photo back, whole, when the lens does nothing",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const lens = await lensOf("PINHOLE");
    const { pinhole } = lens;
    assertEquals([pinhole.width, pinhole.height, pinhole.cx, pinhole.cy], [WIDTH, HEIGHT, CENTER[0], CENTER[1]]);
    for (const channels of [1, 3, 4] as const) {
      const data = Uint8Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => (i * i + 7 * i) % 251);
      if (channels === 4) { for (let i = 3; i < data.length; i += 4) data[i] = 255; }
      const image = { width: WIDTH, height: HEIGHT, channels, data };
      assertEquals(await undistort(image, lens), image);
    }
  },
});

Deno.test({
  name: "undistort() keeps the colour of what is covered when there is alpha",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const lens = await lensOf("OPENCV");
    // Covered on the left half, and red there; nothing, and green, on the right.
    const data = new Uint8Array(4 * WIDTH * HEIGHT);
    for (let i = 0; i < WIDTH * HEIGHT; i++) data.set(i % WIDTH < WIDTH / 2 ? [200, 0, 0, 255] : [0, 250, 0, 0], 4 * i);
    const result = await undistort({ width: WIDTH, height: HEIGHT, channels: 4 as const, data }, lens);
    const alphas = new Set<number>();
    for (let i = 0; i < result.data.length; i += 4) {
      const [red, green, , alpha] = result.data.subarray(i, i + 4);
      alphas.add(alpha);
      assert(alpha === 0 || (red === 200 && green === 0), `${red} ${green} at alpha ${alpha}`);
    }
    assert(alphas.has(0) && alphas.has(255) && alphas.size > 10);
  },
});

Deno.test({
  name: "completeLens() crops before the fold when the lens folds back within the photo",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    // r (1 − r²/2) turns at r = 0.816, where it is 0.544: 43.5 pixels from the middle.
    const lens = await lensOf("SIMPLE_RADIAL", [80, 48, 32, -0.5]);
    const { width, height } = lens.pinhole;
    assert(width < 2 * 0.8165 * 80 && width > 80, `${width} x ${height}`);
    for (const x of [0.5, width - 0.5]) {
      for (const y of [0.5, height - 0.5]) {
        const r = Math.hypot((x - lens.pinhole.cx) / 80, (y - lens.pinhole.cy) / 80);
        assert(r < 0.8165, `${r}`);
      }
    }
  },
});

Deno.test({
  name: "completeLens() bounds the picture when a fisheye sees more than a pinhole can",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const { pinhole } = await lensOf("OPENCV_FISHEYE", [30, 30, 48, 32, 0, 0, 0, 0]); // 92° to the left and right
    assertEquals([pinhole.width, pinhole.fx], [2 * WIDTH, 30]);
    assert(pinhole.height > 80 && pinhole.height <= 2 * HEIGHT, `${pinhole.height}`);
  },
});

/** An equidistant fisheye: r = 30 θ, so 91.7° to the left and right and 61.1° up and down. */
const EQUIDISTANT = [30, 30, 48, 32, 0, 0, 0, 0];

for (
  const [fov, width, height] of [
    // 2 ⌊30 tan(fov / 2)⌋: whole pixels on each side of a principal point on a pixel's corner.
    [40, 20, 20],
    [90, 60, 60],
    [120, 102, 102],
    // Up and down the photo ends: at 61.1°, 30 tan 61.1° = 54.4 pixels off.
    [150, 222, 108],
    [170, 684, 108],
  ]
) {
  Deno.test({
    name: `completeLens() keeps ${width} x ${height} pixels of an equidistant fisheye when the field of view is ${fov}`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      const { pinhole } = await lensOf("OPENCV_FISHEYE", EQUIDISTANT, fov);
      assertEquals([pinhole.width, pinhole.height, pinhole.fx, pinhole.fy], [width, height, 30, 30]);
      assertEquals([pinhole.cx, pinhole.cy], [width / 2, height / 2]);
    },
  });
}

for (const model of MODELS) {
  Deno.test({
    name: `completeLens() keeps no more than the field of view, on each side, when the lens is ${model}`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      const unlimited = (await lensOf(model)).pinhole;
      for (const fov of [20, 50, 80, 160]) {
        const { width, height, fx, fy, cx, cy } = (await lensOf(model, PARAMS[model], fov)).pinhole;
        const reach = Math.tan(fov / 360 * Math.PI);
        // Each side is at the field of view, to a pixel, or where it is without one: these lenses see less than the cap.
        for (
          const [side, most, own] of [
            [cx, reach * fx, unlimited.cx],
            [width - cx, reach * fx, unlimited.width - unlimited.cx],
            [cy, reach * fy, unlimited.cy],
            [height - cy, reach * fy, unlimited.height - unlimited.cy],
          ]
        ) {
          const wanted = Math.min(most, own);
          assert(side <= wanted + 1e-6 && side > wanted - 1 - 1e-6, `${fov}: ${side}, not ${wanted}`);
        }
      }
    },
  });
}

/** Degrees between a ray of the oracle and the axis, for a point of the photo. */
function offAxis(model: string, at: [number, number]): number {
  return Math.atan(Math.hypot(...unproject(model, PARAMS[model], at))) * 180 / Math.PI;
}

Deno.test({
  name: "completeLens() states the field of view of the whole photo, also beyond 180 degrees",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    for (const model of MODELS) {
      const { fov: [across, down], cx, cy } = await lensOf(model);
      assertAlmostEquals(across, offAxis(model, [0, cy]) + offAxis(model, [WIDTH, cy]), 1e-3, model);
      assertAlmostEquals(down, offAxis(model, [cx, 0]) + offAxis(model, [cx, HEIGHT]), 1e-3, model);
    }
    const degrees = 180 / Math.PI;
    const equidistant = await lensOf("OPENCV_FISHEYE", EQUIDISTANT);
    assertAlmostEquals(equidistant.fov[0], WIDTH / 30 * degrees, 1e-9);
    assertAlmostEquals(equidistant.fov[1], HEIGHT / 30 * degrees, 1e-9);
    // r = 25 θ (1 + 0.02 θ²) is 48 at some θ beyond a right angle: by bisection.
    let [low, high] = [0, Math.PI];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (25 * middle * (1 + 0.02 * middle ** 2) < 48) low = middle;
      else high = middle;
    }
    assert(low > Math.PI / 2);
    const wide = await lensOf("SIMPLE_RADIAL_FISHEYE", [25, 48, 32, 0.02]);
    assertAlmostEquals(wide.fov[0], 2 * low * degrees, 1e-9);
  },
});

Deno.test({
  name: "undistort() fills every pixel of the wider picture from where the oracle says",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const lens = await lensOf("OPENCV_FISHEYE", EQUIDISTANT, 150);
    const { width, height, fx, fy, cx, cy } = lens.pinhole;
    // Smooth, so that a place that is a tenth of a pixel off would be seen.
    const shade = (x: number, y: number) => 128 + 80 * Math.sin(x / 9) * Math.cos(y / 11);
    const data = Uint8Array.from(
      { length: WIDTH * HEIGHT },
      (_, i) => Math.round(shade(i % WIDTH + 0.5, Math.floor(i / WIDTH) + 0.5)),
    );
    const result = await undistort({ width: WIDTH, height: HEIGHT, channels: 1, data }, lens);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const ray: [number, number] = [(column + 0.5 - cx) / fx, (row + 0.5 - cy) / fy];
        const [x, y] = project("OPENCV_FISHEYE", EQUIDISTANT, ray);
        if (x < 2 || x > WIDTH - 2 || y < 2 || y > HEIGHT - 2) continue; // edge pixels are repeated
        assertLessOrEqual(Math.abs(result.data[row * width + column] - shade(x, y)), 1.5, `${column}, ${row}`);
      }
    }
  },
});

Deno.test({
  name: "completeLens() says what is wrong when the lens leaves nothing or makes no sense",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const bad: [string, number[], string][] = [
      ["FOV", [80, 80, 48, 32, 4], "angle"],
      ["SIMPLE_RADIAL", [80, 48, 32, -1e8], "Nothing of a photo"],
    ];
    for (const [model, params, words] of bad) await assertRejects(() => lensOf(model, params), DataError, words);
    // 2 · 720 tan 85° = 16459, 2 · 720 tan 61.1° = 2610: the equidistant fisheye at 24 times the size.
    const large = { width: 24 * WIDTH, height: 24 * HEIGHT, fx: 720, fy: 720, cx: 24 * 48, cy: 24 * 32 };
    await assertRejects(
      () =>
        completeLens({ ...large, model: "fisheye", coefficients: [0] }, {
          ...{ name: "Camera 1", path: "cameras.bin", fov: 170 },
        }),
      DataError,
      "Camera 1 cannot be undistorted: A field of view of 170 degrees has 16458 x 2610 pixels, more than 16384",
    );
    const size = { width: WIDTH, height: HEIGHT };
    const lens = { ...size, fx: 80, fy: 80, cx: -5, cy: 32, model: "brown" as const, coefficients: [0.1] };
    const where = { name: "Camera 1", path: "cameras.bin" };
    await assertRejects(() => completeLens(lens, where), DataError, "lens.cx is -5");
  },
});
