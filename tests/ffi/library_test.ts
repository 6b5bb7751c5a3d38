// Finding and opening the native library: search order, errors, and permissions.
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ABI } from "../../ffi/abi.ts";
import { LibraryError } from "../../ffi/errors.ts";
import { openFile, openLibrary, searchLibrary } from "../../ffi/library.ts";
import { permissionError } from "../../ffi/permissions.ts";
import { compiler } from "../support/compiler.ts";
import { libraryMissing, testBackend } from "../support/device.ts";

const DEVICE_MODULE = new URL("../../ffi/device.ts", import.meta.url).href;

/** Runs a module's text in its own process. */
async function runModule(
  source: string,
  options: { flags?: string[]; env?: Record<string, string> } = {},
): Promise<{ code: number; text: string }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, source);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-lock", ...options.flags ?? [], file],
    env: { TAME_LIBRARY: "", NO_COLOR: "1", ...options.env },
  }).output();
  await Deno.remove(file);
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("openFile() reports the path and what to do when there is no library", () => {
  const error = assertThrows(() => openFile("/nowhere/libtame_cpu.so"), LibraryError);
  assertStringIncludes(error.message, "Cannot open the native library /nowhere/libtame_cpu.so");
  for (const remedy of ["make build", "TAME_LIBRARY", "openDevice({ library })"]) {
    assertStringIncludes(error.message, remedy);
  }
  assertEquals(error.brief, "/nowhere/libtame_cpu.so does not exist");
  assertInstanceOf(error.cause, Error);
});

Deno.test("openFile() throws a LibraryError when the file is not a library", async () => {
  const file = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.writeTextFile(file, "text");
  assertThrows(() => openFile(file), LibraryError, file);
  await Deno.remove(file);
});

