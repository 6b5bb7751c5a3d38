// The checks of a model folder before a run: writable, and never a folder of the capture's own.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { UsageError } from "../../cli/errors.ts";
import { EXIT } from "../../cli/exit.ts";
import { checkOutputFolder } from "../../cli/output_folder.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "capture", "images"), { recursive: true });
    await Deno.writeTextFile(join(folder, "capture", "images", "a.png"), "");
    await Deno.writeTextFile(join(folder, "capture", "transforms.json"), "{}");
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("checkOutputFolder() accepts new folders, and those beside, above and of an earlier run; changes nothing", () =>
  withFolder(async (folder) => {
    const capture = join(folder, "capture");
    const own = join(capture, "model");
    await Deno.mkdir(own);
    await Deno.writeTextFile(join(own, "cfg_args"), "");
    for (const path of ["out", "a/b/c", ".", "capture_2", "capture/new/one", "capture/model"]) {
      await checkOutputFolder(join(folder, path), { capture, named: true });
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["capture"]);
    assertEquals([...Deno.readDirSync(own)].map(({ name }) => name), ["cfg_args"]);
  }));

Deno.test("checkOutputFolder() rejects the capture, its folders, and an unnamed folder in it, also by links", () =>
  withFolder(async (folder) => {
    const capture = join(folder, "capture");
    await Deno.symlink(capture, join(folder, "link"));
    const rejected: [path: string, problem: string][] = [
      ["capture", "it is the capture"],
      ["link", "it is the capture"],
      ["capture/images", "it is in the capture and has other files"],
      ["link/images", "it is in the capture and has other files"],
    ];
    for (const source of [capture, join(capture, "transforms.json"), join(folder, "link")]) {
      for (const [path, problem] of rejected) {
        const check = () => checkOutputFolder(join(folder, path), { capture: source, named: true });
        await assertRejects(check, UsageError, problem);
      }
    }
    const unnamed = () => checkOutputFolder(join(capture, "output", "1"), { capture, named: false });
    await assertRejects(unnamed, UsageError, "Give --model_path");
  }));

Deno.test("checkOutputFolder() rejects files, and folders that cannot be written", () =>
  withFolder(async (folder) => {
    const capture = join(folder, "capture");
    await Deno.writeTextFile(join(folder, "file"), "");
    await Deno.mkdir(join(folder, "model"));
    await Deno.writeTextFile(join(folder, "model", "point_cloud"), "");
    for (const path of ["file", "file/below", "model"]) {
      const check = () => checkOutputFolder(join(folder, path), { capture, named: true });
      await assertRejects(check, UsageError, "is a file");
    }
    const locked = join(folder, "locked");
    await Deno.mkdir(locked, { mode: 0o500 });
    if (Deno.uid() === 0) return; // the superuser may write everywhere
    const check = () => checkOutputFolder(join(locked, "out"), { capture, named: true });
    await assertRejects(check, UsageError, "cannot be written");
  }));

workflowTest("tame train leaves its capture unchanged when that is named as the model folder", async (folder) => {
  const cameras = join(folder, "capture", "cameras.json");
  await Deno.writeTextFile(cameras, "the user's");
  for (const model of ["capture", "capture/images", "capture/images/photo1.png"]) {
    const { code, stderr } = await ended(start(["train", "-s", "capture", "-m", model, "--backend", "cpu"], folder));
    assertEquals(code, EXIT.usage, stderr);
  }
  assertEquals(await Deno.readTextFile(cameras), "the user's");
  assert(!existsSync(join(folder, "capture", "cfg_args")));
});
