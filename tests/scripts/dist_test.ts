// The package that `make dist` makes, imported by URL from an empty folder, with the flags that the guide states.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { extname, fromFileUrl, join } from "@std/path";
import project from "../../deno.json" with { type: "json" };
import { platformPackage } from "../../ffi/installed.ts";
import { makeDist } from "../../scripts/dist.ts";
import { packPackages } from "../../scripts/dist/npm.ts";
import { servedText, serveFile } from "../../scripts/serve.ts";
import { fenced, page } from "../docs/markdown.ts";
import { firstThatRuns } from "../support/compiler.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const npm = await firstThatRuns(["npm"]);
const PAGE = page("docs/guide/by-url.md");
const [PROGRAM] = fenced(PAGE, "typescript");
const [, COMMAND] = fenced(PAGE, "sh");

const denoDir = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()
  .then(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout)).denoDir as string);

/** A host that does not know TypeScript, as Python's http.server with Debian's list of types. */
async function plainHost(request: Request, folder: string): Promise<Response> {
  const response = await serveFile(request, folder);
  const types: Record<string, string> = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".ts": "text/vnd.trolltech.linguist",
    ".mts": "model/vnd.mts",
  };
  const headers = { "content-type": types[extname(new URL(request.url).pathname)] ?? "application/octet-stream" };
  return new Response(response.body, { status: response.status, headers });
}

