// Both backends in one process, for tests that compare the GPU with the CPU. TAME_TEST_PARITY=self uses the CPU library
// on both sides, to check the tests themselves without a GPU.
import { type Device, type DeviceOptions, openDevice } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";

/** The two sides of a comparison. */
export interface Pair {
  gpu: Device;
  cpu: Device;
}

type Options = Omit<DeviceOptions, "backend" | "library">;

/** Whether the CPU library replaces the GPU's. */
export const selfTest: boolean = Deno.env.get("TAME_TEST_PARITY") === "self";

/** Why the two cannot be compared here; undefined if they can. */
export const pairMissing: string | undefined = await reasonToSkip();

/** Opens a device of the GPU library (or of its replacement). */
export function openGpu(options: Options = {}): Promise<Device> {
  return openBackend(selfTest ? "cpu" : "cuda", options);
}

/** Opens a device of the CPU library. */
export function openCpu(options: Options = {}): Promise<Device> {
  return openBackend("cpu", options);
}

/**
 * Registers a test that gets both devices. It is skipped, with the reason in its name, if one is missing.
 *
 * @param name The test's name; the reason is added to it where it is skipped.
 * @param body The test.
 */
export function pairTest(name: string, body: (pair: Pair) => void | Promise<void>): void {
  register(name, async () => {
    using gpu = await openGpu();
    using cpu = await openCpu();
    await body({ gpu, cpu });
  });
}

/**
 * Registers a test that gets a device of the GPU library. It is skipped, with the reason in its name, if there is none.
 *
 * @param name The test's name; the reason is added to it where it is skipped.
 * @param body The test.
 * @param options Of the device.
 */
export function gpuTest(name: string, body: (gpu: Device) => void | Promise<void>, options: Options = {}): void {
  register(name, async () => {
    using gpu = await openGpu(options);
    await body(gpu);
  });
}

function register(name: string, fn: () => Promise<void>): void {
  const title = selfTest ? `${name} (CPU in place of the GPU)` : name;
  Deno.test({
    name: pairMissing === undefined ? title : `${title} [skipped: ${pairMissing}]`,
    ignore: pairMissing !== undefined,
    fn,
  });
}

function openBackend(backend: "cuda" | "cpu", options: Options): Promise<Device> {
  return openDevice({ ...options, backend, library: libraryFile(backend) });
}

function libraryFile(backend: "cuda" | "cpu"): URL {
  return new URL(`../../build/libtame_${backend}.so`, import.meta.url);
}

async function reasonToSkip(): Promise<string | undefined> {
  for (const backend of selfTest ? ["cpu"] as const : ["cuda", "cpu"] as const) {
    try {
      await Deno.stat(libraryFile(backend));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `no build/libtame_${backend}.so: run make build`;
    }
  }
  try {
    (await openGpu())[Symbol.dispose]();
    return undefined;
  } catch (error) {
    const noGpu = ["no device", "no kernel image", "driver too old"];
    if (error instanceof TameError && noGpu.includes(error.status)) return error.message;
    throw error;
  }
}
