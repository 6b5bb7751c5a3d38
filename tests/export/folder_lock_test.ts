// The lock of a model folder: one run at a time, and what a run that was killed leaves.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { FolderLock } from "../../export/folder_lock.ts";
import { ROOT } from "../support/process.ts";
import { withFolder } from "../load/fixtures.ts";

Deno.test("FolderLock refuses a second run with the process of the first, and lets the next one in", async () => {
  await withFolder(async (folder) => {
    const told: string[] = [];
    {
      await using _lock = await FolderLock.take(folder, (message) => void told.push(message));
      const error = await assertRejects(() => FolderLock.take(folder), Error, `Another run trains into ${folder}`);
      assertStringIncludes(error.message, `process ${Deno.pid} on ${Deno.hostname()}, since 20`);
      assertStringIncludes(error.message, "choose another model folder");
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["train.lock"]);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    {
      await using _lock = await FolderLock.take(folder, (message) => void told.push(message));
    }
    assertEquals(told, []);
  });
});

Deno.test("FolderLock creates the folder, and removes it only if it is still empty", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "new", "model");
    {
      await using _lock = await FolderLock.take(folder);
    }
    assert(!existsSync(folder));
    {
      await using _lock = await FolderLock.take(folder);
      await Deno.writeTextFile(join(folder, "cfg_args"), "");
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["cfg_args"]);
    {
      await using _lock = await FolderLock.take(folder);
      await Deno.remove(parent, { recursive: true });
    }
    await Deno.mkdir(parent);
  });
});

Deno.test("FolderLock leaves the lock of another run alone when its own folder was deleted", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "model");
    const first = await FolderLock.take(folder);
    await Deno.remove(folder, { recursive: true });
    await using _second = await FolderLock.take(folder);
    await first[Symbol.asyncDispose]();
    assert(existsSync(join(folder, "train.lock")));
    await assertRejects(() => FolderLock.take(folder), Error, "Another run trains into");
  });
});

Deno.test("FolderLock takes over the lock of a run that was killed, and removes its unfinished files", async () => {
  await withFolder(async (folder) => {
    const cloud = join(folder, "point_cloud", "iteration_7");
    await Deno.mkdir(cloud, { recursive: true });
    const id = crypto.randomUUID();
    const orphans = [join(folder, `config.json.${id}.tmp`), join(cloud, `point_cloud.ply.${id}.tmp`)];
    const others = [
      join(folder, `results.json.${id}.tmp`), // of metrics, which may be writing it
      join(folder, `notes.tmp`),
      join(folder, `config.json.old.tmp`),
      join(cloud, "point_cloud.ply"),
    ];
    for (const path of [...orphans, ...others]) await Deno.writeTextFile(path, "half");
    const module = new URL("../../export/folder_lock.ts", import.meta.url).href;
    const program = `import { FolderLock } from ${JSON.stringify(module)};\n` +
      `const lock = await FolderLock.take(${JSON.stringify(folder)});\n` +
      `console.log("locked");\nsetInterval(() => lock, 1000);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) if (text.includes("locked")) break;
    const told: string[] = [];
    const error = await assertRejects(() => FolderLock.take(folder), Error);
    assertStringIncludes(error.message, `process ${child.pid} on`);
    child.kill("SIGKILL");
    await child.status;
    for (const path of orphans) await Deno.writeTextFile(path, "half");
    await using _lock = await FolderLock.take(folder, (message) => void told.push(message));
    assertMatch(told.join(), new RegExp(`was killed \\(process ${child.pid} on .*\\): this one takes over its lock$`));
    assertEquals(orphans.map((path) => existsSync(path)), [false, false]);
    assertEquals(others.map((path) => existsSync(path)), [true, true, true, true]);
  });
});

Deno.test("FolderLock takes over a lock file of any content, and writes through no link", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "train.lock");
    const host = JSON.stringify({ pid: 1, host: "another", started: "2026-01-01" });
    const contents = ["{", "[".repeat(5000), '{"pid": "../1"}', "\0\xff", host, "x".repeat(100_000)];
    for (const content of contents) {
      const told: string[] = [];
      await Deno.writeTextFile(path, content);
      await using _lock = await FolderLock.take(folder, (message) => void told.push(message));
      assertStringIncludes(told.join(), content === host ? "process 1 on another" : "its process is unknown");
      assert((await Deno.readTextFile(path)).length < 1000);
    }
    const victim = join(folder, "victim");
    await Deno.writeTextFile(victim, "mine");
    await Deno.symlink(victim, path);
    await assertRejects(() => FolderLock.take(folder), DataError, "found something else");
    assertEquals(await Deno.readTextFile(victim), "mine");
    await Deno.remove(path);
    await assertRejects(() => FolderLock.take(victim), Error);
    assertEquals(await Deno.readTextFile(victim), "mine");
  });
});

Deno.test("FolderLock lets a run train where the file system has no locks, and says so", async () => {
  await withFolder(async (folder) => {
    const { tryLock } = Deno.FsFile.prototype;
    const told: string[] = [];
    Deno.FsFile.prototype.tryLock = () =>
      Promise.reject(Object.assign(new Error("Not supported (os error 95)"), { code: "EOPNOTSUPP" }));
    try {
      await using _lock = await FolderLock.take(folder, (message) => void told.push(message));
      assertStringIncludes(told.join(), "has no locks");
    } finally {
      Deno.FsFile.prototype.tryLock = tryLock;
    }
  });
});
