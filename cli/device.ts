// Opens the device that the options select.

import { libraryOptions } from "../base/option.ts";
import { type Device, type DeviceOptions, openDevice } from "../ffi/device.ts";
import { DEVICE_ROWS } from "../ffi/option_table.ts";
import type { OptionValues } from "./option.ts";
import type { COMPUTE_ROWS } from "./options/common_rows.ts";
import { namedLibrary } from "./paths.ts";
import type { Reporter } from "./progress.ts";

/** Values of the device options. */
export type DeviceValues = OptionValues<[{ title: string; rows: typeof COMPUTE_ROWS }]>;

/** The library's device options. */
export function deviceOptions(values: DeviceValues & { seed?: number }): DeviceOptions {
  return { ...libraryOptions(DEVICE_ROWS, values), library: namedLibrary() };
}

/** Opens the device and reports what was chosen and why. */
export async function openChosenDevice(values: DeviceValues & { seed?: number }, reporter: Reporter): Promise<Device> {
  const device = await openDevice(deviceOptions(values));
  reporter.note(device.reason);
  return device;
}

/** The same while something else loads. If both fail, throws the device's error. Closes the device on failure. */
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
