// The demo from end to end, small: capture, training, renders, scores, picture.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { demo } from "../../cli/demo.ts";
import { imageSize } from "../../load/images.ts";
import { libraryMissing, testBackend } from "../support/device.ts";

const NAME = "demo() trains, renders and scores the capture it writes, and says where the results are";

Deno.test({
  name: libraryMissing === undefined ? NAME : `${NAME} [skipped: ${libraryMissing}]`,
  ignore: libraryMissing !== undefined,
  async fn() {
    const model = await Deno.makeTempDir({ prefix: "tame_demo_" });
    const lines: string[] = [];
    const log = console.log;
    console.log = (...words: unknown[]) => lines.push(words.join(" "));
    try {
      const size = { views: 16, width: 96, height: 72 };
      assertEquals(await demo(model, { size, iterations: 120, backend: testBackend, threads: 2 }), 0);
      const results = JSON.parse(await Deno.readTextFile(join(model, "results.json")));
      assert(results.ours_120.PSNR > 20, `held-out PSNR ${results.ours_120.PSNR}`);
      assertEquals(await imageSize(join(model, "render_and_photo.png")), { width: 192, height: 144, alpha: false });
      const ply = join(model, "point_cloud", "iteration_120", "point_cloud.ply");
      assert((await Deno.stat(ply)).size > 62 * 4 * 100, "a PLY of a few hundred splats");
      assert(lines.some((line) => line.includes(ply)), "the output says where the splats are");
    } finally {
      console.log = log;
      await Deno.remove(model, { recursive: true });
    }
  },
});