Deno.test({
  name: "openFile() names both versions when the library has another ABI version",
  ignore: compiler === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/old.c`, "unsigned tame_abi_version(void) { return 999; }\n");
    const args = ["-shared", "-fPIC", "-o", `${folder}/old.so`, `${folder}/old.c`];
    assert((await new Deno.Command(compiler!, { args }).output()).success);
    const error = assertThrows(() => openFile(`${folder}/old.so`), LibraryError);
    assertStringIncludes(error.message, `ABI version is 999, this tame needs ${ABI.ABI_VERSION}`);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("searchLibrary() returns the caller's choice if there is one", async () => {
  assertEquals(await searchLibrary("cpu", "some/where.so"), "some/where.so");
  assertEquals(await searchLibrary("cpu", "bare.so"), "./bare.so");
  assertEquals(await searchLibrary("cpu", new URL("file:///a/b%20c.so")), "/a/b c.so");
  await assertRejects(() => searchLibrary("cpu", "https://host/lib.so"), LibraryError, "expected a path");
});

Deno.test("searchLibrary() looks in the package's build/ when nothing is named", async () => {
  const expected = fromFileUrl(new URL("../../build/libtame_cuda.so", import.meta.url));
  assertEquals(await searchLibrary("cuda"), expected);
});

Deno.test({
  name: "openLibrary() rejects a library of another backend",
  ignore: libraryMissing !== undefined,
  async fn() {
    const { path } = await openLibrary(testBackend);
    const other = testBackend === "cpu" ? "cuda" : "cpu";
    await assertRejects(() => openLibrary(other, path), LibraryError, `as the ${other} backend`);
  },
});

Deno.test("ffi/device.ts opens nothing when it is only imported", async () => {
  const { code, text } = await runModule(`import "${DEVICE_MODULE}"; console.log("imported");`);
  assertEquals(code, 0, text);
  assertStringIncludes(text, "imported");
});

Deno.test("openDevice() gives the whole command when it may not open libraries", async () => {
  const { code, text } = await runModule(`import { openDevice } from "${DEVICE_MODULE}";
    try { await openDevice({ backend: "cpu" }); } catch (error) {
      console.log(error instanceof Deno.errors.NotCapable, (error as Error).message);
    }`);
  assertEquals(code, 0, text);
  assertStringIncludes(text, "true");
  const root = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const flags = `--allow-read --allow-write --allow-env --allow-sys --allow-ffi=${root}/build`;
  assertStringIncludes(text, "libtame_cpu.so without Deno's permission. Run:");
  assertMatch(text, new RegExp(`deno run ${flags},${root}/node_modules \\S+\\.ts`));
});

Deno.test("permissionError() quotes paths with spaces", () => {
  const { message } = permissionError("Cannot open it", undefined, "/my programs/build");
  assertMatch(message, / '--allow-ffi=\/my programs\/build,[^']+\/node_modules' \S+\.ts\n/);
});

Deno.test("photos cannot be read without native code of packages: the error has the whole command", async () => {
  const { code, text } = await runModule(
    `import { loadSharp } from "${new URL("../../ffi/sharp.ts", import.meta.url).href}";
     try { await loadSharp(); } catch (error) { console.log((error as Error).name, (error as Error).message); }`,
    { flags: ["--allow-read", "--allow-env", "--allow-ffi=/nowhere"] },
  );
  assertEquals(code, 0, text);
  assertStringIncludes(
    text,
    "NotCapable Cannot load sharp, which reads and writes images, without Deno's permission. Run:",
  );
  assertMatch(text, /deno run .*--allow-ffi=\S+\/build,\S+\/node_modules \S+\.ts/);
});

Deno.test({
  name: "openDevice() needs no permission except that for the library's folder",
  ignore: libraryMissing !== undefined || Deno.env.get("TAME_LIBRARY") !== undefined,
  async fn() {
    const build = fromFileUrl(new URL("../../build", import.meta.url));
    const { code, text } = await runModule(
      `import { openDevice } from "${DEVICE_MODULE}";
       import { meanDist2 } from "${new URL("../../ffi/knn.ts", import.meta.url).href}";
       using device = await openDevice({ backend: "${testBackend}" });
       console.log((await meanDist2(device, new Float32Array([0, 0, 0, 2, 0, 0])))[1]);`,
      { flags: [`--allow-ffi=${build}`] },
    );
    assertEquals(code, 0, text);
    assertEquals(text.trim(), "4");
  },
});

Deno.test("openDevice() uses TAME_LIBRARY when it may read it", async () => {
  const { text } = await runModule(
    `import { openDevice } from "${DEVICE_MODULE}"; await openDevice({ backend: "cpu" });`,
    { flags: ["--allow-ffi", "--allow-env=TAME_LIBRARY"], env: { TAME_LIBRARY: "/from/environment.so" } },
  );
  assertStringIncludes(text, "LibraryError: Cannot open the native library /from/environment.so");
});

Deno.test({
  name: "openDevice() falls back to the CPU and states why when there is no CUDA library",
  ignore: libraryMissing !== undefined || testBackend !== "cpu" || Deno.env.get("TAME_LIBRARY") !== undefined,
  async fn() {
    const root = await Deno.makeTempDir();
    const source = fromFileUrl(new URL("../../", import.meta.url));
    await copyFolder(`${source}/ffi`, `${root}/package/ffi`);
    await copyFolder(`${source}/base`, `${root}/package/base`);
    await Deno.mkdir(`${root}/package/build`);
    await Deno.copyFile(`${source}/build/libtame_cpu.so`, `${root}/package/build/libtame_cpu.so`);
    const { code, text } = await runModule(
      `import { openDevice } from "file://${root}/package/ffi/device.ts";
       using device = await openDevice();
       console.log(device.backend, "|", device.reason);`,
      { flags: ["--allow-ffi"] },
    );
    assertEquals(code, 0, text);
    assertStringIncludes(text, "cpu | cpu, ");
    assertStringIncludes(text, "libtame_cuda.so does not exist");
    await Deno.remove(root, { recursive: true });
  },
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
}
