// Puts the page together: the connection, the camera and the stage, the panel and the bars.

import type { Vec3 } from "../../base/vec3.ts";
import type { BinaryHeader, FrameMode, LogEntry, PageScene, ServerMessage } from "../protocol.ts";
import { FreeCamera } from "./camera.ts";
import { Centres } from "./centres.ts";
import { Charts } from "./charts.ts";
import { Connection } from "./connection.ts";
import { Controls, isTyping } from "./controls.ts";
import { byId, Segments, setText } from "./dom.ts";
import { Panel } from "./panel.ts";
import { resource } from "./resource.ts";
import { RunBars } from "./run_bars.ts";
import { type Compare, Stage } from "./stage.ts";

/** Milliseconds between two requests for the centres, which move while the run goes on. */
const CENTRES_MS = 2000;

/** Lines of the log that are also shown over the picture, and for how long. */
const TOASTED = ["save", "evaluate", "warning", "done"];
const TOAST_MS = 5000;

const camera = new FreeCamera();
const charts = new Charts();
const centres = new Centres();
const stage = new Stage(() => look(false));
const panel = new Panel(jump);
const bars = new RunBars((action) => connection.send({ type: "control", action }));
const modes = new Segments("mode", (mode) => setMode(mode as FrameMode));
const compares = new Segments("compare", (compare) => setCompare(compare as Compare));
new Controls(stage.element, camera, (moving) => {
  if (moving) leaveView();
  look(moving);
});

let scene: PageScene | undefined;
let mode: FrameMode = "color";
/** The view that the camera was last put at, and whether it is still there. */
let view = 0;
let atView = false;
let moving = false;
let asked = false;
let run: string | undefined;
let toasting: ReturnType<typeof setTimeout> | undefined;

const connection: Connection = new Connection({
  message: receive,
  binary: (header, payload) => void receiveBinary(header, payload),
  lost(reason) {
    bars.setPhase("lost");
    setText("notice", `No connection to the run${reason === "" ? "" : `: ${reason}`}. Trying again …`);
  },
});

function receive(message: ServerMessage): void {
  switch (message.type) {
    case "hello":
      if (run !== undefined && run !== message.run) return location.reload(); // scene and photos are of another run
      run = message.run;
      bars.setStatus(message.status);
      if (message.samples.length > 0) bars.setSample(message.samples[message.samples.length - 1]);
      charts.reset(message.samples, message.scores);
      panel.setLog(message.log);
      setText("notice", message.scene ? "" : "The capture is being loaded …");
      if (message.scene) void open().then(() => panel.setWorst(message.worst));
      return;
    case "status":
      return bars.setStatus(message.status);
    case "sample":
      bars.setSample(message.sample);
      return charts.addSample(message.sample, message.thinned);
    case "score":
      return charts.addScore(message.score);
    case "log":
      toast(message.entry);
      return panel.addEntry(message.entry);
    case "worst":
      return panel.setWorst(message.worst);
    case "problem":
      return setText("notice", message.text);
  }
}

async function receiveBinary(header: BinaryHeader, payload: Uint8Array<ArrayBuffer>): Promise<void> {
  const jpeg = (): Blob => new Blob([payload], { type: "image/jpeg" });
  switch (header.type) {
    case "frame":
      await stage.draw(jpeg());
      connection.send({ type: "shown", frame: header.frame });
      bars.setFrame(header);
      setText("notice", "");
      Object.assign(stage.element.dataset, {
        frame: header.frame,
        iteration: header.iteration,
        refined: header.refined,
        mode: header.mode,
      });
      return;
    case "thumbnail":
      return panel.setThumbnail(header.view, jpeg());
    case "centres":
      centres.take(payload, header.count);
      return drawCentres();
  }
}

/** Fetches the capture once, and shows its first view. */
async function open(): Promise<void> {
  if (scene === undefined) {
    const response = await fetch(resource("/scene.json"));
    if (!response.ok) return setText("notice", await response.text());
    const opened: PageScene = await response.json();
    scene = opened;
    bars.setScene(opened);
    panel.setScene(opened);
    camera.up = opened.up as unknown as Vec3;
    return jump(0);
  }
  look(false);
}

