// What a viewer tells its pages, over sockets that only remember.
import { assertEquals } from "@std/assert";
import { TrainController } from "../../train/controller.ts";
import type { DoneEvent, PlanEvent } from "../../train/events.ts";
import type { ServerMessage } from "../../view/protocol.ts";
import { MOST_CLIENTS, Viewer } from "../../view/viewer.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene, syntheticTruth } from "../support/synthetic_scene.ts";

function socket() {
  const messages: ServerMessage[] = [];
  const closed: (number | undefined)[] = [];
  return {
    messages,
    closed,
    bufferedAmount: 0,
    send: (data: string | Uint8Array) => void (typeof data === "string" && messages.push(JSON.parse(data))),
    close: (code?: number) => void closed.push(code),
  };
}

deviceTest("a page knows the iterations that --max_seconds has decided, once they are", async (device) => {
  using gaussians = syntheticTruth(device, 3).truth;
  const viewer = new Viewer(new TrainController());
  const page = socket();
  viewer.connect(page);
  const status = () => page.messages.findLast((message) => message.type === "status")!.status;
  assertEquals([status().phase, status().iterations], ["loading", 0]);
  viewer.begin({ scene: await syntheticScene(device), iterations: 30_000, background: [0, 0, 0], device: "a test" });
  const plan = {
    type: "plan",
    iteration: 0,
    gaussians,
    target: 3,
    densification: [],
    plan: {},
    timePlan: { iterations: 1234 },
  };
  await viewer.event(plan as unknown as PlanEvent);
  assertEquals([status().phase, status().iterations], ["training", 1234]);
});

deviceTest("pages steer a run while it trains, and do not save again and again", async (device) => {
  using gaussians = syntheticTruth(device, 3).truth;
  const asked: string[] = [];
  const actions = ["pause", "resume", "stop", "save", "evaluate"] as const;
  const controller = Object.fromEntries(actions.map((action) => [action, () => void asked.push(action)]));
  const viewer = new Viewer(controller as unknown as TrainController);
  const page = socket();
  const client = viewer.connect(page)!;
  const press = (action: typeof actions[number]) => client.receive(JSON.stringify({ type: "control", action }));
  viewer.begin({ scene: await syntheticScene(device), iterations: 9, background: [0, 0, 0], device: "a test" });
  press("pause");
  assertEquals(asked, [], "the capture is still being loaded");
  const plan = { type: "plan", iteration: 0, gaussians, target: 3, densification: [], plan: {}, timePlan: null };
  await viewer.event(plan as unknown as PlanEvent);
  for (const action of ["save", "save", "evaluate", "evaluate", "pause", "resume"] as const) press(action);
  assertEquals(asked, ["save", "evaluate", "pause", "resume"]);
  assertEquals(page.messages.filter(({ type }) => type === "problem").length, 2);
});

deviceTest("pages are told that a run has failed, and are closed", async (device) => {
  using gaussians = syntheticTruth(device, 3).truth;
  const viewer = new Viewer(new TrainController());
  viewer.begin({ scene: await syntheticScene(device), iterations: 9, background: [0, 0, 0], device: "a test" });
  const pages = Array.from({ length: MOST_CLIENTS }, socket);
  for (const page of pages) viewer.connect(page);
  assertEquals(viewer.connect(socket()), undefined);
  await viewer.event({ type: "save", iteration: 3, gaussians, ending: "failed" });
  await viewer.end();
  await viewer.end(); // as often as anybody likes
  for (const { messages, closed } of pages) {
    const last = messages[messages.length - 1];
    assertEquals([last.type === "status" && last.status.phase, closed], ["failed", [1000]]);
  }
});

deviceTest(
  "pages are told which file is exported, and how much of it is done, until the run is over",
  async (device) => {
    using gaussians = syntheticTruth(device, 3).truth;
    let now = 0;
    const viewer = new Viewer(new TrainController(), () => now);
    viewer.begin({ scene: await syntheticScene(device), iterations: 9, background: [0, 0, 0], device: "a test" });
    const page = socket();
    viewer.connect(page);
    const told = () =>
      page.messages.splice(0).flatMap((message) => {
        if (message.type !== "status") return [];
        const { phase, exporting } = message.status;
        return [[phase, exporting?.file, exporting?.share]];
      });
    const done = { type: "done", iteration: 9, gaussians, result: { aborted: false } };
    await viewer.event(done as unknown as DoneEvent);
    assertEquals(told().at(-1), ["finished", undefined, undefined]);
    viewer.exporting("a.sog", null);
    viewer.exporting("a.sog", 0.1); // too soon after the last message
    now = 1000;
    viewer.exporting("a.sog", 0.25);
    viewer.exporting("a.spz", null);
    assertEquals(told(), [["exporting", "a.sog", null], ["exporting", "a.sog", 0.25], ["exporting", "a.spz", null]]);
    await viewer.end();
    assertEquals(told(), [["finished", undefined, undefined]]);
  },
);
