// Every SIMD level of the CPU backend against the oracle: the other suites run the best level of this machine, this one
// runs them again with each of the others.
import { assert } from "@std/assert";
import { listDevices } from "../../ffi/device.ts";
import { libraryMissing, testBackend } from "../support/device.ts";

for (const level of libraryMissing === undefined && testBackend === "cpu" ? await lesserLevels() : ["baseline"]) {
  Deno.test({
    name: `rasterize() meets the oracle's bounds when TAME_SIMD is ${level}`,
    ignore: libraryMissing !== undefined || testBackend !== "cpu",
    async fn() {
      const suites = ["benign_test.ts", "hostile_test.ts", "metrics_test.ts"];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--no-check", "--allow-ffi", "--allow-read", "--allow-env", ...suites],
        cwd: new URL(".", import.meta.url),
        env: { TAME_SIMD: level, NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder();
      assert(success, text.decode(stdout) + text.decode(stderr));
    },
  });
}

/** Levels that this machine supports but does not choose: "avx512 (of baseline avx2 avx512)" lists them in order. */
async function lesserLevels(): Promise<string[]> {
  const report = (await listDevices()).find(({ backend }) => backend === testBackend);
  const [, best, levels] = report?.devices[0].targets.match(/^(\S+) \(of (.*)\)$/) ?? ["", "", ""];
  return levels.split(" ").slice(0, levels.split(" ").indexOf(best));
}
