// Running a command of COLMAP, which a script stands for.

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { Colmap, ColmapFailure } from "../../cli/convert/colmap.ts";

/** Runs `body` in a folder with a program that states a version, and otherwise does what `script` says. */
async function withProgram(script: string, body: (folder: string, colmap: Colmap) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_colmap_" });
  try {
    const program = join(folder, "colmap");
    const text = `#!/bin/sh\nif [ "$1" = help ]; then echo "COLMAP 3.8"; exit; fi\ncd "${folder}"\n${script}\n`;
    await Deno.writeTextFile(program, text, { mode: 0o755 });
    await body(folder, await Colmap.open(program));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Colmap.run() ends COLMAP when the log cannot be written, and its error names the log", () =>
  withProgram('echo $$ > pid; echo "a line"; echo "another" >&2; exec sleep 600', async (folder, colmap) => {
    const logPath = join(folder, "colmap.log");
    using log = await Deno.open(logPath, { append: true, create: true });
    const write = log.write.bind(log);
    log.write = (bytes) => {
      if (new TextDecoder().decode(bytes).startsWith("$ ")) return write(bytes);
      return Promise.reject(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
    };
    const { signal } = new AbortController();
    const error = await assertRejects(() => colmap.run("mapper", ["--a", "b"], { log, logPath, signal }), Error);
    assertEquals(error instanceof ColmapFailure, false);
    assertStringIncludes(error.message, `No space left on device, cannot write ${logPath}: `);
    assertStringIncludes(error.message, "Free some space, or choose another disk");
    assertEquals(await Deno.readTextFile(logPath), "$ colmap mapper --a b\n");
    const pid = Number(await Deno.readTextFile(join(folder, "pid")));
    assertThrows(() => Deno.kill(pid, "SIGCONT"), Error, undefined, "COLMAP has ended");
  }));

Deno.test("Colmap.run() rejects with the last lines when COLMAP fails, and has them in the log", () =>
  withProgram('for i in 1 2 3 4 5 6 7 8 9; do echo "line $i"; done; exit 4', async (folder, colmap) => {
    const logPath = join(folder, "colmap.log");
    using log = await Deno.open(logPath, { append: true, create: true });
    const { signal } = new AbortController();
    const error = await assertRejects(() => colmap.run("mapper", [], { log, logPath, signal }), ColmapFailure);
    assertStringIncludes(error.message, `ended with exit code 4. The last lines of ${logPath}:\n  line 2\n`);
    assertEquals((await Deno.readTextFile(logPath)).split("\n").length, 11);
  }));
