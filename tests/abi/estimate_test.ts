// tame_estimate_memory: its results, and the queries that it rejects.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ABI, type STRUCTS } from "../../ffi/abi.ts";
import { Struct } from "../../ffi/struct.ts";
import { abiTest, call, must, withLengths } from "./call.ts";

const EXACT = [ABI.PURPOSE_PARAMETERS, ABI.PURPOSE_OPTIMIZER, ABI.PURPOSE_STATISTICS, ABI.PURPOSE_GRADIENTS];

type Query = Partial<Record<keyof typeof STRUCTS["tame_memory_query"], number>>;

/** The bytes by purpose, and which of them are exact. */
async function estimate(query: Query): Promise<{ bytes: number[]; exact: number }> {
  const out = new Struct("tame_memory_estimate");
  await must("tame_estimate_memory", arguments_(query, out));
  return { bytes: Array.from({ length: ABI.PURPOSES }, (_, i) => out.number("bytes", i)), exact: out.number("exact") };
}

function arguments_(query: Query, out = new Struct("tame_memory_estimate")) {
  const native = new Struct("tame_memory_query");
  for (const [name, value] of Object.entries(query)) native.set(name as keyof Query, value);
  return withLengths("tame_estimate_memory", { query: native.bytes, estimate: out.bytes });
}

abiTest("tame_estimate_memory() reports which purposes are exact, and does not include photos", async () => {
  const { bytes, exact } = await estimate({ capacity: 1024, sh_degree: 3, width: 64, height: 48 });
  assertEquals(exact, EXACT.reduce<number>((bits, purpose) => bits | 1 << purpose, 0));
  assertEquals(EXACT.map((purpose) => bytes[purpose]), [1024 * 59 * 4, 1024 * 2 * 59 * 4, 1024 * 12, 0]);
  assertEquals(bytes[ABI.PURPOSE_PHOTOS], 0);
});

abiTest("tame_estimate_memory() adds memory for the flags", async () => {
  const query = { capacity: 1024, sh_degree: 3, width: 640, height: 480 };
  const plain = (await estimate(query)).bytes;
  const sums = (await estimate({ ...query, state: ABI.STATE_SH_SUMS })).bytes;
  assertEquals(sums[ABI.PURPOSE_OPTIMIZER] - plain[ABI.PURPOSE_OPTIMIZER], 1024 * 45 * 4);
  const eight = (await estimate({ ...query, views_per_step: 8 })).bytes; // one for the current view, three for sums
  assertEquals([plain, eight].map((bytes) => bytes[ABI.PURPOSE_GRADIENTS]), [0, 1024 * 4 * (59 + 3) * 4]);
  const gathering = (await estimate({ ...query, state: ABI.STATE_FRAGMENTS | ABI.STATE_ROW_STEPS })).bytes;
  assertEquals(gathering[ABI.PURPOSE_STATISTICS] - plain[ABI.PURPOSE_STATISTICS], 1024 * 5 * 4);
  assertEquals(gathering[ABI.PURPOSE_OPTIMIZER] - plain[ABI.PURPOSE_OPTIMIZER], 1024 * 4);
  const bounded = (await estimate({ ...query, state: ABI.STATE_SMALLEST_SCALES })).bytes;
  assertEquals(bounded[ABI.PURPOSE_OPTIMIZER] - plain[ABI.PURPOSE_OPTIMIZER], 1024 * 4);
  const scored = (await estimate({ ...query, flags: ABI.MEMORY_SCORES })).bytes;
  assertEquals(scored[ABI.PURPOSE_IMAGES] - plain[ABI.PURPOSE_IMAGES], 2 * 4 * 640 * 480);
  assert(scored[ABI.PURPOSE_OTHER] >= 12 * 4 * 1024);
});

abiTest("tame_estimate_memory() uses counted instances if they are more than usual", async () => {
  const query = { capacity: 1000, width: 64, height: 48 };
  const of = async (instances: number) => (await estimate({ ...query, instances })).bytes[ABI.PURPOSE_INSTANCES];
  assertEquals(await of(10), await of(0));
  assert(await of(10_000_000) > 20 * await of(0));
});

abiTest("tame_estimate_memory() returns numbers that fit for an absurd query", async () => {
  const most = 2 ** 32 - 1;
  const flags = ABI.MEMORY_SCORES | ABI.MEMORY_METRICS;
  const query = {
    flags,
    state: ABI.STATE_SH_SUMS | ABI.STATE_GRADIENTS,
    capacity: most,
    sh_degree: 3,
    width: most,
    height: most,
    instances: 2 ** 63,
  };
  const { bytes } = await estimate(query);
  for (const purpose of EXACT) assert(bytes[purpose] >= 12 * most, `${purpose}: ${bytes[purpose]}`);
  assert(bytes.every((value) => value < 4e18), bytes.join());
});

abiTest("tame_estimate_memory() rejects unknown flags and degrees", async () => {
  for (const [query, word] of [[{ flags: 8 }, "query.flags is 8"], [{ sh_degree: 4 }, "sh_degree"]] as const) {
    const { status, message } = await call("tame_estimate_memory", arguments_(query));
    assertEquals(status, ABI.INVALID_ARGUMENT);
    assertStringIncludes(message, word);
  }
});
