// Compilers of this machine, for tests that compile.

/** Name of a C++ compiler; undefined where there is none. */
export const cppCompiler: string | undefined = await firstThatRuns([Deno.env.get("CXX") ?? "g++"]);

/** Name of a C compiler; undefined where there is none. */
export const compiler: string | undefined = await firstThatRuns(["cc", "gcc", "g++"]);

/** The first of some programs that is there; undefined if none is. */
export async function firstThatRuns(names: string[]): Promise<string | undefined> {
  for (const name of names) {
    try {
      await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
      return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