/** Puts the camera at a view. */
function jump(index: number): void {
  if (scene === undefined) return;
  view = (index + scene.views.length) % scene.views.length;
  atView = true;
  camera.takePose(scene.views[view].camera, scene.target as unknown as Vec3);
  showView();
  look(false);
}

/** The camera leaves its view, and the photo with it. */
function leaveView(): void {
  if (!atView) return;
  atView = false;
  showView();
}

function showView(): void {
  const shown = scene?.views[view];
  if (shown === undefined) return;
  setText("view_name", atView ? shown.name : "Free camera");
  panel.mark(atView ? view : undefined);
  stage.showPhoto(atView ? { ...shown, url: resource(`/photo/${view}`) } : undefined);
  compares.show(atView ? stage.compare : "render", atView);
}

function setCompare(compare: Compare): void {
  stage.compare = compare;
  stage.update();
  compares.show(compare, atView);
}

function setMode(next: FrameMode): void {
  mode = next;
  modes.show(mode);
  look(false);
}

function toggleCentres(): void {
  centres.shown = !centres.shown;
  byId("centres", HTMLButtonElement).setAttribute("aria-pressed", String(centres.shown));
  stage.element.dataset.centres = String(centres.shown);
  if (centres.shown) connection.send({ type: "centres" });
}

function drawCentres(): void {
  if (centres.shown && scene !== undefined) {
    centres.draw(camera.shot(stage.lens(scene.views[view].camera)), camera.distance);
  }
}

/** Asks for frames of the camera, at most once for each frame of the screen. */
function look(moves: boolean): void {
  moving = moves;
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (scene === undefined || document.hidden) return;
    const lens = stage.lens(scene.views[view].camera);
    connection.send({ type: "look", camera: camera.shot(lens), mode, moving });
    drawCentres();
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) connection.send({ type: "hide" });
  else look(false);
});
setInterval(() => {
  if (centres.shown && !document.hidden) connection.send({ type: "centres" });
}, CENTRES_MS);

byId("previous", HTMLButtonElement).addEventListener("click", () => jump(view - 1));
byId("next", HTMLButtonElement).addEventListener("click", () => jump(view + 1));
byId("view_name", HTMLButtonElement).addEventListener("click", () => jump(view));
byId("centres", HTMLButtonElement).addEventListener("click", toggleCentres);
byId("help", HTMLButtonElement).addEventListener("click", toggleHelp);

function toggleHelp(): void {
  const keys = byId("keys", HTMLElement);
  keys.hidden = !keys.hidden;
  byId("help", HTMLButtonElement).setAttribute("aria-expanded", String(!keys.hidden));
}

function toast({ kind, text }: LogEntry): void {
  if (!TOASTED.includes(kind)) return;
  setText("toast", text);
  clearTimeout(toasting);
  toasting = setTimeout(() => setText("toast", ""), TOAST_MS);
}

/** Shows the photo in a way, or the render again. */
function toggleCompare(compare: Compare): void {
  if (!atView) jump(view);
  setCompare(stage.compare === compare ? "render" : compare);
}

const KEYS: Readonly<Record<string, () => void>> = {
  "[": () => jump(view - 1),
  "]": () => jump(view + 1),
  "r": () => jump(view),
  "1": () => setMode("color"),
  "2": () => setMode("depth"),
  "3": () => setMode("opacity"),
  "c": toggleCentres,
  "p": () => toggleCompare("photo"),
  "x": () => toggleCompare("difference"),
  "v": () => toggleCompare("wipe"),
  "?": toggleHelp,
};

addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  if (event.key === " ") {
    if (event.target instanceof HTMLButtonElement || !bars.running) return;
    event.preventDefault();
    return byId("pause", HTMLButtonElement).click();
  }
  KEYS[event.key.toLowerCase()]?.();
});
