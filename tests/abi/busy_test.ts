// A device runs one call at a time: other calls give TAME_BUSY, except those that are always allowed.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { abiTest, call, FUNCTIONS, must, withLengths } from "./call.ts";
import { longRun, World } from "./world.ts";

abiTest("every function on any handle of a device gives BUSY during a run on it", async () => {
  await using world = await World.open();
  const stop = await longRun(world);
  for (const name of FUNCTIONS.filter((name) => !name.endsWith("_close") && name !== "tame_device_memory")) {
    const args = world.arguments(name);
    if (!["device", "gaussians", "views", "trainer", "rasterization", "lpips"].some((kind) => kind in args)) continue;
    const { status, message } = await call(name, args);
    assertEquals(status, ABI.BUSY, name);
    assertStringIncludes(message, "busy with another call");
  }
  assertEquals((await stop()).status, ABI.CANCELLED);
  await must("tame_device_synchronize", world.arguments("tame_device_synchronize"));
});

abiTest("tame_device_memory() and other devices work during a run", async () => {
  await using world = await World.open();
  await using other = await World.open();
  const stop = await longRun(world);
  await must("tame_device_memory", world.arguments("tame_device_memory"));
  await must("tame_psnr", other.arguments("tame_psnr"));
  assertEquals((await stop()).status, ABI.CANCELLED);
});

abiTest("tame_trainer_score() and a concurrent blocking call each give OK or BUSY", async () => {
  await using world = await World.open();
  const args = world.arguments("tame_trainer_score");
  const views = new Uint32Array(2000).map((_, i) => i % 2);
  const scoring = call("tame_trainer_score", { ...args, views, views_length: views.length });
  const meanwhile = new Set<number>();
  let over = false;
  const ended = scoring.finally(() => over = true);
  while (!over) {
    meanwhile.add((await call("tame_trainer_rank", world.arguments("tame_trainer_rank"))).status);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const { status } = await ended;
  assertEquals([...meanwhile, status].filter((value) => value !== ABI.OK && value !== ABI.BUSY), []);
});

abiTest("tame_knn_mean_dist2() and a concurrent blocking call each give OK or BUSY", async () => {
  await using world = await World.open();
  const points = Float32Array.from({ length: 30_000 }, (_, i) => Math.sin(i * i));
  const search = call(
    "tame_knn_mean_dist2",
    withLengths("tame_knn_mean_dist2", {
      device: world.pointer("device"),
      points,
      neighbours: 3,
      batch: 0,
      byte_limit: 0n,
      mean_dist2: new Float32Array(10_000),
    }),
  );
  const meanwhile = new Set<number>();
  let over = false;
  const ended = search.finally(() => over = true);
  while (!over) {
    meanwhile.add((await call("tame_psnr", world.arguments("tame_psnr"))).status);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const { status } = await ended;
  assertEquals([...meanwhile, status].filter((value) => value !== ABI.OK && value !== ABI.BUSY), []);
});
