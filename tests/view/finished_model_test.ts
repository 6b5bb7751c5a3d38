// Finished models as they are opened and served: facts, forms, cameras, scores; damaged files; who gets what.

import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { camerasJson, writeRunConfig } from "../../export/model_folder.ts";
import { writeResults } from "../../eval/results.ts";
import { MODEL_FILES, pointCloudPath } from "../../load/model_folder.ts";
import { newRun } from "../../load/run_config.ts";
import { openModel } from "../../view/finished_model.ts";
import { ModelSite } from "../../view/model_site.ts";
import { PageServer } from "../../view/page_server.ts";
import { SplatSource } from "../../view/splat_source.ts";
import { withFolder } from "../load/fixtures.ts";
import { deviceTest } from "../support/device.ts";
import { someSplats, splatsCsv, splatsPly } from "../support/splat_files.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

/** Writes a PLY of some Gaussians as the Gaussians of an iteration. */
async function writeIteration(folder: string, iteration: number, count: number): Promise<string> {
  const path = pointCloudPath(folder, iteration);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, splatsPly(someSplats(count, 1)));
  return path;
}

Deno.test("SplatSource states what a PLY has from its header, and offers it and a SOG file", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.ply");
    const comments = ["SplatRenderMode: mip", "CaptureFrame: origin 10 20 30 scale 2"];
    const ply = splatsPly({ ...someSplats(300, 2), comments });
    await Deno.writeFile(path, ply);
    const source = await SplatSource.open(path);
    assertEquals(source.facts, {
      count: 300,
      shDegree: 2,
      antialiased: true,
      frame: { origin: [10, 20, 30], scale: 2 },
      bytes: ply.length,
      forms: [{ name: "ply", bytes: ply.length, seconds: 0 }, { name: "sog", bytes: null, seconds: 1 }],
    });
    const whole = (await source.content("ply"))!;
    assertEquals(await new Response(await whole.read(0, whole.size)).bytes(), ply);
    const sog = (await source.content("sog"))!;
    assertLess(sog.size, ply.length);
    assertEquals(await new Response(await sog.read(0, 2)).text(), "PK");
    assertEquals(await source.content("splat"), undefined);

    // An export beside the PLY is taken, unless the PLY is newer.
    await Deno.writeTextFile(join(folder, "a.sog"), "exported");
    assertEquals((await SplatSource.open(path)).facts.forms[1], { name: "sog", bytes: 8, seconds: 0 });
    assertEquals((await source.content("sog"))!.size, 8);
    await Deno.utime(join(folder, "a.sog"), 1, 1);
    assertEquals((await source.content("sog"))!.size, sog.size);
  });
});

Deno.test("SplatSource offers only SOG of what a browser would read in another way", async () => {
  await withFolder(async (folder) => {
    const splats = someSplats(20, 0);
    const doubles = new TextDecoder("latin1").decode(splatsPly(splats)).replace("float nx", "int nx");
    for (
      const [name, bytes] of [
        ["a.csv", splatsCsv(splats)],
        ["filtered.ply", splatsPly(splats, { filter_3D: new Array(20).fill(0.01) })],
        ["types.ply", Uint8Array.from(doubles, (character) => character.charCodeAt(0))],
      ] as const
    ) {
      await Deno.writeFile(join(folder, name), bytes);
      const source = await SplatSource.open(join(folder, name));
      assertEquals([source.facts.count, source.facts.converted], [20, true], name);
      assertEquals(source.facts.forms.map(({ name }) => name), ["sog"], name);
      assert((await source.content("sog"))!.size > 0);
      assertEquals(await source.content("ply"), undefined);
    }
  });
});

Deno.test("SplatSource says what is wrong with a file, and where", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.ply");
    await assertRejects(() => SplatSource.open(path), DataError, "File is missing");
    await assertRejects(() => SplatSource.open(folder), DataError, "Expected a file of Gaussians");
    const ply = splatsPly(someSplats(10, 0));
    for (
      const [bytes, message] of [
        [ply.subarray(0, -1), `File ends inside the Gaussians: ${ply.length - 1} bytes, ${ply.length} needed for 10`],
        [ply.subarray(0, 60), "File ends inside the PLY header"],
        [new Uint8Array(), "Not a PLY"],
        [new TextEncoder().encode("solid cube\n"), "Not a PLY"],
        [
          new TextEncoder().encode(
            "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\n" +
              "property float y\nproperty float z\nend_header\n0123456789ab",
          ),
          "points, not Gaussians",
        ],
      ] as const
    ) {
      await Deno.writeFile(path, bytes);
      await assertRejects(() => SplatSource.open(path), DataError, message);
    }
  });
});

