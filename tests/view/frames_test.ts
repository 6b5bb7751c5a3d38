// Which page's frame is rendered, and with how much detail.
import { assertEquals } from "@std/assert";
import { countInstances } from "../../ffi/rasterizer.ts";
import { Client } from "../../view/client.ts";
import { Frames } from "../../view/frames.ts";
import type { BinaryHeader } from "../../view/protocol.ts";
import { syntheticTruth } from "../support/synthetic_scene.ts";
import { deviceTest } from "../support/device.ts";
import { lookMessage } from "./pages.ts";

/** A page that draws its frames at once. */
function page(now: () => number) {
  const socket = { bufferedAmount: 0, send: () => {}, close: () => {} };
  const client = new Client(socket, { message: () => {}, wake: () => {}, dropped: () => {} }, now);
  const headers: BinaryHeader[] = [];
  client.sendBinary = (message) => {
    const length = new DataView(message.buffer).getUint32(0, true);
    headers.push(JSON.parse(new TextDecoder().decode(message.subarray(4, 4 + length))));
  };
  const look = (options: Parameters<typeof lookMessage>[0]) => client.receive(JSON.stringify(lookMessage(options)));
  return { client, look, headers, draw: () => client.receive('{"type":"shown","frame":1000}') };
}

deviceTest("pages take turns; a page that asks for new detail at once gets fast frames first", async (device) => {
  using gaussians = syntheticTruth(device, 30).truth;
  let now = 0;
  const frames = new Frames({ background: [0, 0, 0], camera: {} }, () => now);
  const pages = [page(() => now), page(() => now)];
  const clients = pages.map(({ client }) => client);
  const render = (iteration: number, paused = false) => frames.render(clients, gaussians, { iteration, paused });
  assertEquals(await render(1), false, "nobody looks");

  for (const { look } of pages) look({ z: 4 });
  assertEquals(await render(1), true);
  const [first, second] = clients[0].rendered.wish > 0 ? clients : clients.toReversed();
  assertEquals([first.rendered.refined, second.rendered.wish], [true, 0]);
  frames.pace.rendered(96 * 64, 100, false); // what it took on a slow machine
  assertEquals(await render(2), false, "the run has had none of the time since");
  now += 100;
  assertEquals(await render(2), true);
  assertEquals([second.rendered.wish, second.rendered.refined], [1, false], "the first one's detail was just rendered");

  assertEquals(await render(3), false);
  now += 300;
  assertEquals([await render(3), await render(3), await render(3)], [true, true, false]);
  assertEquals([second.rendered.refined, second.rendered.iteration], [true, 3]);

  // Paused, all get all detail; then nothing is due.
  pages.forEach(({ draw }) => draw());
  frames.pace.rendered(96 * 64, 100, false);
  for (const { look } of pages) look({ z: 5 });
  assertEquals([await render(3, true), await render(3, true), await render(3, true)], [true, true, false]);
  assertEquals([first.rendered.refined, second.rendered.refined], [true, true]);
  pages.forEach(({ draw }) => draw());

  // A new picture while the camera rests, when its time has come.
  frames.pace.rendered(96 * 64, 100, false);
  now += 249;
  assertEquals([frames.pace.mayRefine, await render(9)], [false, false]);
  now += 51;
  assertEquals([await render(9), await render(9), await render(9)], [true, true, false]);
  assertEquals([first.rendered.iteration, second.rendered.iteration], [9, 9]);
});

deviceTest(
  "a frame that cannot be rendered is told, and not tried again until the page asks for another",
  async (device) => {
    const gaussians = syntheticTruth(device, 30).truth;
    gaussians[Symbol.dispose]();
    const frames = new Frames({ background: [0, 0, 0], camera: {} });
    const { client, look } = page(() => 0);
    const told: string[] = [];
    client.send = (message) => void told.push(message.type);
    const render = () => frames.render([client], gaussians, { iteration: 1, paused: true });
    look({});
    assertEquals([await render(), await render(), told], [true, false, ["problem"]]);
    look({ z: 5 });
    assertEquals([await render(), client.ready], [true, true]);
  },
);

deviceTest("a frame is no larger than the memory plan has room for", async (device) => {
  using gaussians = syntheticTruth(device, 30).truth;
  const frames = new Frames({ background: [0, 0, 0], camera: {} });
  const { client, look, headers } = page(() => 0);
  frames.pace.rendered(96 * 64, 0.001, false); // time allows all detail
  look({});
  for (const [mostPixels, size] of [[96 * 64, [96, 64]], [1000, [39, 26]]] as const) {
    frames.mostPixels = mostPixels;
    look({ z: 4 + mostPixels / 1e6 });
    const before = headers.length;
    await frames.render([client], gaussians, { iteration: 1, paused: true });
    while (headers.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    const header = headers[headers.length - 1];
    assertEquals(header.type === "frame" && [header.width, header.height], [...size]);
    client.receive(JSON.stringify({ type: "shown", frame: header.type === "frame" ? header.frame : 0 }));
  }
});

deviceTest("where memory is short, a frame has no more splats in its tiles than there is room for", async (device) => {
  using gaussians = syntheticTruth(device, 30).truth;
  const frames = new Frames({ background: [0, 0, 0], camera: {} });
  const { client, look, headers } = page(() => 0);
  const problems: string[] = [];
  client.send = (message) => message.type === "problem" && problems.push(message.text);
  frames.pace.rendered(96 * 64, 0.001, false); // time allows all detail
  const pairs = await countInstances(gaussians, lookMessage().camera);
  for (const [mostPairs, width] of [[pairs, 96], [pairs - 1, 48], [0, undefined]] as const) {
    frames.mostPairs = mostPairs;
    look({});
    const before = headers.length;
    await frames.render([client], gaussians, { iteration: 1, paused: true });
    while (headers.length + problems.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    const header = headers[before];
    assertEquals(header?.type === "frame" ? header.width : undefined, width);
    client.receive(JSON.stringify({ type: "shown", frame: header?.type === "frame" ? header.frame : 0 }));
  }
  assertEquals(problems, ["No frame: the memory that the run leaves is too little for the splats of this view"]);
});
