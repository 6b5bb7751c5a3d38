// Every instruction-set level of the CPU backend is held to the oracle: the other suites run the best one this machine
// has, this one runs them again with the lowest.
import { assert } from "@std/assert";
import { libraryMissing, testBackend } from "../support/device.ts";

Deno.test({
  name: "rasterize() meets the oracle's bounds when TAME_SIMD is baseline",
  ignore: libraryMissing !== undefined || testBackend !== "cpu",
  async fn() {
    const suites = ["benign_test.ts", "hostile_test.ts", "metrics_test.ts"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--allow-ffi", "--allow-read", "--allow-env", ...suites],
      cwd: new URL(".", import.meta.url),
      env: { TAME_SIMD: "baseline", NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assert(success, text.decode(stdout) + text.decode(stderr));
  },
});
