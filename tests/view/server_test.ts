// A run that pages watch and steer over real connections, and what becomes of those that misbehave.
import { assert, assertEquals, assertGreater, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { TrainController } from "../../train/controller.ts";
import type { TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { ViewServer } from "../../view/server.ts";
import { MOST_CLIENTS, Viewer } from "../../view/viewer.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { rows } from "../support/train_run.ts";
import { FakePage, lookMessage } from "./pages.ts";

/** A run that pages must stop. */
const ENDLESS: TrainOptions = { iterations: 1_000_000, testIterations: [-1], densifyUntilIter: 0, budget: 1 };

/** A run with a densification event and an evaluation. */
const SHORT: TrainOptions = {
  iterations: 300,
  testIterations: [200],
  densifyFromIter: 100,
  densifyUntilIter: 260,
  densificationInterval: 50,
  budget: 2,
};

interface Run {
  events: TrainEvent[];
  rows: Float32Array;
}

/** Trains with a viewer while `body` acts as its pages; a page has to stop an endless run. */
async function watched(
  device: Device,
  scene: Scene,
  options: TrainOptions,
  body: (url: string, server: ViewServer) => Promise<void>,
): Promise<Run> {
  const controller = new TrainController();
  const viewer = new Viewer(controller);
  await using server = ViewServer.listen(viewer, { hostname: "127.0.0.1", port: 0 });
  viewer.begin({ scene, iterations: options.iterations!, background: [0, 0, 0], device: "a test" });
  const events: TrainEvent[] = [];
  const acted = body(server.url, server).catch((error) => {
    controller.stop();
    throw error;
  });
  acted.catch(() => {}); // reported below
  let trained: Float32Array | undefined;
  for await (const event of train(device, scene, { ...options, controller })) {
    events.push(event);
    await viewer.event(event);
    if (event.type !== "done") continue;
    trained = rows(event.gaussians);
    await viewer.end();
    event.gaussians[Symbol.dispose]();
  }
  await acted;
  return { events, rows: trained! };
}

/** A page whose WebSocket opens, and which never reads. */
async function stalledPage(url: string): Promise<Deno.Conn> {
  const { hostname, port, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  return connection;
}

function types({ events }: Run): string[] {
  return events.map(({ type }) => type);
}

deviceTest(
  "a page gets the run so far, frames of its camera, and better ones when the camera rests",
  async (device) => {
    const sharp = await loadSharp();
    await watched(device, await syntheticScene(device), ENDLESS, async (url) => {
      await using page = await FakePage.open(url);
      const hello = await page.message("hello");
      assertEquals([hello.scene, hello.status.iterations, hello.status.clients], [true, 1_000_000, 1]);
      assertEquals(page.binaries.length, 0);

      page.send(lookMessage({ moving: true }));
      const moving = await page.frame();
      const { format, width, height } = await sharp(moving.payload).metadata();
      assertEquals([format, width, height], ["jpeg", moving.header.width, moving.header.height]);
      assertEquals(moving.header.refined, false);
      page.send(lookMessage());
      const resting = await page.frame(({ refined }) => refined);
      assertEquals([resting.header.width, resting.header.height], [96, 64]);

      // The picture follows the training, and the camera.
      const later = await page.frame(({ iteration }) => iteration > resting.header.iteration);
      assertNotEquals(later.payload, resting.payload);
      for (const mode of ["depth", "opacity"] as const) {
        page.send(lookMessage({ mode, z: 5 }));
        assertGreater((await page.frame((header) => header.mode === mode)).payload.length, 100);
      }
      await page.message("sample");
      page.send({ type: "centres" });
      await page.until(() => page.binaries.some(({ header }) => header.type === "centres"));
      const centres = page.binaries.find(({ header }) => header.type === "centres")!;
      assertEquals(centres.payload.length, 6 * 4 * 60);
      page.send({ type: "control", action: "stop" });
      await page.until(() => page.closed !== undefined);
      assertEquals(page.closed?.code, 1000);
      assertEquals(page.messages.findLast(({ type }) => type === "status")?.type, "status");
    });
  },
);

deviceTest(
  "a page pauses, saves, evaluates, resumes and stops the run; a paused run still shows frames",
  async (device) => {
    const run = await watched(device, await syntheticScene(device), ENDLESS, async (url) => {
      await using page = await FakePage.open(url);
      const logged = (kind: string) =>
        page.until(() => page.messages.some((message) => message.type === "log" && message.entry.kind === kind));
      page.send(lookMessage());
      await page.frame();
      page.send({ type: "control", action: "pause" });
      await logged("pause");
      const status = page.messages.findLast((message) => message.type === "status");
      assertEquals(status?.type === "status" && status.status.phase, "paused");
      for (const z of [5, 6]) {
        const before = page.binaries.length;
        page.send(lookMessage({ moving: z === 5, z }));
        await page.frame(({ refined }) => refined === (z === 6), before);
      }
      page.send({ type: "control", action: "save" });
      page.send({ type: "control", action: "evaluate" });
      await logged("save");
      const { worst } = await page.message("worst");
      assertEquals(worst.map(({ view }) => view).sort(), [0, 1], "the held-out views come first in the list");
      await page.until(() => page.binaries.filter(({ header }) => header.type === "thumbnail").length >= 2);
      page.send({ type: "control", action: "resume" });
      await logged("resume");

      // A page that opens later knows all of that.
      await using second = await FakePage.open(url);
      const { log, scores, worst: known } = await second.message("hello");
      assertEquals(log.map(({ kind }) => kind).slice(0, 5), ["plan", "pause", "save", "evaluate", "evaluate"]);
      assertEquals([scores.length, known], [2, worst]);
      await second.until(() => second.binaries.length >= 2);
      second.send({ type: "control", action: "stop" });
      await Promise.all([page, second].map((one) => one.until(() => one.closed !== undefined)));
    });
    const wanted = ["pause", "save", "view", "evaluate", "resume", "done"];
    assertEquals(wanted.filter((type) => !types(run).includes(type)), []);
  },
);

deviceTest("a run that is watched ends with the bits of one that is not", async (device) => {
  const scene = await syntheticScene(device);
  const alone = await watched(device, scene, SHORT, () => Promise.resolve());
  let frames = 0;
  const seen = await watched(device, scene, SHORT, async (url) => {
    await using page = await FakePage.open(url);
    for (let z = 4; page.closed === undefined; z += 0.01) {
      page.send(lookMessage({ moving: true, z, mode: Math.round(100 * z) % 2 === 0 ? "color" : "depth" }));
      page.send({ type: "centres" });
      const before = page.binaries.length;
      await page.until(() => page.binaries.length > before || page.closed !== undefined);
    }
    frames = page.binaries.filter(({ header }) => header.type === "frame").length;
  });
  assertGreater(frames, 3);
  assert(types(seen).includes("densify"));
  assertEquals(seen.rows, alone.rows);
});

deviceTest("pages that misbehave lose their connection, and the others notice nothing", async (device) => {
  await watched(device, await syntheticScene(device), ENDLESS, async (url) => {
    await using page = await FakePage.open(url);
    page.send(lookMessage());
    for (
      const [data, code] of [
        ["{", 1008],
        [new Uint8Array(16), 1008],
        [`"${"x".repeat(100_000)}"`, 1009],
        ['{"type":"control","action":"exit"}', 1008],
      ] as const
    ) {
      await using wrong = await FakePage.open(url);
      wrong.send(data);
      await wrong.until(() => wrong.closed !== undefined);
      assertEquals(wrong.closed?.code, code);
    }
    await using flood = await FakePage.open(url);
    for (let i = 0; i < 1000; i++) flood.send({ type: "hide" });
    await flood.until(() => flood.closed !== undefined);

    // One that draws nothing gets two frames, and no more.
    await using slow = await FakePage.open(url);
    slow.acknowledges = false;
    slow.send(lookMessage());
    await slow.frame();
    const { iteration } = page.binaries[page.binaries.length - 1].header;
    await page.frame((header) => header.iteration > iteration + 20, page.binaries.length);
    assert(slow.binaries.length <= 2, `${slow.binaries.length} frames`);
    assertEquals([slow.closed, page.closed], [undefined, undefined]);

    // One that reads nothing at all, and then breaks off.
    const clients = (count: number, from: number) =>
      page.until(() =>
        page.messages.slice(from).some((message) => message.type === "status" && message.status.clients === count)
      );
    const opened = page.messages.length;
    const stalled = await stalledPage(url);
    await clients(3, opened);
    const { iteration: at } = page.binaries[page.binaries.length - 1].header;
    await page.frame((header) => header.iteration > at + 20, page.binaries.length);
    const broken = page.messages.length;
    stalled.close();
    await clients(2, broken);
    page.send({ type: "control", action: "stop" });
    await page.until(() => page.closed !== undefined);
  });
});

deviceTest("a connection that breaks off is forgotten, and there is room for no more than some", async (device) => {
  await watched(device, await syntheticScene(device), ENDLESS, async (url) => {
    await using page = await FakePage.open(url);
    const many = await Promise.all(Array.from({ length: MOST_CLIENTS - 1 }, () => FakePage.open(url)));
    await using one = await FakePage.open(url);
    assertEquals(one.closed?.code, 1013);
    for (const other of many) other.send(lookMessage());
    await Promise.all(many.map((other) => other.frame()));
    const before = page.messages.length;
    for (const other of many) await other[Symbol.asyncDispose]();
    await page.until(() =>
      page.messages.slice(before).some((message) => message.type === "status" && message.status.clients === 1)
    );
    page.send({ type: "control", action: "stop" });
    await page.until(() => page.closed !== undefined);
  });
});

deviceTest("the server gives the page's files, the capture and its photos to its own pages only", async (device) => {
  const sharp = await loadSharp();
  const scene = await syntheticScene(device);
  await watched(device, scene, ENDLESS, async (url) => {
    const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, url), init);
    const status = async (path: string, init: RequestInit = {}): Promise<number> => {
      const response = await get(path, init);
      await response.body?.cancel();
      return response.status;
    };
    const index = await get("/");
    assertEquals(index.headers.get("content-type"), "text/html; charset=utf-8");
    const policy = index.headers.get("content-security-policy")!;
    assert(policy.startsWith("default-src 'none'; ") && !/unsafe|https?:|\*/.test(policy), policy);
    await index.text();
    const { views, source } = await (await get("/scene.json")).json();
    assertEquals(views.map(({ set }: { set: string }) => set).join(), "test,test,train,train,train,train,train,train");
    assertEquals(source, scene.source);

    const photo = await (await get("/photo/0")).bytes();
    const { width, height } = await sharp(photo).metadata();
    assertEquals([width, height], [50, 37]);
    assertEquals((await sharp(await (await get("/photo/0?width=20")).bytes()).metadata()).width, 20);
    const missing = ["/photo/8", "/photo/-1", "/photo/x", "/page", "/view/page/none.ts", "/view/page/%2e%2e/server.ts"];
    for (const path of [...missing, "/view/server.ts", "/view/page/deno.json", "/base/atomic.ts"]) {
      assertEquals(await status(path), 404, path);
    }
    assertEquals([await status("/photo/0?width=0"), await status("/socket")], [400, 426]);
    assertEquals(await status("/", { method: "POST" }), 405);
    const foreign = { headers: { origin: "http://evil.com" } };
    for (const path of ["/", "/scene.json", "/photo/0", "/socket"]) {
      assertEquals(await status(path, foreign), 403, path);
    }
    await using stranger = new FakePage(url, { origin: "http://evil.com" });
    await stranger.until(() => stranger.closed !== undefined);
    assertEquals(stranger.messages, []);

    await using page = await FakePage.open(url);
    page.send({ type: "control", action: "stop" });
    await page.until(() => page.closed !== undefined);
  });
});

Deno.test("on an address that others reach, only the URL with the token opens the page", async () => {
  const viewer = new Viewer(new TrainController());
  await using server = ViewServer.listen(viewer, { hostname: "0.0.0.0", port: 0 });
  const { port, searchParams } = new URL(server.url);
  const token = searchParams.get("token")!;
  const local = `http://127.0.0.1:${port}/`;
  const status = async (path: string): Promise<number> => {
    const response = await fetch(new URL(path, local));
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(`/?token=${token}`), 200);
  for (const path of ["/", "/scene.json", "/photo/0", "/socket", `/?token=${token.slice(1)}0`]) {
    assertEquals(await status(path), 403, path);
  }
  await using wrong = new FakePage(`${local}?token=${"0".repeat(32)}`);
  await wrong.until(() => wrong.closed !== undefined);
  assertEquals(wrong.messages, []);
  await using page = await FakePage.open(`${local}?token=${token}`);
  assertEquals((await page.message("hello")).scene, false);
});

Deno.test("a port that is in use, and an address of another machine, are errors that say what to do", async () => {
  const viewer = new Viewer(new TrainController());
  await using server = ViewServer.listen(viewer, { hostname: "127.0.0.1", port: 0 });
  const port = Number(new URL(server.url).port);
  assertThrows(
    () => ViewServer.listen(viewer, { hostname: "127.0.0.1", port }),
    Error,
    `Cannot listen on 127.0.0.1:${port}: the port is in use; choose another one with --port`,
  );
  assertThrows(
    () => ViewServer.listen(viewer, { hostname: "192.0.2.1", port: 0 }),
    Error,
    "--ip takes an address of this machine",
  );
  await assertRejects(() => fetch("http://127.0.0.1:1/"), TypeError); // no server is left behind on another port
});
