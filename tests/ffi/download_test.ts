// The library of a package imported over http: fetched once, checked, cached, checked again.
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { downloadLibrary, type Manifest } from "../../ffi/download.ts";
import { LibraryError } from "../../ffi/errors.ts";
import { libraryMissing, testBackend } from "../support/device.ts";

const PLATFORM = `${Deno.build.os}-${Deno.build.arch}`;
const CONTENT = new TextEncoder().encode("a library, as far as this test goes");

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A server of one file and an empty cache. */
async function withServer(
  body: (world: { root: URL; requests: string[]; cache: string }) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const cache = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_CACHE_HOME");
  Deno.env.set("XDG_CACHE_HOME", cache);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    return pathname === "/package/build/lib.so" ? new Response(CONTENT) : new Response("none", { status: 404 });
  });
  try {
    await body({ root: new URL(`http://127.0.0.1:${server.addr.port}/package/`), requests, cache });
  } finally {
    await server.shutdown();
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
    await Deno.remove(cache, { recursive: true });
  }
}

function manifestOf(sha: string, file = "build/lib.so"): Manifest {
  return { [PLATFORM]: { cpu: { file, sha256: sha } } };
}

Deno.test("downloadLibrary() fetches once and caches by hash when the manifest has the file", async () => {
  await withServer(async ({ root, requests, cache }) => {
    const hash = await sha256(CONTENT);
    const path = await downloadLibrary("cpu", { root, manifest: manifestOf(hash) });
    assertEquals(path, `${cache}/tame/${hash}`);
    assertEquals(await Deno.readFile(path), CONTENT);
    assertEquals(await downloadLibrary("cpu", { root, manifest: manifestOf(hash) }), path);
    assertEquals(requests, ["/package/build/lib.so"]);
    assertEquals([...Deno.readDirSync(`${cache}/tame`)].length, 1);
  });
});

Deno.test("downloadLibrary() fetches again when the cached file was changed", async () => {
  await withServer(async ({ root, requests }) => {
    const manifest = manifestOf(await sha256(CONTENT));
    const path = await downloadLibrary("cpu", { root, manifest });
    await Deno.writeTextFile(path, "changed");
    await downloadLibrary("cpu", { root, manifest });
    assertEquals(await Deno.readFile(path), CONTENT);
    assertEquals(requests.length, 2);
  });
});

Deno.test("downloadLibrary() rejects a file with a wrong hash, and keeps nothing", async () => {
  await withServer(async ({ root, cache }) => {
    const manifest = manifestOf("0".repeat(64));
    await assertRejects(() => downloadLibrary("cpu", { root, manifest }), LibraryError, "the manifest says 0000");
    assertEquals([...Deno.readDirSync(cache)], []);
  });
});

Deno.test("downloadLibrary() reports a file that the server does not have", async () => {
  await withServer(async ({ root }) => {
    const manifest = manifestOf("0".repeat(64), "build/absent.so");
    await assertRejects(() => downloadLibrary("cpu", { root, manifest }), LibraryError, "HTTP 404");
  });
});

Deno.test("downloadLibrary() throws a LibraryError with its cause when the network fails", async () => {
  // The listener closes each connection before or in the middle of the answer; later there is no listener.
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const root = new URL(`http://127.0.0.1:${listener.addr.port}/package/`);
  const answers = ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"];
  const serving = (async () => {
    for (const answer of answers) {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(4096));
      if (answer !== "") await connection.write(new TextEncoder().encode(answer));
    }
    listener.close();
  })();
  await withServer(async ({ cache }) => {
    for (let attempt = 0; attempt <= answers.length; attempt++) {
      if (attempt === answers.length) await serving;
      const manifest = manifestOf("0".repeat(64));
      const error = await assertRejects(() => downloadLibrary("cpu", { root, manifest }), LibraryError);
      assertStringIncludes(error.message, `Cannot download ${root}build/lib.so`);
      assertInstanceOf(error.cause, TypeError);
    }
    assertEquals([...Deno.readDirSync(cache)], []);
  });
});

Deno.test("downloadLibrary() says what to do when the manifest is empty", async () => {
  const root = new URL("https://host/package/");
  const error = await assertRejects(() => downloadLibrary("cpu", { root, manifest: {} }), LibraryError);
  for (const words of [PLATFORM, "https://host/package/", "make dist", "openDevice({ library"]) {
    assertStringIncludes(error.message, words);
  }
});

Deno.test({
  name: "openDevice() works when the package is imported over http",
  ignore: libraryMissing !== undefined || testBackend !== "cpu",
  async fn() {
    const source = fromFileUrl(new URL("../../", import.meta.url));
    const library = await Deno.readFile(Deno.env.get("TAME_LIBRARY") ?? `${source}build/libtame_cpu.so`);
    const manifest = manifestOf(await sha256(library));
    const cache = await Deno.makeTempDir();
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/build/lib.so") return new Response(library);
      if (pathname === "/ffi/manifest.json") return Response.json(manifest);
      const text = await Deno.readTextFile(source + pathname);
      return new Response(text, { headers: { "content-type": "application/typescript" } });
    });
    const script = `${cache}/script.ts`;
    await Deno.writeTextFile(
      script,
      `import { openDevice } from "http://127.0.0.1:${server.addr.port}/ffi/device.ts";
       using device = await openDevice();
       console.log(device.reason);`,
    );
    const env: Record<string, string> = {
      XDG_CACHE_HOME: cache,
      TAME_LIBRARY: "",
      NO_COLOR: "1",
      DENO_DIR: `${cache}/deno`,
    };
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--no-config", script],
      env,
    }).output();
    await server.shutdown();
    await Deno.remove(cache, { recursive: true });
    const text = new TextDecoder().decode(stdout);
    assert(code === 0, new TextDecoder().decode(stderr));
    assertStringIncludes(text, "cpu, ");
    assertStringIncludes(text, "no cuda library for");
  },
});
