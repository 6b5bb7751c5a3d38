// Which library a device is opened from, and the one line that says why.

import { environment } from "../base/environment.ts";
import { deviceName, findDevice, type Finding } from "./device_info.ts";
import { LibraryError } from "./errors.ts";
import { type Backend, type Library, openFile, openLibrary, searchLibrary } from "./library.ts";

/** What the caller of `openDevice` asked for. */
export interface Wish {
  /** The backend, or "auto". */
  backend: "auto" | Backend;
  /** Number of the device. */
  index: number;
  /** A certain library. */
  library?: string | URL;
}

/** The library to use. */
export interface Choice {
  /** The opened library. */
  library: Library;
  /** What it said about the device. */
  finding: Finding;
  /** One line: what was chosen and why. */
  reason: string;
}

/**
 * Chooses what was asked for; with "auto" the named library if one is named, else CUDA where it has code for the
 * device, else the CPU.
 */
export async function choose(wish: Wish): Promise<Choice> {
  const { backend, index } = wish;
  const named = wish.library ?? environment("TAME_LIBRARY");
  if (backend !== "auto") {
    const library = await openLibrary(backend, named);
    return await choiceOf(library, index, `backend ${backend} was asked for`);
  }
  if (named !== undefined) {
    const library = openFile(await searchLibrary("cuda", named));
    return await choiceOf(library, index, `library ${library.path} was named`);
  }
  const cuda = await cudaOrProblem(index);
  if (typeof cuda !== "string") return cuda;
  return await choiceOf(await cpuAfter(cuda), index, `no GPU to use (${cuda})`);
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
