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
};

/** How finely a step of brightness resolves a place, and the width of the band that a picture resolves. */
const LEVELS = 32;
const BAND = 8;

function lensOf(model: string, params = PARAMS[model]): Promise<Lens> {
  const { distortion, ...pinhole } = intrinsicsOf(
    { id: 1, model, width: WIDTH, height: HEIGHT, params },
    "cameras.bin",
  );
  const { model: family, coefficients } = distortion ?? { model: "brown" as const, coefficients: [] };
  return completeLens({ ...pinhole, model: family, coefficients }, { name: "Camera 1", path: "cameras.bin" });
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

for (const { name: model } of COLMAP_MODELS) {
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
  for (const { name: model } of COLMAP_MODELS) {
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

Deno.test({
  name: "completeLens() says what is wrong when the lens leaves nothing or makes no sense",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    const bad: [string, number[], string][] = [
      ["FOV", [80, 80, 48, 32, 4], "angle"],
      ["SIMPLE_RADIAL", [80, 48, 32, -1e8], "Nothing of a photo"],
    ];
    for (const [model, params, words] of bad) await assertRejects(() => lensOf(model, params), DataError, words);
    const size = { width: WIDTH, height: HEIGHT };
    const lens = { ...size, fx: 80, fy: 80, cx: -5, cy: 32, model: "brown" as const, coefficients: [0.1] };
    const where = { name: "Camera 1", path: "cameras.bin" };
    await assertRejects(() => completeLens(lens, where), DataError, "lens.cx is -5");
  },
});
