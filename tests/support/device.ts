// The device the suites run on: TAME_TEST_BACKEND names the backend (cpu unless it says cuda), and a machine that has
// no library or no GPU for it gives a reason to skip by name, never a silent pass.
import { type Device, type DeviceOptions, openDevice } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";

/** The backend under test. */
export const testBackend: "cpu" | "cuda" = chosenBackend();

/** Why no device of the backend under test can be opened here, for a test's `ignore`; undefined when one can. */
export const libraryMissing: string | undefined = await reasonToSkip();

/**
 * Opens a device of the backend under test.
 *
 * @param options What {@linkcode openDevice} takes, without the backend.
 */
export function testDevice(options: Omit<DeviceOptions, "backend"> = {}): Promise<Device> {
  return openDevice({ ...options, backend: testBackend });
}

/**
 * Registers a test that is handed an open device, and is skipped by name where there is none.
 *
 * @param name The test's name; the reason is added to it where it is skipped.
 * @param body The test.
 * @param options Of the device, as for {@linkcode testDevice}.
 * @param lacking What else is not there that the test needs. Default nothing.
 */
export function deviceTest(
  name: string,
  body: (device: Device) => void | Promise<void>,
  options: Omit<DeviceOptions, "backend"> = {},
  lacking?: string,
): void {
  const missing = libraryMissing ?? lacking;
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    async fn() {
      using device = await testDevice(options);
      await body(device);
    },
  });
}

function chosenBackend(): "cpu" | "cuda" {
  const name = Deno.env.get("TAME_TEST_BACKEND") ?? "cpu";
  if (name === "cpu" || name === "cuda") return name;
  throw new RangeError(`TAME_TEST_BACKEND must be cpu or cuda, not ${JSON.stringify(name)}`);
}

async function reasonToSkip(): Promise<string | undefined> {
  const file = `build/libtame_${testBackend}.so`;
  if (Deno.env.get("TAME_LIBRARY") === undefined && !(await exists(new URL(`../../${file}`, import.meta.url)))) {
    return `no ${file}: run make build`;
  }
  if (testBackend === "cpu") return undefined;
  try {
    (await testDevice())[Symbol.dispose]();
    return undefined;
  } catch (error) {
    const noGpu = ["no device", "no kernel image", "driver too old"];
    if (error instanceof TameError && noGpu.includes(error.status)) return error.message;
    throw error;
  }
}

async function exists(path: URL): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
