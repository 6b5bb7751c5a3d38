// demo.zip, the synthetic capture: something to train on for programs and notebooks that have no checkout.

import { walk } from "@std/fs";
import { join, relative } from "@std/path";
import { DEFAULT_SIZE, writeCapture } from "../../demo/capture.ts";
import { storedZip } from "../../export/zip.ts";

/**
 * Writes the demo's capture as a zip file. The same version gives the same bytes.
 *
 * @param folder Folder for the file
 */
export async function writeDemoZip(folder: string): Promise<void> {
  const capture = join(folder, "demo.tmp");
  await writeCapture(capture, DEFAULT_SIZE);
  const paths: string[] = [];
  for await (const { path } of walk(capture, { includeDirs: false })) paths.push(path);
  const files = paths.sort().map(async (path) => [relative(capture, path), await Deno.readFile(path)]);
  await Deno.writeFile(join(folder, "demo.zip"), storedZip(Object.fromEntries(await Promise.all(files))));
  await Deno.remove(capture, { recursive: true });
}
