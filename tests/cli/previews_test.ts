// The previews of a run in its model folder.
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { leftHalf } from "../../eval/image_grid.ts";
import { readImage } from "../../load/images.ts";
import { eventsIn } from "../support/events.ts";
import { ended } from "../support/process.ts";
import { start, workflowTest } from "../support/workflow.ts";

workflowTest("--preview_iterations writes a held-out view beside its photo, and a sheet of all", async (folder) => {
  const out = join(folder, "out");
  const names = () => [...Deno.readDirSync(join(out, "previews"))].map(({ name }) => name).sort();
  const image = (name: string) => readImage(join(out, "previews", name));
  const run = async (...more: string[]) => {
    const args = "train -s capture -m out --eval --backend cpu --budget 1 --json --test_iterations -1".split(" ");
    const { code, stdout, stderr } = await ended(start([...args, ...more], folder));
    assertEquals(code, 0, stderr);
    return eventsIn(stdout);
  };
  const events = await run(
    ...["--iterations", "40", "--preview_iterations", "40", "5", "20", "900", "--checkpoint_iterations", "30"],
  );
  assertEquals(names(), ["iteration_20.png", "iteration_40.png", "iteration_5.png", "sheet.png"]);
  assertEquals(
    events.filter(({ type }) => type === "preview").map(({ path }) => path),
    [5, 20, 40].map((iteration) => join(out, "previews", `iteration_${iteration}.png`)),
  );

  const report = await Deno.readTextFile(join(out, "report.html"));
  assertStringIncludes(report, 'src="previews/sheet.png" alt="Iterations 5, 20, 40, and the photo"');

  // Photos of the tiny capture have one colour each; the first held-out one is black.
  const [early, late] = [await image("iteration_5.png"), await image("iteration_40.png")];
  assertEquals([early.width, early.height], [96, 32]);
  for (let y = 0; y < 32; y++) assertEquals(early.data.slice(3 * (96 * y + 48), 3 * 96 * (y + 1)), new Uint8Array(144));
  assertNotEquals(leftHalf(early).data, leftHalf(late).data);
  const sheet = await image("sheet.png");
  assertEquals([sheet.width, sheet.height], [2 * 48, 2 * 32]);
  assertEquals(leftHalf(sheet).data.subarray(0, 3 * 48 * 32), leftHalf(early).data);

  // A run that is resumed adds to those from before.
  await Deno.remove(join(out, "previews", "iteration_40.png"));
  await Deno.remove(join(out, "previews", "sheet.png"));
  const [{ iteration }] = await run("--resume");
  assertEquals(iteration, 30);
  assertEquals(names(), ["iteration_20.png", "iteration_40.png", "iteration_5.png", "sheet.png"]);
  assertEquals((await image("sheet.png")).data, sheet.data);
  await Deno.remove(out, { recursive: true });
  await run("--iterations", "10");
  assertEquals(existsSync(join(out, "previews")), false);
});
