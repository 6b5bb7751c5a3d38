// Exports in every format, read back by another program's reader or, where it has none, by tame's own; and what the
// changes do.

import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { CAPTURE_FRAME } from "../../base/frame.ts";
import { OptionError } from "../../base/option.ts";
import { EXPORT_FORMATS, type ExportFormat, exportFormat } from "../../export/export_format.ts";
import { exportSplats } from "../../export/export_splats.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import { psnr } from "../../ffi/metrics.ts";
import { loadPly } from "../../init/gaussians.ts";
import { deviceTest } from "../support/device.ts";
import { someSplats, splatLibraryDeviceTest } from "../support/splat_files.ts";
import { withFolder } from "../load/fixtures.ts";

/** Gaussians around the origin, and a camera that sees all of them. */
const COUNT = 600;

function someGaussians(device: Device, shDegree: number): Gaussians {
  const gaussians = Gaussians.fromArrays(device, someSplats(COUNT, shDegree));
  gaussians.antialiasing = true;
  return gaussians;
}

const CAMERA = {
  ...{ width: 160, height: 120, fx: 150, fy: 150, cx: 80, cy: 60 },
  ...{ rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 6] },
};

/** Bytes of all files in a folder. */
async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    sum += isDirectory ? await bytesIn(path) : (await Deno.stat(path)).size;
  }
  return sum;
}

/** For each Gaussian the number of the one of `others` that it became, by position and colour: the order changes. */
function matched(splats: Arrays, others: Arrays): number[] {
  const points = [splats, others].map(({ means, sh, shDegree, count }) => {
    const width = 3 * (shDegree + 1) ** 2;
    return Array.from({ length: count }, (_, i) => [
      ...means.subarray(3 * i, 3 * i + 3),
      ...sh.subarray(width * i, width * i + 3),
    ]);
  });
  return points[0].map((point) => {
    const distances = points[1].map((other) => Math.hypot(...point.map((value, k) => value - other[k])));
    return distances.indexOf(Math.min(...distances));
  });
}

type Arrays = ReturnType<Gaussians["toArrays"]> & { count: number };

function arraysOf(gaussians: Gaussians): Arrays {
  return { ...gaussians.toArrays(), count: gaussians.count };
}

/**
 * What a format keeps: largest errors of positions in units, of the constant colour and the opacity in 0 to 1, and the
 * least PSNR of a picture in dB. The precision of each format is in docs/guide/export.md.
 */
const KEPT: Record<ExportFormat, { position: number; color: number; opacity: number; picture: number }> = {
  "ply": { position: 0, color: 0, opacity: 0, picture: Infinity },
  "csv": { position: 1e-6, color: 1e-6, opacity: 1e-6, picture: 90 },
  "glb": { position: 1e-6, color: 1e-6, opacity: 1e-6, picture: 90 },
  "compressed.ply": { position: 4 / 2047, color: 2 / 255, opacity: 1 / 255, picture: 30 },
  "spz": { position: 1 / 4096, color: 2 / 255, opacity: 1 / 255, picture: 30 },
  "splat": { position: 1e-6, color: 1 / 255, opacity: 1 / 255, picture: 15 }, // without harmonics
  "lod-meta.json": { position: 2e-4, color: 2 / 255, opacity: 1 / 255, picture: 15 }, // without harmonics
  "sog": { position: 1e-4, color: 2 / 255, opacity: 1 / 255, picture: 30 },
  "html": { position: 1e-4, color: 2 / 255, opacity: 1 / 255, picture: 30 },
};

const SH_C0 = 0.28209479177387814;