/** Runs deno in a folder, with an empty cache of native libraries, and Deno's own. */
async function deno(args: string[], folder: string): Promise<{ code: number; text: string }> {
  const cache = { XDG_CACHE_HOME: join(folder, crypto.randomUUID()), DENO_DIR: await denoDir };
  const env = { NO_COLOR: "1", TAME_LIBRARY: "", ...cache };
  const options = { args, cwd: folder, env, stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Installs the packages in an empty folder, and runs the guide's program there. */
async function runFromNpm(dist: string, folder: string): Promise<void> {
  const { version, license } = project;
  const source = { root: ROOT, dist, common: { version, license }, backends: ["cpu"] as const };
  const files = await packPackages(source, join(folder, "npm"));
  const empty = await Deno.makeTempDir({ dir: folder });
  const args = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", ...files];
  const { success, stderr } = await new Deno.Command("npm", { args, cwd: empty }).output();
  assert(success, new TextDecoder().decode(stderr));
  await writeTinyCapture(join(empty, "path/to/capture"));
  const program = PROGRAM.replace(/"http.*mod\.js"/, '"@tame/tame"').replace("iterations: 2000", "iterations: 20");
  await Deno.writeTextFile(join(empty, "mine.ts"), program);
  const granted = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi=node_modules"];
  const { code, text } = await deno(["run", "--no-prompt", ...granted, "mine.ts"], empty);
  assertEquals(code, 0, text);
  assert((await Deno.stat(join(empty, "mine.ply"))).size > 1000);
  // A library for another processor, or none, is an error that names the package.
  await Deno.remove(join(empty, "node_modules", platformPackage("cpu")), { recursive: true });
  const without = await deno(["run", "--no-prompt", ...granted, "mine.ts"], empty);
  assertStringIncludes(without.text, `Install the npm package ${platformPackage("cpu")}`);
}

Deno.test({
  name: "make dist makes a package that a program imports by URL with the flags of the guide, from any host" +
    (libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`),
  ignore: libraryMissing !== undefined || testBackend !== "cpu",
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "tame_dist_" });
    const dist = join(folder, "dist");
    try {
      await makeDist(dist, join(ROOT, "build"));
      // The program that mod.js starts for splat formats is a script, without types.
      const started = await deno(["run", "--no-config", join(dist, "load/splat_library_process.js")], folder);
      assertStringIncludes(started.text, "JSON");
      for (const [name, serve] of [["make serve", serveFile], ["a plain host", plainHost]] as const) {
        const server = Deno.serve(
          { hostname: "127.0.0.1", port: 0, onListen: () => {} },
          (request) => serve(request, dist),
        );
        const host = `127.0.0.1:${server.addr.port}`;
        const empty = await Deno.makeTempDir({ dir: folder });
        await writeTinyCapture(join(empty, "path/to/capture"));
        const program = PROGRAM.replaceAll("127.0.0.1:8000", host).replace("iterations: 2000", "iterations: 20");
        await Deno.writeTextFile(join(empty, "mine.ts"), program);
        const [, ...flags] = COMMAND.trim().replaceAll("127.0.0.1:8000", host).split(" ");

        await t.step(`${name}: the program runs`, async () => {
          const { code, text } = await deno(["run", "--no-prompt", ...flags.slice(1)], empty);
          assertEquals(code, 0, text);
          assert((await Deno.stat(join(empty, "mine.ply"))).size > 1000);
        });
        await t.step(`${name}: an error has the command when a permission is missing`, async () => {
          for (const missing of ["--allow-net", "--allow-ffi", "--allow-env"]) {
            const fewer = flags.slice(1).filter((flag) => !flag.startsWith(missing));
            const { code, text } = await deno(["run", "--no-prompt", ...fewer], empty);
            assert(code !== 0, missing);
            assertStringIncludes(text, `deno run ${flags.slice(1, -1).join(" ")} ${join(empty, "mine.ts")}`);
          }
        });
        // The harder one; a type check takes seconds.
        if (serve === plainHost) {
          await t.step(`${name}: the types are found`, async () => {
            const allowed = `--allow-import=${host}`;
            assertEquals((await deno(["check", allowed, "mine.ts"], empty)).code, 0);
            await Deno.writeTextFile(join(empty, "wrong.ts"), program.replace('"done"', '"dome"'));
            assertStringIncludes((await deno(["check", allowed, "wrong.ts"], empty)).text, "TS2367");
          });
        }
        await server.shutdown();
      }
      await t.step("SHA256SUMS has every file", async () => {
        const lines = (await Deno.readTextFile(join(dist, "SHA256SUMS"))).trimEnd().split("\n");
        const paths = lines.map((line) => line.slice(66));
        for (const path of ["mod.js", "NOTICE", "build/libtame_cpu.so", "demo.zip"]) assert(paths.includes(path), path);
        const { success } = await new Deno.Command("sha256sum", { args: ["--check", "SHA256SUMS"], cwd: dist })
          .output();
        assert(success);
      });
      await t.step("NOTICE names those whose code is in mod.js, and not what is installed beside it", async () => {
        const notice = await Deno.readTextFile(join(dist, "NOTICE"));
        for (const name of ["@zip.js/zip.js", "saxes", "xmlchars", "libstdc++"]) {
          assertStringIncludes(notice, `${name} `);
        }
        assert(!/^sharp /m.test(notice));
      });
      await t.step({
        name: "npm packages: a program that installed them from their files trains" + (npm ? "" : " [skipped: no npm]"),
        ignore: npm === undefined,
        fn: () => runFromNpm(dist, folder),
      });
      await t.step("Deno runs in the folder itself", async () => {
        const { code, text } = await deno(["eval", "--quiet", 'import "./mod.ts"; console.log("imported")'], dist);
        assertEquals([code, text.trim()], [0, "imported"]);
      });
      await t.step("nothing outside the folder is served", async () => {
        await Deno.writeTextFile(join(folder, "secret.txt"), "beside it");
        await Deno.symlink(join(folder, "secret.txt"), join(dist, "link.txt"));
        const answer = (path: string) => serveFile(new Request(`http://127.0.0.1/${path}`), dist);
        for (const path of ["..%2fsecret.txt", "%2e%2e/secret.txt", "link.txt", "ffi", "absent.js"]) {
          const { status, body } = await answer(path);
          await body?.cancel();
          assertEquals(status, 404, path);
        }
        assertEquals((await serveFile(new Request("http://127.0.0.1/mod.js", { method: "POST" }), dist)).status, 405);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("make serve states the URL and the flags of an IPv6 address as they have to be typed", () => {
  const text = servedText("/dist", { hostname: "::1", port: 8000 });
  assertStringIncludes(text, 'import { train } from "http://[::1]:8000/mod.js";');
  assertStringIncludes(text, "'--allow-import=[::1]:8000' '--allow-net=[::1]:8000' --allow-ffi FILE");
});
