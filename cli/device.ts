// The device that the options ask for.

import { libraryOptions } from "../base/option.ts";
import { type Device, type DeviceOptions, openDevice } from "../ffi/device.ts";
import { DEVICE_ROWS } from "../ffi/option_table.ts";
import type { OptionValues } from "./option.ts";
import type { COMPUTE_ROWS } from "./options/common_rows.ts";
import { namedLibrary } from "./paths.ts";
import type { Reporter } from "./progress.ts";

/** Values of the options of every verb that computes. */
export type DeviceValues = OptionValues<[{ title: string; rows: typeof COMPUTE_ROWS }]>;

/** What the options ask of the device. */
export function deviceOptions(values: DeviceValues & { seed?: number }): DeviceOptions {
  return { ...libraryOptions(DEVICE_ROWS, values), library: namedLibrary() };
}

/** Opens the device and says what was chosen and why. */
export async function openChosenDevice(values: DeviceValues & { seed?: number }, reporter: Reporter): Promise<Device> {
  const device = await openDevice(deviceOptions(values));
  reporter.note(device.reason);
  return device;
}

/** The same while something else loads; where both fail the device's error is told, and a device is never left open. */
export async function openChosenDeviceWhile<T>(
  loading: Promise<T>,
  values: DeviceValues & { seed?: number },
  reporter: Reporter,
): Promise<[Device, T]> {
  const [opened, loaded] = await Promise.allSettled([openChosenDevice(values, reporter), loading]);
  if (opened.status === "rejected") throw opened.reason;
  if (loaded.status === "fulfilled") return [opened.value, loaded.value];
  opened.value[Symbol.dispose]();
  throw loaded.reason;
}
