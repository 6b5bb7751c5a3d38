// load/nested_folders.ts: where the file of options of a capture is, and that readers pass over it.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { captureConfig } from "../../load/nested_folders.ts";
import { loadScene } from "../../load/scene.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";
import { withFolder } from "./fixtures.ts";
import { zipOf } from "./zips.ts";

const FILE = "tame.config.json";
const data = new TextEncoder().encode("{}");

Deno.test("captureConfig() finds the file beside or above the capture's folder, in archives, and beside a file", async () => {
  await withFolder(async (folder) => {
    const capture = join(folder, "only");
    await writeTinyCapture(capture, { across: 2 });
    assertEquals(await captureConfig(folder), undefined);
    await Deno.writeFile(join(capture, FILE), data);
    assertEquals(await captureConfig(folder), join(capture, FILE));
    await Deno.writeFile(join(folder, FILE), data);
    assertEquals(await captureConfig(folder), join(folder, FILE));
    assertEquals(await captureConfig(capture), join(capture, FILE));
    assertEquals((await loadScene(folder)).train.length, 9, "the folder has nothing else but one folder");

    assertEquals(
      await captureConfig(join(capture, "images", "photo0.png")),
      undefined,
      "only in the file's own folder",
    );
    assertEquals(await captureConfig(join(capture, "transforms.json")), undefined, "there is no such capture");
    await Deno.writeFile(join(capture, "transforms.json"), data);
    assertEquals(await captureConfig(join(capture, "transforms.json")), join(capture, FILE));

    const archive = join(folder, "archive.zip");
    await Deno.writeFile(archive, zipOf([{ name: `fox/${FILE}`, data }, { name: "fox/transforms.json", data }]));
    assertEquals(await captureConfig(archive), join(archive, "fox", FILE));
  });
});
