// Values that are not finite: how many Gaussians have one, and the rows of a PLY without them.
import { assertEquals } from "@std/assert";
import { type GaussianField, Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Trainer } from "../../ffi/trainer.ts";
import { makeViews } from "../gpu/training.ts";
import { twoSided } from "../densify/world.ts";
import { assertSameBits } from "../raster/compare.ts";
import { benignScene } from "../reference/scenes.ts";
import { deviceTest } from "../support/device.ts";

/** More than one block of any backend, and not a multiple of one. */
const COUNT = 9001;
const BAD: readonly [GaussianField, number, number][] = [
  ["means", 0, NaN],
  ["means", 1, Infinity],
  ["shDc", 4095, -Infinity],
  ["shRest", 4096, NaN],
  ["opacities", 4096, NaN], // a row counts once
  ["opacities", 5000, Infinity],
  ["logScales", 8999, -Infinity],
  ["quats", COUNT - 1, NaN],
];
const BAD_ROWS = [...new Set(BAD.map(([, row]) => row))];

function someSplats(): SplatArrays {
  return benignScene({ seed: 41, count: COUNT, shDegree: 1 }).splats;
}

/** Makes the last value of a row of a field another one. */
function spoil(gaussians: Gaussians, field: GaussianField, row: number, value: number): void {
  const values = gaussians.download(field, { offset: row, count: 1 });
  values[values.length - 1] = value;
  gaussians.upload(field, values, row);
}

deviceTest("Gaussians.countNonFinite() counts the rows with any value that is not finite", async (device) => {
  using gaussians = Gaussians.fromArrays(device, someSplats());
  assertEquals(await gaussians.countNonFinite(), 0);
  const spoilt = new Set<number>();
  for (const [field, row, value] of BAD) {
    spoil(gaussians, field, row, value);
    assertEquals(await gaussians.countNonFinite(), spoilt.add(row).size, `${field} ${row}`);
  }
  gaussians.resize(COUNT - 1); // rows past the end do not count
  assertEquals(await gaussians.countNonFinite(), BAD_ROWS.length - 1);
  gaussians.resize(0);
  assertEquals(await gaussians.countNonFinite(), 0);
  assertEquals((await gaussians.finitePlyRows(0, 0)).length, 0);
});

deviceTest("Gaussians.countNonFinite() takes the largest finite values as finite", async (device) => {
  using gaussians = Gaussians.create(device, { capacity: 2, shDegree: 0, count: 2 });
  const most = Math.fround(3.4028234e38);
  gaussians.upload("means", new Float32Array([most, -most, 1e-45, 0, -0, 1]));
  assertEquals(await gaussians.countNonFinite(), 0);
});

deviceTest("Gaussians.finitePlyRows() leaves out the rows that are not finite, and moves no other", async (device) => {
  using gaussians = Gaussians.fromArrays(device, someSplats());
  const all = gaussians.plyRows(0, COUNT);
  const width = all.length / COUNT;
  assertSameBits(await gaussians.finitePlyRows(0, COUNT), all, "all finite");
  for (const [field, row, value] of BAD) spoil(gaussians, field, row, value);
  for (const [offset, rows] of [[0, COUNT], [4000, 200], [1, 1], [2, 4093]]) {
    const kept = Array.from({ length: rows }, (_, i) => offset + i).filter((row) => !BAD_ROWS.includes(row));
    const expected = Float32Array.from(kept.flatMap((row) => [...all.subarray(row * width, (row + 1) * width)]));
    assertSameBits(await gaussians.finitePlyRows(offset, rows), expected, `${rows} rows from ${offset}`);
  }
});

deviceTest("Gaussians.finitePlyRows() leaves out opacities that are NaN while they are linear", async (device) => {
  const { splats, photos } = twoSided(6);
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views);
  trainer.setOpacityMode("linear");
  const before = gaussians.plyRows(0, 6);
  const width = before.length / 6;
  await trainer.columns.compute("index", "0 * opacities");
  await trainer.columns.select("third", "index", { count: 3 });
  await trainer.columns.compute("opacities", "0 / 0", { rows: "third" });
  assertEquals(await gaussians.countNonFinite(), 3);
  assertSameBits(await gaussians.finitePlyRows(0, 6), before.subarray(3 * width), "the rest");
});

deviceTest("Trainer.countNonFinite() counts the optimiser's values too", async (device) => {
  const { splats, photos } = twoSided(40);
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
  assertEquals(await trainer.countNonFinite(), 0);
  const columns = trainer.state.columns();
  for (
    const [i, [column, value]] of [["means", NaN], ["quats_m", NaN], ["opacities_v", Infinity], ["sh_rest_sum", NaN]]
      .entries() as ArrayIterator<[number, [string, number]]>
  ) {
    const { values } = columns.find(({ name }) => name === column)!;
    const data = new Uint8Array(new Float32Array(values).fill(value).buffer);
    await trainer.state.import({ column, offset: 7 * i + 5, data });
    assertEquals(await trainer.countNonFinite(), i + 1, column);
  }
  assertEquals(await gaussians.countNonFinite(), 1); // of its own parameters
});
