// scripts/native_format.ts: which files are checked, and that a badly formatted one fails.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { checkNativeFormat, findClangFormat, nativeSources, NO_CLANG_FORMAT } from "../../scripts/native_format.ts";
import { ROOT } from "../support/process.ts";

Deno.test("nativeSources() finds headers, kernels and the core's tests", () => {
  const sources = nativeSources();
  for (
    const path of ["cuda/tame.h", "cuda/cpu/blend.inl", "cuda/gpu/bin.cuh", "cuda/gpu/loss.cu", "tests/core/main.cpp"]
  ) {
    assert(sources.includes(path), path);
  }
});

const missing = await findClangFormat() === undefined;
const name = "checkNativeFormat() fails on a badly formatted file and names it";

Deno.test({
  name: missing ? `${name} [skipped: ${NO_CLANG_FORMAT}]` : name,
  ignore: missing,
  async fn() {
    const root = await Deno.makeTempDir({ prefix: "tame_format_" });
    try {
      await Deno.copyFile(join(ROOT, ".clang-format"), join(root, ".clang-format"));
      for (const folder of ["cuda", "tests/core", "scripts"]) await Deno.mkdir(join(root, folder), { recursive: true });
      await Deno.writeTextFile(join(root, "cuda/good.h"), "int one();\n");
      assertEquals((await checkNativeFormat(root)).result, "passed");
      await Deno.writeTextFile(join(root, "cuda/bad.h"), "int   two( ) ;\n");
      const failed = await checkNativeFormat(root);
      assertEquals(failed.result, "failed");
      assertStringIncludes(failed.output, "bad.h");
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