deviceTest("openModel() finds iterations, cameras, scores and the run of a model folder", async (device) => {
  await withFolder(async (folder) => {
    await writeIteration(folder, 7, 100);
    await writeIteration(folder, 30, 200);
    await writeIteration(folder, 100, 50);
    await Deno.truncate(pointCloudPath(folder, 100), 200);
    await assertRejects(() => openModel(folder), DataError, "File ends inside the PLY header");
    const scene = await syntheticScene(device);
    await writeRunConfig(folder, {
      run: { ...newRun(), saved: [7, 30] },
      options: {},
      device: { backend: "cpu", name: "a processor", reason: "asked for", seed: 0 },
      capture: { source: "/capture", train: scene.train.length, test: scene.test.length, points: 1, extent: 1 },
      result: {
        ...{ iteration: 30, count: 200, loss: 0.5, seconds: 90, loadSeconds: 1, evaluationSeconds: 0 },
        ...{ peakMemory: 9, peakHostMemory: 0, aborted: false, timedOut: false },
      },
    });
    await Deno.writeTextFile(join(folder, MODEL_FILES.cameras), [...camerasJson(scene)].join(""));
    await Deno.writeTextFile(join(folder, MODEL_FILES.cfgArgs), "Namespace(white_background=True, near=0.05)");
    await writeResults(folder, {
      means: { ours_30: { PSNR: 21, SSIM: 0.5 } },
      perView: { ours_30: { PSNR: { "00001.png": null, "00000.png": 20.5 }, SSIM: {} } },
      scored: {},
    });
    const notices: string[] = [];
    const { page, sources } = await openModel(folder, { onNotice: (message) => notices.push(message) });
    assertEquals(notices.length, 1);
    assertStringIncludes(notices[0], "Iteration 100 is left out: ");
    assertEquals(page.saved.map(({ iteration, count }) => [iteration, count]), [[7, 100], [30, 200]]);
    assertEquals([page.first, sources.length, page.near, page.white], [1, 2, 0.05, true]);
    assertEquals([page.saved[0].scores, page.saved[0].psnr], [{}, []]);
    assertEquals([page.saved[1].scores, page.saved[1].psnr], [{ PSNR: 21, SSIM: 0.5 }, [20.5, null]]);
    assertEquals(page.run, { device: "a processor", seconds: 90 });
    assertEquals(page.cameras?.views.map(({ set }) => set).join(), "test,test,train,train,train,train,train,train");
    assertEquals((await openModel(folder, { iteration: 7 })).page.first, 0);
  });
});

deviceTest("the site of a model gives its own pages what they need, and others nothing", async (device) => {
  await withFolder(async (folder) => {
    const path = await writeIteration(folder, 7, 100);
    const scene = await syntheticScene(device);
    await Deno.writeTextFile(join(folder, MODEL_FILES.cameras), [...camerasJson(scene)].join(""));
    const site = new ModelSite([await openModel(folder), await openModel(path)], "ply");
    await using server = PageServer.listen(site, { hostname: "127.0.0.1", port: 0 });
    const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init);
    const status = async (path: string, init: RequestInit = {}): Promise<number> => {
      const response = await get(path, init);
      await response.body?.cancel();
      return response.status;
    };
    const page = await get("/");
    assertStringIncludes(await page.text(), "models.ts");
    const policy = page.headers.get("content-security-policy")!;
    assert(policy.startsWith("default-src 'none'; ") && !/'unsafe-(inline|eval)'|https?:|\*/.test(policy), policy);
    const { models, form } = await (await get("/models.json")).json();
    assertEquals([models.length, models[0].path, models[1].path, form], [2, folder, path, "ply"]);
    assertEquals([models[0].cameras.views.length, models[1].cameras], [8, undefined]);
    const part = await get("/model/0/0.ply", { headers: { range: "bytes=0-2" } });
    assertEquals([part.status, await part.text()], [206, "ply"]);
    assertEquals((await (await get("/model/1/0.sog")).text()).slice(0, 2), "PK");
    for (const none of ["/model/0/1.ply", "/model/2/0.ply", "/model/0/0.spz", "/model/0/../0.ply", "/scene.json"]) {
      assertEquals(await status(none), 404, none);
    }
    assertEquals(await status("/model/0/0.ply", { method: "POST" }), 405);
    for (const own of ["/", "/models.json", "/model/0/0.ply"]) {
      assertEquals(await status(own, { headers: { origin: "http://evil.com" } }), 403, own);
      assertEquals(await status(own, { headers: { "sec-fetch-site": "cross-site" } }), 403, own);
    }
    await Deno.remove(path);
    assertEquals(await status("/model/0/0.ply"), 404);
  });
});

Deno.test("on an address that others reach, a model needs the token", async () => {
  await withFolder(async (folder) => {
    const path = await writeIteration(folder, 7, 10);
    const site = new ModelSite([await openModel(path)], "sog");
    await using server = PageServer.listen(site, { hostname: "0.0.0.0", port: 0 });
    const { port, searchParams } = new URL(server.url);
    const token = searchParams.get("token")!;
    const status = async (path: string): Promise<number> => {
      const response = await fetch(new URL(path, `http://127.0.0.1:${port}/`));
      await response.body?.cancel();
      return response.status;
    };
    for (const data of ["/", "/models.json", "/model/0/0.ply"]) {
      assertEquals(await status(`${data}?token=${token}`), 200, data);
      assertEquals(await status(data), 403, data);
      assertEquals(await status(`${data}?token=${token.slice(1)}0`), 403, data);
    }
  });
});
