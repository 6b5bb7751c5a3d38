// A C compiler of this machine, for tests that compile.

/** Its name; undefined where there is none. */
export const compiler: string | undefined = await firstThatRuns(["cc", "gcc", "g++"]);

async function firstThatRuns(names: string[]): Promise<string | undefined> {
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