for (const [format, kept] of Object.entries(KEPT) as [ExportFormat, typeof KEPT[ExportFormat]][]) {
  splatLibraryDeviceTest(`exportSplats() to .${format} keeps what the format can`, async (device) => {
    await withFolder(async (folder) => {
      using gaussians = someGaussians(device, 2);
      const path = join(folder, format === "lod-meta.json" ? format : `scene.${format}`);
      const notices: string[] = [];
      const file = await exportSplats(gaussians, path, { onNotice: (notice) => notices.push(notice) });
      const bytes = await bytesIn(folder);
      assertEquals(file, { path, format, count: COUNT, bytes });
      using loaded = await loadPly(device, path);
      const tagged = EXPORT_FORMATS[format].tagged;
      assertEquals(loaded.antialiasing, tagged);
      assertEquals(notices.some((notice) => notice.includes("cannot state")), !tagged);
      assertEquals([loaded.count, loaded.shDegree], [COUNT, format === "splat" || format === "lod-meta.json" ? 0 : 2]);

      const [before, after] = [arraysOf(gaussians), arraysOf(loaded)];
      const pairs = matched(before, after);
      const widths = [before, after].map(({ shDegree }) => 3 * (shDegree + 1) ** 2);
      const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
      pairs.forEach((j, i) => {
        for (let axis = 0; axis < 3; axis++) {
          assertAlmostEquals(after.means[3 * j + axis], before.means[3 * i + axis], kept.position + 1e-9);
          const [a, b] = [after.sh[widths[1] * j + axis], before.sh[widths[0] * i + axis]];
          assertAlmostEquals(SH_C0 * a, SH_C0 * b, kept.color + 1e-9);
        }
        assertAlmostEquals(sigmoid(after.opacities[j]), sigmoid(before.opacities[i]), kept.opacity + 1e-6);
      });
      loaded.antialiasing = true;
      const score = psnr(device, await render(loaded, CAMERA), await render(gaussians, CAMERA));
      assert(score >= kept.picture, `PSNR ${score}`);
    });
  });
}

deviceTest(
  "exportSplats() rejects names without a format, and options out of range, before it writes",
  async (device) => {
    await withFolder(async (folder) => {
      using gaussians = someGaussians(device, 0);
      const path = join(folder, "a.ply");
      await Deno.writeTextFile(path, "earlier");
      await assertRejects(() => exportSplats(gaussians, join(folder, "a.obj")), RangeError, "end with one of ply,");
      for (
        const [options, message] of [
          [{ crop: [0, 0, 0, 1, 1] }, "as crop: it takes 6 numbers"],
          [{ crop: [0, 0, 0, 1, -1, 1] }, "as crop: it takes 6 numbers"],
          [{ minOpacity: 0 }, "as minOpacity: it takes a number greater than 0"],
          [{ minOpacity: 1 }, "as minOpacity: it takes a number greater than 0 and less than 1"],
          [{ transform: [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0] }, "as transform: its first three columns"],
          [{ shDegree: 4 }, "as shDegree"],
          [{ decimate: 0 }, "as decimate: it takes a number greater than 0"],
        ] as const
      ) {
        await assertRejects(() => exportSplats(gaussians, path, options), OptionError, message);
      }
      assertEquals(await Deno.readTextFile(path), "earlier");
    });
  },
);

Deno.test("exportFormat() takes the longest end of a name", () => {
  assertEquals(["a.ply", "a.compressed.ply", "B.SPZ", "x/y.z.html"].map(exportFormat), [
    "ply",
    "compressed.ply",
    "spz",
    "html",
  ]);
});

splatLibraryDeviceTest(
  "exportSplats() crops, drops faint Gaussians and harmonics, in the file's axes",
  async (device) => {
    await withFolder(async (folder) => {
      using gaussians = someGaussians(device, 2);
      const path = join(folder, "part.ply");
      const crop = [-1, -2, -0.5, 2, 0.25, 1.5];
      const { count } = await exportSplats(gaussians, path, { crop, minOpacity: 0.3, shDegree: 1 });
      using part = await loadPly(device, path);
      assertEquals([part.shDegree, part.count, part.antialiasing], [1, count, true]);
      const { means, opacities } = gaussians.toArrays();
      const expected = Array.from({ length: COUNT }, (_, i) => i).filter((i) =>
        [0, 1, 2].every((axis) => means[3 * i + axis] >= crop[axis] && means[3 * i + axis] <= crop[axis + 3]) &&
        1 / (1 + Math.exp(-opacities[i])) >= 0.3
      );
      assert(expected.length > 10 && expected.length < COUNT / 2, `${expected.length}`);
      assertEquals([...part.toArrays().means], expected.flatMap((i) => [...means.slice(3 * i, 3 * i + 3)]));
      const text = new TextDecoder().decode((await Deno.readFile(path)).subarray(0, 400));
      for (const line of ["comment tame ", "comment opacity logit", "comment SplatRenderMode: mip"]) {
        assert(text.includes(line), line);
      }
      await assertRejects(
        () => exportSplats(gaussians, path, { crop: [90, 90, 90, 91, 91, 91] }),
        DataError,
        "none of the Gaussians is left after crop",
      );
      using same = await loadPly(device, path);
      assertEquals(same.count, count);
    });
  },
);

