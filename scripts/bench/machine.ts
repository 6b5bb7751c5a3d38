// Describes the machine and the versions that the numbers of a benchmark depend on.

import { availableParallelism, cpus } from "node:os";
import manifest from "../../deno.json" with { type: "json" };
import type { Device } from "../../ffi/device.ts";

/** The machine and the versions that a benchmark ran on. */
export interface Machine {
  tame: string;
  deno: string;
  /** Deno's name of operating system and instruction set. */
  target: string;
  /** The processor as the operating system calls it. */
  cpu: string;
  /** Hardware threads that this process may use. */
  cores: number;
  backend: string;
  device: string;
  /** The level or architecture of the library's code that runs: "avx2 (of baseline avx2)". */
  code: string;
  /** Threads of the CPU backend. */
  threads: number;
}

/** Describes this machine and the open device; `threads` is the requested number, 0 for all. */
export function machine(device: Device, threads: number): Machine {
  return {
    tame: manifest.version,
    deno: Deno.version.deno,
    target: Deno.build.target,
    cpu: cpus()[0]?.model ?? "unknown processor",
    cores: availableParallelism(),
    backend: device.backend,
    device: device.name,
    code: device.info.targets,
    threads: threads === 0 ? device.info.threads : threads,
  };
}

/** The machine in two lines. */
export function machineLines({ cpu, cores, backend, device, code, threads, tame, deno, target }: Machine): string[] {
  const where = backend === "cpu" ? `CPU backend, ${threads} threads, ${code}` : `CUDA backend, ${device}, ${code}`;
  return [`tame ${tame}, Deno ${deno}, ${target}`, `${cpu}, ${cores} cores; ${where}`];
}
