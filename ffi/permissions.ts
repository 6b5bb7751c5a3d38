// The command of a program that lacks one of Deno's permissions.

import { fileURLToPath } from "node:url";
import { quote } from "../base/quote.ts";
import { modulesFolder } from "./installed.ts";
import { PACKAGE_ROOT } from "./package_root.ts";

/**
 * The error for a permission that is missing.
 *
 * @param what What cannot be done
 * @param cause Deno's error
 * @param folder Folder of the native library. Default: that of the package
 * @returns An error with the whole command that has the permissions of a program that trains
 *
 * @internal
 */
export function permissionError(what: string, cause: unknown, folder?: string): Error {
  const message = `${what} without Deno's permission. Run:\n\n  ${programCommand(folder)}\n`;
  return new Deno.errors.NotCapable(message, { cause });
}

/**
 * Whether native code of a package may be loaded, such as the photo decoder, and what it reads from the environment.
 *
 * @internal
 */
export function mayLoadPackages(): boolean {
  const wanted: Deno.PermissionDescriptor[] = [{ name: "env" }, {
    name: "ffi",
    ...(isLocal() ? { path: packages() } : {}),
  }];
  return wanted.every((descriptor) => Deno.permissions.querySync(descriptor).state === "granted");
}

function isLocal(): boolean {
  return PACKAGE_ROOT.protocol === "file:";
}

/** The folder of npm packages that Deno loads the decoder from. */
function packages(): string {
  return modulesFolder() ?? inRoot("node_modules");
}

function inRoot(folder: string): string {
  return fileURLToPath(new URL(folder, PACKAGE_ROOT));
}

/** A program that reads photos, trains and writes, with all its flags. */
function programCommand(folder: string | undefined): string {
  const from = isLocal()
    ? [`--allow-ffi=${nativeFolders(folder ?? inRoot("build")).join(",")}`]
    : [`--allow-import=${PACKAGE_ROOT.host}`, `--allow-net=${PACKAGE_ROOT.host}`, "--allow-ffi"];
  const flags = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", ...from];
  return ["deno", "run", ...flags, programName()].map(quote).join(" ");
}

/** The folder of the native library, and that of the decoder unless the first is in it. */
function nativeFolders(folder: string): string[] {
  return folder.startsWith(`${packages()}/`) ? [packages()] : [folder, packages()];
}

function programName(): string {
  try {
    const main = new URL(Deno.mainModule);
    return main.protocol === "file:" ? fileURLToPath(main) : main.href;
  } catch {
    return "program.ts"; // not permitted to know
  }
}
