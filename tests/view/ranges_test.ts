// Requests for parts of large files.

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { contentResponse, fileContent, memoryContent } from "../../view/ranges.ts";
import { withFolder } from "../load/fixtures.ts";

const BYTES = Uint8Array.from({ length: 600_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
const TYPE = "application/octet-stream";

function request(headers: Record<string, string> = {}): Request {
  return new Request("http://127.0.0.1/model", { headers });
}

for (const from of ["a file", "memory"] as const) {
  Deno.test(`contentResponse() sends ${from}, whole or the part that is asked for`, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "a.ply");
      await Deno.writeFile(path, BYTES);
      const content = from === "memory" ? memoryContent(BYTES, '"m"') : await fileContent(path);
      const { etag, size } = content;
      const whole = await contentResponse(request(), content);
      assertEquals([whole.status, whole.headers.get("content-length")], [200, "600000"]);
      assertEquals([whole.headers.get("etag"), whole.headers.get("accept-ranges")], [etag, "bytes"]);
      assertEquals([whole.headers.get("content-type"), whole.headers.get("content-range")], [TYPE, null]);
      assertEquals(await whole.bytes(), BYTES);

      for (
        const [range, start, end] of [
          ["bytes=0-0", 0, 1],
          ["bytes=299990-300010", 299_990, 300_011],
          ["bytes=599999-", 599_999, 600_000],
          ["bytes=-5", 599_995, 600_000],
          ["bytes=-9000000", 0, 600_000],
          ["bytes=10-9000000", 10, 600_000],
        ] as const
      ) {
        const part = await contentResponse(request({ range }), content);
        assertEquals(
          [part.status, part.headers.get("content-range")],
          [206, `bytes ${start}-${end - 1}/${size}`],
          range,
        );
        assertEquals(part.headers.get("content-length"), `${end - start}`);
        assertEquals(await part.bytes(), BYTES.slice(start, end), range);
      }
      for (const range of ["bytes=600000-", "bytes=-0"]) {
        const none = await contentResponse(request({ range }), content);
        assertEquals([none.status, none.headers.get("content-range")], [416, "bytes */600000"], range);
      }
      // Several ranges, and what is no range, are answered with everything.
      for (const range of ["bytes=0-1,4-5", "bytes=5-4", "bytes=-", "lines=1-2", "bytes=a-b"]) {
        const all = await contentResponse(request({ range }), content);
        assertEquals(all.status, 200, range);
        await all.body?.cancel();
      }
    });
  });
}

Deno.test("contentResponse() continues a download only if the file is the same", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.ply");
    await Deno.writeFile(path, BYTES);
    const { etag } = await fileContent(path);
    const status = async (headers: Record<string, string>): Promise<number> => {
      const response = await contentResponse(request(headers), await fileContent(path));
      await response.body?.cancel();
      return response.status;
    };
    const range = "bytes=100-";
    assertEquals(await status({ range, "if-range": etag }), 206);
    assertEquals(await status({ range, "if-range": '"another"' }), 200);
    assertEquals(await status({ range, "if-range": "Sat, 28 Nov 2026 05:24:13 GMT" }), 200);
    assertEquals(await status({ "if-none-match": `"x", ${etag}` }), 304);
    await Deno.writeFile(path, BYTES.subarray(1));
    assertEquals(await status({ range, "if-range": etag }), 200);
    assertEquals(await status({ "if-none-match": etag }), 200);
  });
});

Deno.test({
  name: "fileContent() reads no further than it is asked for, and closes the file in any case",
  sanitizeResources: true,
  sanitizeOps: true,
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.ply");
      await Deno.writeFile(path, BYTES);
      const half = await contentResponse(request(), await fileContent(path));
      const reader = half.body!.getReader();
      await reader.read();
      await reader.cancel();
      const content = await fileContent(path);
      await Deno.truncate(path, 10);
      const cut = await contentResponse(request(), content);
      await assertRejects(() => cut.bytes(), Error, "has become shorter while it was sent");
    }),
});
