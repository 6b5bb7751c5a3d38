// The files of the pages: small, without a build step, and with nothing from elsewhere.
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { pageFile } from "../../view/page_files.ts";

const PAGE = fromFileUrl(new URL("../../view/page", import.meta.url));

/** The pages: of a run, and of finished models. */
const PAGES = ["view/page/index.html", "view/page/models.html"];

/** Bytes of a page's files, compressed: no more than a large photo. */
const MOST_BYTES = 300_000;

/** All files that pages load, by their paths, followed from their HTML. */
async function loaded(pages: readonly string[] = PAGES): Promise<Map<string, { type: string; body: string }>> {
  const files = new Map<string, { type: string; body: string }>();
  const wanted = [...pages];
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (files.has(path)) continue;
    const file = await pageFile(path);
    assert(file !== undefined, `${path} is not served`);
    files.set(path, file);
    const base = `http://page/${path}`;
    const references = path.endsWith(".html")
      ? [...file.body.matchAll(/(?:src|href)="([^"]+)"/g)]
      : path.endsWith(".ts")
      ? [...file.body.matchAll(/(?:from|import) "([^"]+)"/g)]
      : [];
    wanted.push(...references.map(([, reference]) => new URL(reference, base).pathname.slice(1)));
  }
  return files;
}

async function compressedBytes(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

Deno.test("every file that a page loads is served, and the pages use every file that they have", async () => {
  const files = await loaded();
  assert(files.has("view/page/uplot.js") && files.has("base/vec3.ts"));
  const own = [...Deno.readDirSync(PAGE)].map(({ name }) => name).filter((name) => name !== "deno.json");
  const unused = own.filter((name) => !files.has(`view/page/${name}`));
  assertEquals(unused, []);
});

Deno.test("each page is less than 300 KB compressed", async () => {
  for (const page of PAGES) {
    let bytes = 0;
    for (const { body } of (await loaded([page])).values()) bytes += await compressedBytes(body);
    assertLess(bytes, MOST_BYTES);
    assertGreater(bytes, 10_000);
  }
});

Deno.test("modules are sent without their types, and import only paths", async () => {
  for (const [path, { type, body }] of await loaded()) {
    if (!path.endsWith(".ts")) continue;
    assertEquals(type, "text/javascript; charset=utf-8");
    assert(!/\bimport type\b|\binterface \w+ \{/.test(body), path);
    for (const [, from] of body.matchAll(/\bfrom "([^"]+)"/g)) assert(from.startsWith("."), `${path} imports ${from}`);
  }
});

Deno.test("the pages ask nobody else for anything, and have no scripts or styles in their HTML", async () => {
  const files = await loaded();
  for (const [path, { body }] of files) {
    if (path.includes("uplot") || path.endsWith(".svg")) continue;
    assertEquals(body.match(/https?:\/\/|\/\/[a-z]+\.[a-z]/g), null, path);
  }
  for (const page of PAGES) {
    const { body } = files.get(page)!;
    assertEquals(body.match(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=/g), null);
  }
});

Deno.test("pageFile() serves nothing else", async () => {
  const others = [
    "",
    "view/server.ts",
    "view/page/",
    "view/page/deno.json",
    "view/page/../server.ts",
    "view/page/none.css",
    "/etc/passwd",
    "base/atomic.ts",
    "constructor",
  ];
  for (const path of others) assertEquals(await pageFile(path), undefined, path);
});
