// Results that must be bit-identical on both backends: uploads, downloads and nearest neighbours.
import { assert, assertEquals } from "@std/assert";
import { type GaussianField, Gaussians } from "../../ffi/gaussians.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { assertSameBits } from "../raster/compare.ts";
import { Random } from "../reference/random.ts";
import { benignScene } from "../reference/scenes.ts";
import { pairTest } from "./devices.ts";

const FIELDS: GaussianField[] = ["means", "shDc", "shRest", "opacities", "logScales", "quats", "sh"];

for (const shDegree of [0, 1, 2, 3]) {
  pairTest(`Gaussians hold the same bits on both backends when SH degree is ${shDegree}`, ({ gpu, cpu }) => {
    const { splats } = benignScene({ seed: 700 + shDegree, count: 333, shDegree });
    using ours = Gaussians.fromArrays(gpu, splats);
    using theirs = Gaussians.fromArrays(cpu, splats);
    for (const field of FIELDS) {
      assertSameBits(ours.download(field), theirs.download(field), field);
      const part = { offset: 31, count: 65 };
      assertSameBits(ours.download(field, part), theirs.download(field, part), `rows of ${field}`);
    }
    assertSameBits(ours.plyRows(0, 333), theirs.plyRows(0, 333), "PLY rows");
    assertSameBits(ours.plyRows(7, 100), theirs.plyRows(7, 100), "some PLY rows");
  });
}

pairTest("Gaussians.upload() changes the same rows on both backends when it has an offset", ({ gpu, cpu }) => {
  const random = new Random(711);
  const [ours, theirs] = [gpu, cpu].map((device) =>
    Gaussians.create(device, { capacity: 100, shDegree: 1, count: 90 })
  );
  using _ours = ours;
  using _theirs = theirs;
  for (const field of FIELDS) {
    const width = ours.download(field, { count: 1 }).length;
    const rows = Float32Array.from(random.normals(40 * width));
    for (const gaussians of [ours, theirs]) gaussians.upload(field, rows, 17);
  }
  for (const gaussians of [ours, theirs]) {
    gaussians.resize(50);
    gaussians.resize(100);
  }
  assertSameBits(ours.plyRows(0, 100), theirs.plyRows(0, 100), "PLY rows");
});

pairTest("Gaussians are read and written in chunks when there are more rows than one chunk has", ({ gpu, cpu }) => {
  const count = 70_001;
  const random = new Random(712);
  const quats = Float32Array.from({ length: 4 * count }, () => random.uniform());
  const [ours, theirs] = [gpu, cpu].map((device) => {
    using gaussians = Gaussians.create(device, { capacity: count, shDegree: 0, count });
    gaussians.upload("quats", quats);
    return { quats: gaussians.download("quats"), rows: gaussians.plyRows(65_530, 12) };
  });
  assertSameBits(ours.quats, quats, "quats");
  assertSameBits(ours.rows, theirs.rows, "PLY rows");
});

pairTest("Gaussians.countNonFinite() and finitePlyRows() agree on both backends", async ({ gpu, cpu }) => {
  const count = 70_001;
  const random = new Random(713);
  const values = [NaN, Infinity, -Infinity];
  const means = Float32Array.from({ length: 3 * count }, (_, i) => i % 1009 < 3 ? values[i % 3] : random.normal());
  const [ours, theirs] = [gpu, cpu].map((device) => {
    const gaussians = Gaussians.create(device, { capacity: count + 100, shDegree: 3, count });
    gaussians.upload("means", means);
    return gaussians;
  });
  using _ours = ours;
  using _theirs = theirs;
  const expected = Array.from({ length: count }, (_, i) =>
    means.subarray(3 * i, 3 * i + 3)).filter((mean) =>
      !mean.every(Number.isFinite)
    ).length;
  assertEquals([await ours.countNonFinite(), await theirs.countNonFinite()], [expected, expected]);
  assertSameBits(await ours.finitePlyRows(5, 69_000), await theirs.finitePlyRows(5, 69_000), "PLY rows");
});

for (const neighbours of [1, 3, 16]) {
  pairTest(`meanDist2() gives the same bits on both backends when it averages over ${neighbours}`, async (pair) => {
    for (const [name, points] of Object.entries(clouds())) {
      const [ours, theirs] = [
        await meanDist2(pair.gpu, points, { neighbours }),
        await meanDist2(pair.cpu, points, { neighbours }),
      ];
      assertSameBits(ours, theirs, name);
      for (const batch of [1, 100, 100_000]) {
        if (batch === 1 && points.length > 300) continue;
        assertSameBits(
          await meanDist2(pair.gpu, points, { neighbours, batch }),
          theirs,
          `${name} in batches of ${batch}`,
        );
      }
    }
  });
}

pairTest("meanDist2() gives the same bits on both backends when there are 200 000 points", async ({ gpu, cpu }) => {
  const random = new Random(731);
  const points = Float32Array.from({ length: 600_000 }, (_, i) => random.normal() * (i % 3 === 2 ? 0.1 : 10));
  const expected = await meanDist2(cpu, points);
  assert(expected.some((value) => value > 0));
  assertSameBits(await meanDist2(gpu, points), expected, "all at once");
  assertSameBits(await meanDist2(gpu, points, { batch: 50_000 }), expected, "in batches");
});

pairTest("meanDist2() is 0 or empty on both backends when there are no neighbours", async ({ gpu, cpu }) => {
  for (const device of [gpu, cpu]) {
    assertEquals((await meanDist2(device, new Float32Array(0))).length, 0);
    assertEquals([...await meanDist2(device, new Float32Array([1, 2, 3]))], [0]);
  }
});

function clouds(): Record<string, Float32Array> {
  const random = new Random(721);
  const cloud = (count: number, point: (i: number) => number[]): Float32Array =>
    Float32Array.from(Array.from({ length: count }, (_, i) => point(i)).flat());
  return {
    "two points": Float32Array.of(0, 0, 0, 1, 2, 2),
    "fewer than the neighbours": cloud(3, () => random.normals(3)),
    "uniform": cloud(3001, () => random.normals(3).map(Math.tanh)),
    "far away": cloud(1000, () => [1000 + random.normal(), -3000 + random.normal(), random.normal()]),
    "duplicates": cloud(1500, () => [0, 1, 2].map(() => Math.floor(random.uniform(0, 5)))),
    "all in one place": cloud(200, () => [1, 2, 3]),
    "on a line": cloud(1000, (i) => [i / 7, 2 * i, -i]),
    "one outlier": cloud(1100, (i) => i === 0 ? [1e6, 1e6, 1e6] : random.normals(3)),
  };
}
