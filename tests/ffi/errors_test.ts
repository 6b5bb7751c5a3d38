// Errors carry status, byte counts and advice.
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { checkCount, checkLength, errorFrom, TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Struct } from "../../ffi/struct.ts";
import { deviceTest, testDevice } from "../support/device.ts";

Deno.test("errorFrom() reads status, message and bytes when native code has failed", () => {
  const buffer = new Struct("tame_error").set("status", ABI.OUT_OF_MEMORY).set("bytes_wanted", 2 ** 40)
    .set("bytes_free", 5);
  buffer.bytes.set(new TextEncoder().encode("Zu groß"), 24);
  const error = errorFrom(buffer);
  assertInstanceOf(error, TameError);
  assertEquals([error.status, error.message, error.bytesWanted, error.bytesFree], [
    "out of memory",
    "Zu groß",
    2 ** 40,
    5,
  ]);
});

Deno.test("TameError has advice when the user can do something", () => {
  for (const status of ["out of memory", "no device", "no kernel image", "driver too old", "internal"] as const) {
    assert(new TameError(status, "Words").advice, status);
  }
  assertEquals(new TameError("invalid argument", "Words").advice, undefined);
});

Deno.test("checkCount() and checkLength() throw when a number or length is wrong", () => {
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 32]) assertThrows(() => checkCount("n", value), TameError, "n is");
  checkCount("n", 2 ** 32 - 1);
  assertThrows(() => checkLength("xs", [1], 2), TameError, "xs has 1 elements: expected 2");
});

deviceTest("Gaussians.create() throws out of memory with bytes when the limit forbids it", async () => {
  using device = await testDevice({ memoryLimit: 1 << 20 });
  const error = assertThrows(() => Gaussians.create(device, { capacity: 1e6, shDegree: 3 }), TameError);
  assertEquals(error.status, "out of memory");
  assert(error.bytesWanted > error.bytesFree && error.bytesFree <= 1 << 20);
  using _small = Gaussians.create(device, { capacity: 10, shDegree: 3 });
});

deviceTest("openDevice() throws no device when the index is too high", async () => {
  const error = await assertRejects(() => testDevice({ index: 1000 }), TameError, "index 1000");
  assertEquals(error.status, "no device");
});
