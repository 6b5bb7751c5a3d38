// Wrong, stale, closed and foreign handles give a status; parents and busy handles may be closed at any time.
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { Struct } from "../../ffi/struct.ts";
import { SYMBOLS } from "../../ffi/symbols.ts";
import { testBackend } from "../support/device.ts";
import { headerFunctions } from "./header.ts";
import { abiTest, call, FUNCTIONS, type Kind, must } from "./call.ts";
import { longRun, World } from "./world.ts";

/** Functions with their handle parameters: [function, parameter, kind]. */
const HANDLE_PARAMETERS = FUNCTIONS.flatMap((name) =>
  headerFunctions.get(name)!.parameters.flatMap((parameter) =>
    parameter.handle ? [[name, parameter.name, parameter.handle.slice("tame_".length) as Kind] as const] : []
  )
);

abiTest("every function rejects a handle that is NULL, foreign or of another kind", async () => {
  await using world = await World.open();
  for (const [name, parameter, kind] of HANDLE_PARAMETERS) {
    const own = Deno.UnsafePointer.value(world.pointer(kind));
    const wrong: Deno.PointerValue[] = [
      null,
      ...[1n, 8n, own + 1n, own - 1n, own ^ (1n << 20n), 0x7fff_0000_1000n].map(
        (address) => Deno.UnsafePointer.create(address),
      ),
    ];
    for (const other of world.items.values()) if (other.kind !== kind) wrong.push(other.pointer);
    for (const pointer of wrong) {
      const { status, message } = await call(name, { ...world.arguments(name), [parameter]: pointer });
      assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${parameter}`);
      assert(message.includes("handle"), `${name}: ${message}`);
    }
  }
});

abiTest("every function rejects a closed handle, also after its slot is reused", async () => {
  await using world = await World.open();
  const stale = new Map<Kind, Deno.PointerValue>();
  for (const kind of ["gaussians", "views", "rasterization", "lpips", "device"] as const) {
    const create = FUNCTIONS.find((name) => name === `tame_${kind}_create`) ??
      (kind === "device" ? "tame_device_open" : "tame_rasterize_forward");
    const pointer = await must(create, world.arguments(create));
    await must(`tame_${kind}_close`, { [kind]: pointer });
    const next = await must(create, world.arguments(create));
    assertNotEquals(Deno.UnsafePointer.value(next), Deno.UnsafePointer.value(pointer));
    await must(`tame_${kind}_close`, { [kind]: next });
    stale.set(kind, pointer);
  }
  await must("tame_trainer_close", { trainer: world.pointer("trainer") });
  stale.set("trainer", world.pointer("trainer"));
  for (const [name, parameter, kind] of HANDLE_PARAMETERS) {
    const { status } = await call(name, { ...world.arguments(name), [parameter]: stale.get(kind)! });
    assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${parameter}`);
  }
});

abiTest("a library rejects a handle of another library in the process", async () => {
  await using world = await World.open();
  const { path } = await openLibrary(testBackend);
  const copy = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.copyFile(path, copy);
  const other = Deno.dlopen(copy, SYMBOLS);
  const error = new Struct("tame_error");
  assertEquals(other.symbols.tame_device_synchronize(world.pointer("device"), error.bytes), ABI.INVALID_ARGUMENT);
  await Deno.remove(copy);
});

abiTest("tame_device_close() keeps open children alive", async () => {
  await using world = await World.open();
  await must("tame_device_close", { device: world.pointer("device") });
  await must("tame_render", world.arguments("tame_render"));
  await must("tame_gaussians_close", { gaussians: world.trained });
  await must("tame_views_close", { views: world.pointer("views") });
  await must("tame_trainer_run", world.arguments("tame_trainer_run"));
});

abiTest("closing a busy handle takes effect when the running call has ended", async () => {
  await using world = await World.open();
  const stop = await longRun(world);
  for (const kind of ["trainer", "views", "rasterization", "lpips", "gaussians"] as const) {
    await must(`tame_${kind}_close`, { [kind]: world.pointer(kind) });
  }
  await must("tame_gaussians_close", { gaussians: world.trained });
  assertEquals((await stop()).status, ABI.CANCELLED);
  const memory = new Struct("tame_memory");
  await must("tame_device_memory", {
    device: world.pointer("device"),
    reset_peak: 0,
    memory: memory.bytes,
    memory_bytes: memory.bytes.length,
  });
  for (const purpose of [ABI.PURPOSE_PARAMETERS, ABI.PURPOSE_OPTIMIZER, ABI.PURPOSE_PHOTOS]) {
    assertEquals(memory.number("live_by_purpose", purpose), 0, `purpose ${purpose}`);
  }
});

abiTest("Gaussians reject changes and a second trainer while a trainer lives on them", async () => {
  await using world = await World.open();
  for (const name of ["tame_gaussians_resize", "tame_gaussians_upload", "tame_trainer_create"] as const) {
    const { status, message } = await call(name, { ...world.arguments(name), gaussians: world.trained });
    assertEquals(status, ABI.BUSY, name);
    assertStringIncludes(message, "trainer lives on these Gaussians");
  }
  await must("tame_render", { ...world.arguments("tame_render"), gaussians: world.trained });
  await must("tame_trainer_close", { trainer: world.pointer("trainer") });
  await must("tame_gaussians_resize", { gaussians: world.trained, count: 1 });
});

abiTest("tame_trainer_create() rejects views of another device", async () => {
  await using world = await World.open();
  await using other = await World.open();
  const args = { ...world.arguments("tame_trainer_create"), views: other.pointer("views") };
  const { status, message } = await call("tame_trainer_create", args);
  assertEquals(status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(message, "different devices");
});
