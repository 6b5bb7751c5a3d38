// Chooses the library that opens a device, and states the reason in one line.

import { environment } from "../base/environment.ts";
import { deviceName, findDevice, type Finding } from "./device_info.ts";
import { LibraryError } from "./errors.ts";
import { type Backend, type Library, openFile, openLibrary, searchLibrary } from "./library.ts";

/** The device that the caller of `openDevice` requested. */
export interface DeviceRequest {
  /** The backend, or "auto". */
  backend: "auto" | Backend;
  /** Index of the device. */
  index: number;
  /** Path of the library. Default: found by backend. */
  library?: string | URL;
}

/** The library to use. */
export interface Choice {
  /** The opened library. */
  library: Library;
  /** What it reports about the device. */
  finding: Finding;
  /** One line: what was chosen and why. */
  reason: string;
}

/**
 * Chooses the requested backend; with "auto" the named library if there is one, else CUDA if it has code for the
 * device, else the CPU.
 */
export async function choose(request: DeviceRequest): Promise<Choice> {
  const { backend, index } = request;
  const named = request.library ?? environment("TAME_LIBRARY");
  if (backend !== "auto") {
    const library = await openLibrary(backend, named);
    return await choiceOf(library, index, `backend ${backend} was requested`);
  }
  if (named !== undefined) {
    const library = openFile(await searchLibrary("cuda", named));
    return await choiceOf(library, index, `library ${library.path} was named`);
  }
  const cuda = await cudaOrProblem(index);
  if (typeof cuda !== "string") return cuda;
  return await choiceOf(await cpuAfter(cuda), index, `no usable GPU (${cuda})`);
}

async function choiceOf(library: Library, index: number, why: string): Promise<Choice> {
  const finding = await findDevice(library, index);
  return { library, finding, reason: `${describe(library, finding)}: ${why}` };
}

async function cudaOrProblem(index: number): Promise<Choice | string> {
  try {
    const choice = await choiceOf(await openLibrary("cuda"), index, "this build has code for it");
    return choice.finding.problem ?? choice;
  } catch (error) {
    if (error instanceof LibraryError) return error.brief;
    throw error;
  }
}

async function cpuAfter(cudaProblem: string): Promise<Library> {
  try {
    return await openLibrary("cpu");
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    throw new LibraryError(`${error.message}. The CUDA library was tried first: ${cudaProblem}`, { cause: error });
  }
}

function describe({ build: { backend } }: Library, { info, problem }: Finding): string {
  return info === undefined || problem !== undefined ? backend : `${backend}, ${deviceName(info)}`;
}