splatLibraryDeviceTest(
  "exportSplats() with a transform gives the picture of a camera that moves the other way",
  async (device) => {
    await withFolder(async (folder) => {
      using gaussians = someGaussians(device, 3);
      // Turns by a rotation about an axis between the coordinate axes, doubles, and moves.
      const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
      const about = [[c, -s, 0], [s, c, 0], [0, 0, 1]];
      const then = [[1, 0, 0], [0, c, -s], [0, s, c]];
      const turn = then.map((row) => [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * about[k][j], 0)));
      const moved = [0.5, -0.25, 1];
      const transform = turn.flatMap((row, i) => [...row.map((value) => 2 * value), moved[i]]);
      const path = join(folder, "turned.ply");
      await exportSplats(gaussians, path, { transform });
      using turned = await loadPly(device, path);
      // x' = 2 R x + m: seen from the camera turned and moved in the same way, at twice the distance.
      const rotation = [0, 1, 2].flatMap((i) =>
        [0, 1, 2].map((j) => [0, 1, 2].reduce((sum, k) => sum + CAMERA.rotation[3 * i + k] * turn[j][k], 0))
      );
      const translation = [0, 1, 2].map((i) =>
        2 * CAMERA.translation[i] - [0, 1, 2].reduce((sum, j) => sum + rotation[3 * i + j] * moved[j], 0)
      );
      const score = psnr(
        device,
        await render(turned, { ...CAMERA, rotation, translation }),
        await render(gaussians, CAMERA),
      );
      assert(score > 60, `PSNR ${score}`);
    });
  },
);

splatLibraryDeviceTest(
  "exportSplats() states the frame in a PLY unless it is transformed, and says so elsewhere",
  async (device) => {
    await withFolder(async (folder) => {
      using gaussians = someGaussians(device, 0);
      const frame = { origin: [1000, 2000, 0] as const, scale: 2 };
      gaussians.frame = frame;
      const [ply, splat] = [join(folder, "a.ply"), join(folder, "a.splat")];
      for (const options of [{}, { minOpacity: 0.5 }]) {
        await exportSplats(gaussians, ply, options);
        using loaded = await loadPly(device, ply);
        assertEquals(loaded.frame, { ...frame, origin: [...frame.origin] });
      }
      await exportSplats(gaussians, ply, { transform: [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0] });
      using moved = await loadPly(device, ply);
      assertEquals(moved.frame, CAPTURE_FRAME);
      const notices: string[] = [];
      await exportSplats(gaussians, splat, { onNotice: (notice) => notices.push(notice) });
      assertEquals(notices.filter((notice) => notice.includes("model's frame")).length, 1);
    });
  },
);

splatLibraryDeviceTest("exportSplats() decimates to a count or a share, which looks alike", async (device) => {
  await withFolder(async (folder) => {
    using gaussians = someGaussians(device, 0);
    for (const [decimate, expected] of [[100, 100], [0.5, COUNT / 2], [10 * COUNT, COUNT]]) {
      const path = join(folder, "few.ply");
      assertEquals((await exportSplats(gaussians, path, { decimate })).count, expected);
      using few = await loadPly(device, path);
      assertEquals([few.count, few.antialiasing], [expected, true]);
    }
  });
});

splatLibraryDeviceTest("exportSplats() ends when its signal fires, and leaves an earlier file", async (device) => {
  await withFolder(async (folder) => {
    using gaussians = someGaussians(device, 3);
    const path = join(folder, "scene.spz");
    await Deno.writeTextFile(path, "earlier");
    const controller = new AbortController();
    const { signal } = controller;
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await assertRejects(() => exportSplats(gaussians, path, { signal }), Error, "enough");
    assertEquals(await Deno.readTextFile(path), "earlier");
    assertLess((await Array.fromAsync(Deno.readDir(folder))).length, 2);
  });
});
