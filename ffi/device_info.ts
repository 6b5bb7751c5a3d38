// Lists the libraries and devices of this machine.

import { environment } from "../base/environment.ts";
import { ABI } from "./abi.ts";
import { errorFrom, LibraryError, TameError } from "./errors.ts";
import { type Backend, type BuildInfo, type Library, openFile, searchLibrary } from "./library.ts";
import { Struct } from "./struct.ts";

/** What is known about a device. */
export interface DeviceInfo {
  /** Index of the device in its backend. */
  index: number;
  /** Name of the processor. */
  name: string;
  /** Whether the library has code for it. */
  hasCode: boolean;
  /** Targets in the library whose code runs on it. */
  targets: string;
  /** 10 · major + minor; 0 on the CPU backend. */
  computeCapability: number;
  /** As the driver states it (13000 is 13.0); 0 on the CPU backend. */
  driverVersion: number;
  /** Hardware threads of a CPU, multiprocessors of a GPU. */
  threads: number;
  /** Bytes of memory. */
  memoryTotal: number;
  /** Bytes of memory that were free at the time of the call. */
  memoryFree: number;
}

/** A library that was looked for, and what it offers. */
export interface LibraryReport {
  /** The backend that was looked for. */
  backend: Backend;
  /** Where the library is; absent when there is none. */
  path?: string;
  /** What the library says about itself. */
  build?: BuildInfo;
  /** Its devices, including those for which the library has no code. */
  devices: DeviceInfo[];
  /** Why no library or no device can be used. */
  problem?: string;
}

/**
 * Looks for both libraries and lists their devices. If a library is named (or `TAME_LIBRARY` is set), only that one.
 *
 * @example
 * ```ts
 * import { listDevices } from "./device.ts";
 *
 * for (const { backend, devices, problem } of await listDevices()) {
 *   console.log(backend, problem ?? devices.map((device) => device.name));
 * }
 * ```
 */
export async function listDevices(options: { library?: string | URL } = {}): Promise<LibraryReport[]> {
  const named = options.library ?? environment("TAME_LIBRARY");
  const backends: Backend[] = named === undefined ? ["cuda", "cpu"] : ["cuda"];
  return await Promise.all(backends.map((backend) => report(backend, named)));
}

async function report(backend: Backend, named: string | URL | undefined): Promise<LibraryReport> {
  try {
    const library = openFile(await searchLibrary(backend, named));
    // Without a device, the query of the first one returns the reason.
    const count = Math.max(1, deviceCount(library));
    const findings = await Promise.all(Array.from({ length: count }, (_, index) => findDevice(library, index)));
    const devices = findings.flatMap(({ info }) => info ?? []);
    const problem = findings.some((finding) => finding.problem === undefined) ? undefined : findings[0].problem;
    return { backend: library.build.backend, path: library.path, build: library.build, devices, problem };
  } catch (error) {
    if (error instanceof LibraryError || error instanceof TameError) {
      return { backend, devices: [], problem: error.message };
    }
    throw error;
  }
}

/** Number of devices that a library finds. */
function deviceCount(library: Library): number {
  const count = new Uint32Array(1);
  const error = new Struct("tame_error");
  if (library.symbols.tame_device_count(count, 1, error.bytes) !== ABI.OK) throw errorFrom(error);
  return count[0];
}

/** What a library knows about one of its devices. */
export async function deviceInfo(library: Library, index: number): Promise<DeviceInfo> {
  const info = new Struct("tame_device_info");
  const error = new Struct("tame_error");
  const status = await library.symbols.tame_device_get_info(index, info.bytes, info.bytes.length, error.bytes);
  if (status !== ABI.OK) throw errorFrom(error);
  return {
    index,
    name: info.text("name"),
    hasCode: info.number("has_code") === 1,
    targets: info.text("targets"),
    computeCapability: info.number("compute_capability"),
    driverVersion: info.number("driver_version"),
    threads: info.number("threads"),
    memoryTotal: info.number("memory_total"),
    memoryFree: info.number("memory_free"),
  };
}

/** Result of a query of one device. */
export interface Finding {
  /** What is known about it; absent when the query failed. */
  info?: DeviceInfo;
  /** Why it cannot be used; absent when it can. */
  problem?: string;
}

/** Queries one of a library's devices. */
export async function findDevice(library: Library, index: number): Promise<Finding> {
  try {
    const info = await deviceInfo(library, index);
    if (info.hasCode) return { info };
    const targets = library.build.targets.join(", ");
    return { info, problem: `${info.name} (${architecture(info)}) has no code in this build (${targets})` };
  } catch (error) {
    if (error instanceof TameError) return { problem: error.message };
    throw error;
  }
}

/** Name of a device: "NVIDIA H100 (sm_90)". */
export function deviceName(info: DeviceInfo): string {
  return info.computeCapability === 0 ? info.name : `${info.name} (${architecture(info)})`;
}

function architecture(info: DeviceInfo): string {
  return `sm_${info.computeCapability}`;
}
