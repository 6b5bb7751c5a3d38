// What `deno compile` embeds in the program of the command line. Deno's runtime, which it downloads, is not needed to see
// that: another file stands in for it, and the program is not run.

import { assert, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { fromFileUrl, join } from "@std/path";
import { compileBinary, UPLOT } from "../../scripts/dist/binary.ts";
import { noticeText } from "../../scripts/dist/notice.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

Deno.test("the program of deno compile has modules, pages, native libraries and the decoder, and no package of the tests", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tame_binary_test_" });
  const before = Deno.env.get("DENORT_BIN");
  try {
    await Deno.mkdir(join(folder, "libraries"));
    await Deno.writeFile(join(folder, "libraries/libtame_cpu.so"), new Uint8Array(1024 * 1024));
    Deno.env.set("DENORT_BIN", Deno.execPath());
    const text = await compileBinary(ROOT, join(folder, "libraries"), join(folder, "tame"));
    assertMatch(text, /build\S* \(1(?:\.0+)?MB\)/);
    for (const embedded of ["sharp-linux", "sharp-libvips-linux", "uplot"]) {
      assert(text.includes(embedded), `${embedded} is not in:\n${text}`);
    }
    // The list names folders; what no module imports is looked for in the program.
    const program = Buffer.from(await Deno.readFile(join(folder, "tame")));
    for (const file of ["view/page/index.html", "view/page/main.ts", "demo/photo_worker.ts", "base/bulk.ts"]) {
      assert(program.includes(await Deno.readTextFile(join(ROOT, file))), file);
    }
    for (const absent of ["playwright", "vega", "kubernetes", "_test.ts"]) assert(!text.includes(absent), absent);
  } finally {
    if (before === undefined) Deno.env.delete("DENORT_BIN");
    else Deno.env.set("DENORT_BIN", before);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the program's NOTICE names the packages, the runtime and the libraries in it", async () => {
  const contents = { entry: "cli.ts", besides: [UPLOT], backends: ["cpu"], runtime: true };
  const notice = await noticeText(ROOT, contents);
  for (const name of ["sharp", "uplot", "deno-std", "saxes", "libstdc++"]) {
    assertMatch(notice, new RegExp(`^${RegExp.escape(name)} `, "m"));
  }
  assert(notice.includes("V8") && !notice.includes("CUDA"), notice);
});
