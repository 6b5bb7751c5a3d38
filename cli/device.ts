// The device that the options ask for.

import { type Device, openDevice } from "../ffi/device.ts";
import type { OptionValues } from "./option.ts";
import type { DEVICE_ROWS } from "./options.ts";
import type { Reporter } from "./progress.ts";

/** Values of the options of every verb that computes. */
export type DeviceValues = OptionValues<[{ title: string; rows: typeof DEVICE_ROWS }]>;

/** Opens the device and says what was chosen and why. */
export async function openChosenDevice(values: DeviceValues & { seed?: number }, reporter: Reporter): Promise<Device> {
  const device = await openDevice({
    backend: values.backend as "auto" | "cuda" | "cpu",
    index: values.device,
    threads: values.threads,
    memoryLimit: values.memory_limit,
    seed: values.seed ?? 0,
  });
  reporter.note(device.reason);
  return device;
}
