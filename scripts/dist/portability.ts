// What a native library needs of the Linux that opens it: versions of glibc, and other libraries.

/** The needs of a library. */
export interface SystemNeeds {
  /** The newest version of glibc that a symbol names, such as `2.31`. */
  glibc: string;
  /** Libraries that are no part of glibc. */
  others: string[];
}

/** The libraries of glibc, and its loader. */
const GLIBC = /^(?:lib(?:c|m|dl|pthread|rt)\.so\.\d+|ld-linux.*\.so\.\d+)$/;

/**
 * Reads the needs of a library, with binutils' readelf, for any processor.
 *
 * @throws {Error} When the file is no library, or needs what has no version
 */
export async function systemNeeds(path: string): Promise<SystemNeeds> {
  const command = new Deno.Command("readelf", { args: ["-W", "-d", "-V", path], env: { LC_ALL: "C" } });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout);
  const needed = [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, library]) => library);
  if (!success || needed.length === 0) {
    throw new Error(`${path} is no native library: ${new TextDecoder().decode(stderr).trim() || "it needs nothing"}`);
  }
  // Names such as GLIBC_ABI_DT_RELR and GLIBC_PRIVATE state no version.
  const names = [...text.matchAll(/Name: GLIBC_(\S+)/g)].map(([, name]) => name);
  const odd = names.find((name) => !/^\d+(?:\.\d+)+$/.test(name));
  if (odd !== undefined) throw new Error(`${path} needs GLIBC_${odd}, which some systems of any version lack`);
  return {
    glibc: names.reduce((newest, name) => (isNewer(name, newest) ? name : newest), "2.0"),
    others: needed.filter((library) => !GLIBC.test(library)),
  };
}

/**
 * Checks that a library needs nothing but glibc, and no newer one than a limit.
 *
 * @throws {Error} When it needs more; the message has what
 */
export function checkPortable(path: string, { glibc, others }: SystemNeeds, limit: string): void {
  if (others.length > 0) {
    throw new Error(
      `${path} needs ${others.join(", ")}, which not every system has: compile it with \`make portable\``,
    );
  }
  if (isNewer(glibc, limit)) {
    throw new Error(
      `${path} needs glibc ${glibc}, newer than ${limit}: compile it on an older system, with scripts/release/libraries`,
    );
  }
}

/** Whether a version is newer than another, number by number. */
function isNewer(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number));
  const at = a.findIndex((number, index) => number !== (b[index] ?? 0));
  return at >= 0 && a[at] > (b[at] ?? 0);
}
