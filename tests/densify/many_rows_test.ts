// Columns, selections, draws and edits of more rows than one thread takes at a time, and than are copied at once.
import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../ffi/device.ts";
import { deviceTest } from "../support/device.ts";
import { assertSameBits } from "../raster/compare.ts";
import { Random } from "../reference/random.ts";
import { open, twoSided, type World } from "./world.ts";

const COUNT = 300_000;

/** Opens a world of many Gaussians whose opacities differ; some are equal. */
function many(device: Parameters<typeof open>[0]): { made: World; logits: Float32Array } {
  const random = new Random(16);
  const splats = {
    ...twoSided(1).splats,
    means: new Float32Array(3 * COUNT).fill(1),
    logScales: new Float32Array(3 * COUNT).fill(-3),
    quats: Float32Array.from({ length: 4 * COUNT }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: Float32Array.from({ length: COUNT }, () => Math.round(20_000 * random.normal()) / 10_000),
    sh: new Float32Array(3 * COUNT),
    shDegree: 0,
  };
  const { photos } = twoSided(1);
  return { made: open(device, { splats, photos, capacity: 2 * COUNT }), logits: splats.opacities };
}

deviceTest("columns of many rows are read and written, selected and edited in their order", async (device) => {
  const { made, logits } = many(device);
  using _ = made;
  const { trainer: { columns, gaussians } } = made;
  assertSameBits(await columns.evaluate("opacities"), logits, "opacities");
  await columns.compute("means.1", "2 * opacities");
  assertSameBits(await columns.evaluate("means.1"), logits.map((x) => 2 * x), "means.1");

  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[a] - logits[b] || a - b);
  const chosen = new Float32Array(COUNT);
  for (const row of order.subarray(0, 100_001)) chosen[row] = 1;
  await columns.select("chosen", "opacities", { count: 100_001 });
  assertSameBits(await columns.evaluate("chosen"), chosen, "chosen");

  // The chosen go; of the others the fainter are copied, and the copies follow all that stay.
  await columns.compute("kind", "choose(chosen, 1, choose(opacities < 0.5, 2, 0))");
  await columns.editRows("kind", [{ operation: "keep" }, { operation: "remove" }, { operation: "copy" }], {
    iteration: 1,
    round: 0,
  });
  const stay = logits.filter((_, i) => chosen[i] === 0);
  const expected = Float32Array.from([...stay, ...stay.filter((x) => x < 0.5)]);
  assertEquals(gaussians.count, expected.length);
  assertSameBits(await columns.evaluate("opacities"), expected, "rows after the edit");
});

Deno.test("draws among many rows are the same with 1 and 3 threads, and prefer large weights", async () => {
  const drawn: Float32Array[] = [];
  for (const threads of [1, 3]) {
    using device = await openDevice({ backend: "cpu", seed: 5, threads });
    const { made } = many(device);
    using _ = made;
    const { columns } = made.trainer;
    await columns.draw("drawn", "max(opacities, 0)", { count: 90_000, stream: 1, iteration: 1, round: 0 });
    drawn.push(await columns.evaluate("drawn"));
    assertEquals(await columns.sum("drawn"), 90_000);
    assertEquals(await columns.sum("drawn & opacities <= 0"), 0);
    const [mean, all] = [
      await columns.sum("drawn * opacities") / 90_000,
      await columns.sum("max(opacities, 0)") / COUNT,
    ];
    assert(mean > 1.5 * all);
  }
  assertSameBits(drawn[0], drawn[1], "drawn");
});
