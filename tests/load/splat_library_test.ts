// How the process of the conversion library ends when its input fails or it is aborted.

import { assertLess, assertRejects } from "@std/assert";
import { runSplatJob, type SplatJob } from "../../load/splat_library.ts";
import { splatLibraryMissing } from "../support/splat_files.ts";

const FROM_PLY: SplatJob = { input: "ply", output: "ply" };

/** A test that fails if a process is left, and is skipped by name where the library is not there. */
function libraryTest(name: string, body: () => Promise<void>): void {
  const skipped = splatLibraryMissing === undefined ? "" : ` [skipped: ${splatLibraryMissing}]`;
  Deno.test({ name: name + skipped, ignore: skipped !== "", sanitizeOps: true, sanitizeResources: true, fn: body });
}

libraryTest("the process ends when its input fails", async () => {
  function* parts(): Iterable<Uint8Array> {
    yield new TextEncoder().encode("ply\n");
    throw new Error("no more Gaussians");
  }
  await assertRejects(() => runSplatJob(FROM_PLY, { parts: parts() }), Error, "no more Gaussians");
});

libraryTest("the process ends when its signal fires before it starts", async () => {
  let sent = 0;
  function* parts(): Iterable<Uint8Array> {
    for (; sent < 2000; sent++) yield new Uint8Array(65_536);
  }
  const controller = new AbortController();
  const job = runSplatJob(FROM_PLY, { parts: parts(), signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => job, Error, "enough");
  assertLess(sent, 100);
});

libraryTest("a signal that fires after the process ended does no harm", async () => {
  const controller = new AbortController();
  async function* parts(): AsyncIterable<Uint8Array> {
    try {
      while (true) {
        yield new Uint8Array(65_536);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally { // the process reads no more
      await new Promise((resolve) => setTimeout(resolve, 200));
      controller.abort(new Error("too late"));
    }
  }
  const job = { ...FROM_PLY, path: "/missing.ply" };
  await assertRejects(() => runSplatJob(job, { parts: parts(), signal: controller.signal }), Error, "too late");
});
