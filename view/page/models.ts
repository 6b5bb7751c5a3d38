// Puts the page of finished models together: one model or two, one camera, the panel.

import { scale, subtract, type Vec3 } from "../../base/vec3.ts";
import type { PageCameras, PageModel, PageModels } from "../model_protocol.ts";
import type { PageCamera } from "../protocol.ts";
import { FreeCamera } from "./camera.ts";
import { Controls, isTyping } from "./controls.ts";
import { byId, Segments, setText } from "./dom.ts";
import { type Drawing, loadDrawing } from "./drawing.ts";
import { pickView } from "./frusta.ts";
import { type Choice, ModelSection } from "./model_panel.ts";
import { fittedLens, type Lens, sizeInPixels, wholeLens } from "./lens.ts";
import { resource } from "./resource.ts";
import { SplatPane } from "./splat_pane.ts";
import { operateTabs } from "./tabs.ts";
import { ViewList } from "./view_list.ts";
import { Wipe } from "./wipe.ts";

/** How two models are shown. */
type Layout = "beside" | "wipe";

/** Vertical angle of a camera without a view, in degrees, and how much more than the bulk of a model it sees. */
const ANGLE = 60, ROOM = 1.5;

/** Pixels that a pointer may move between press and release in a click. */
const CLICK = 4;

/** A model on the page. */
interface Shown {
  model: PageModel;
  name: string;
  pane: SplatPane;
  canvas: HTMLCanvasElement;
  section: ModelSection;
  choice: Choice;
  /** What is said while it is not there. */
  notice: string;
  loading: AbortController;
}

const stage = byId("stage", HTMLElement);
const camera = new FreeCamera();
const wipe = new Wipe(() => stage.getBoundingClientRect(), () => look());
const list = new ViewList(jump);
const layouts = new Segments("layout", (chosen) => setLayout(chosen as Layout));
new Controls(stage, camera, (moving) => {
  if (moving) leaveView();
  look();
});
operateTabs(["model", "views"]);

let shown: Shown[] = [];
/** The model whose cameras are listed; all others are shown in its coordinates. */
let reference: Shown | undefined;
let cameras: PageCameras | undefined;
let layout: Layout = "beside";
/** The view that the camera was last put at, and whether it is still there. */
let view = 0;
let atView = false;
let frusta = true;
let asked = false;
/** What the free camera sees with. */
let lens: Lens | undefined;
let shots: PageCamera[] = [];

async function open(): Promise<void> {
  const response = await fetch(resource("/models.json"));
  if (!response.ok) throw new Error(await response.text());
  const { models, form }: PageModels = await response.json();
  const drawing = await loadDrawing();
  const names = namesOf(models);
  document.title = `${names.join(" · ")} · tame`;
  setText("source", names.join(" · "));
  shown = models.map((model, i) => place(drawing, { model, name: names[i], form }, i));
  byId("layout", HTMLElement).hidden = shown.length < 2;
  if (shown.length > 1) {
    for (const [i, name] of names.entries()) {
      Object.assign(byId(`caption_${i}`, HTMLElement), { textContent: name, hidden: false });
    }
  }
  reference = shown.find(({ model }) => model.cameras !== undefined) ?? shown[0];
  ({ cameras } = reference.model);
  byId("steps", HTMLElement).hidden = cameras === undefined;
  byId("frusta", HTMLElement).hidden = cameras === undefined;
  byId("no_views", HTMLElement).hidden = cameras !== undefined;
  byId("filter", HTMLElement).hidden = cameras === undefined;
  if (cameras !== undefined) {
    camera.up = cameras.up as unknown as Vec3;
    for (const { pane } of shown) pane.frusta.set(cameras);
    jump(0);
  }
  new ResizeObserver(() => look()).observe(stage);
  await Promise.all(shown.map(load));
  if (cameras === undefined) lookAtAll();
}

function place(
  drawing: Drawing,
  { model, name, form }: { model: PageModel; name: string; form: Choice["form"] },
  index: number,
): Shown {
  const canvas = byId(`canvas_${index}`, HTMLCanvasElement);
  canvas.hidden = false;
  canvas.setAttribute("aria-label", name);
  const one: Shown = {
    model,
    name,
    canvas,
    pane: new SplatPane(drawing, canvas, () => look()),
    section: new ModelSection(model, name, (choice) => {
      one.choice = { ...one.choice, ...choice };
      void load(one);
    }),
    choice: { saved: model.first, form },
    notice: "",
    loading: new AbortController(),
  };
  return one;
}

/** Loads what is chosen of a model, in place of what is there. */
async function load(one: Shown): Promise<void> {
  const { model, pane, section } = one;
  const saved = model.saved[one.choice.saved];
  const form = saved.forms.find(({ name }) => name === one.choice.form) ?? saved.forms[0];
  one.choice = { saved: one.choice.saved, form: form.name };
  section.show(one.choice);
  showViews();
  one.loading.abort();
  one.loading = new AbortController();
  const { signal } = one.loading;
  say(one, form.bytes === null ? `Encoding as SOG, about ${form.seconds} s …` : "Loading …");
  try {
    await pane.show({
      url: resource(`/model/${shown.indexOf(one)}/${one.choice.saved}.${form.name}`),
      form: form.name,
      count: saved.count,
      antialiased: saved.antialiased,
      place: change(saved.frame, reference!.model.saved[reference!.choice.saved].frame),
      near: model.near,
      white: model.white,
      signal,
      progress(loaded, total) {
        form.bytes = total;
        const share = Math.floor(100 * loaded / total);
        say(one, loaded < total ? `Loading … ${share} %` : "Unpacking …");
      },
    });
    if (signal.aborted) return;
    section.show(one.choice);
    say(one, "");
  } catch (error) {
    if (signal.aborted) return;
    say(one, `Cannot show ${one.name}: ${(error as Error).message}`);
  }
  look();
}

/** From the coordinates of one frame to those of another. */
function change(from: { origin: Vec3; scale: number }, to: { origin: Vec3; scale: number }) {
  return { scale: from.scale / to.scale, shift: scale(subtract(from.origin, to.origin), 1 / to.scale) };
}

function say(one: Shown, notice: string): void {
  one.notice = notice;
  if (notice !== "") stage.setAttribute("aria-busy", "true");
  const notices = shown.map((each) => each.notice).filter((text) => text !== "");
  setText("notice", notices.join(" · "));
  const failed = notices.some((text) => text.startsWith("Cannot"));
  const phase = failed ? "failed" : notices.length > 0 ? "loading" : "finished";
  if (document.body.dataset.phase !== phase) {
    const text = { failed: "Failed", loading: "Loading", finished: "Ready" }[phase];
    setText("phase", text);
    setText("announce", failed ? notices.join(". ") : text);
  }
  document.body.dataset.phase = phase;
}

/** The names of the models: the last parts of their paths that differ. */
function namesOf(models: readonly PageModel[]): string[] {
  const parts = models.map(({ path }) => path.split("/").filter((part) => part !== ""));
  const most = Math.max(...parts.map((each) => each.length));
  for (let last = 1; last < most; last++) {
    const names = parts.map((each) => each.slice(-last).join("/"));
    if (new Set(names).size === names.length) return names;
  }
  return models.map(({ path }) => path);
}

/** The list of views, with the PSNR of held-out ones where it is known. */
function showViews(): void {
  if (cameras === undefined) return;
  const scored = shown.map(({ model, choice }) => model.saved[choice.saved].psnr);
  list.set(cameras.views.map(({ name, set }, i) => {
    const psnr = scored.flatMap((values) => typeof values[i] === "number" ? [values[i].toFixed(2)] : []);
    const fact = set === "train" ? "" : psnr.length === 0 ? "held out" : `${psnr.join(" · ")} dB`;
    return { name, set, fact };
  }));
}

/** Puts the camera at a view. */
function jump(index: number): void {
  if (cameras === undefined) return;
  view = (index + cameras.views.length) % cameras.views.length;
  atView = true;
  lens = cameras.views[view].camera;
  camera.takePose(cameras.views[view].camera, cameras.target as unknown as Vec3);
  showView();
}

/** The camera leaves its view: what is around it is shown too. */
function leaveView(): void {
  if (!atView) return;
  atView = false;
  showView();
}

function showView(): void {
  setText("view_name", atView ? cameras!.views[view].name : "Free camera");
  list.mark(atView ? view : undefined);
  look();
}

/** Without views, looks at the whole of the first model from outside. */
function lookAtAll(): void {
  const [{ pane, model, choice, notice }] = shown;
  if (notice !== "") return; // it is not there
  const { center, radius } = pane.bulk(model.saved[choice.saved].count);
  const focal = 0.5 / Math.tan(ANGLE * Math.PI / 360);
  lens = { width: 1, height: 1, fx: focal, fy: focal, cx: 0.5, cy: 0.5 };
  camera.distance = ROOM * radius / Math.tan(ANGLE * Math.PI / 360);
  camera.position = [center[0], center[1], center[2] - camera.distance];
  camera.orbit(0, 0.35);
  look();
}

function setLayout(next: Layout): void {
  if (shown.length < 2) return;
  layout = next;
  layouts.show(layout);
  look();
}

/** Draws with the next frame of the screen. */
function look(): void {
  stage.setAttribute("aria-busy", "true");
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
    const busy = asked || shown.some(({ pane, notice }) => pane.sorting || notice !== "");
    stage.setAttribute("aria-busy", String(busy));
  });
}

function draw(): void {
  if (lens === undefined) return; // there is no place to look from yet
  const beside = layout === "beside" && shown.length > 1;
  const full = sizeInPixels(stage);
  const density = full.width / Math.max(1, stage.clientWidth);
  const within = beside ? { width: Math.floor(full.width / 2), height: full.height } : full;
  const lensNow = atView ? wholeLens(lens, within) : fittedLens(lens, within);
  const [width, height] = [lensNow.width / density, lensNow.height / density];
  const origin = stage.getBoundingClientRect();
  // Pixels of the picture are pixels of the screen, wherever the stage begins.
  const onGrid = (offset: number, within: number): number => Math.round(density * (offset + within)) / density - offset;
  const top = onGrid(origin.top, (full.height - lensNow.height) / 2 / density);
  shots = shown.map(({ pane, canvas }, i) => {
    const middle = beside ? (i + 0.5) * stage.clientWidth / 2 : stage.clientWidth / 2;
    const left = onGrid(origin.left, middle - width / 2);
    const shot = camera.shot(lensNow);
    pane.frusta.shown = frusta && !atView;
    pane.place({ left, top, width, height });
    const cut = Math.max(0, Math.min(1, (wipe.share * stage.clientWidth - left) / width));
    canvas.style.clipPath = i === 1 && !beside ? `inset(0 0 0 ${100 * cut}%)` : "none";
    pane.draw(shot);
    return shot;
  });
  wipe.element.hidden = beside || shown.length < 2;
  wipe.place({ left: 0, top: 0, width: stage.clientWidth, height: stage.clientHeight });
}

/** A click on a camera jumps to it. */
function pick({ clientX, clientY }: PointerEvent): void {
  if (!frusta || atView || cameras === undefined) return;
  const under = shown.findIndex(({ canvas }) => {
    const { left, right, top, bottom } = canvas.getBoundingClientRect();
    return clientX >= left && clientX < right && clientY >= top && clientY < bottom;
  });
  const shot = shots[under];
  if (shot === undefined) return;
  const { left, top, width } = shown[under].canvas.getBoundingClientRect();
  const density = shot.width / width;
  const place = { x: (clientX - left) * density, y: (clientY - top) * density };
  const found = pickView(cameras, shot, place, density);
  if (found !== undefined) jump(found);
}

let pressed: { x: number; y: number } | undefined;
stage.addEventListener("pointerdown", ({ clientX: x, clientY: y, isPrimary }) => {
  pressed = isPrimary ? { x, y } : undefined;
});
stage.addEventListener("pointerup", (event) => {
  if (pressed === undefined || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK) return;
  pick(event);
});

function toggleFrusta(): void {
  frusta = !frusta;
  byId("frusta", HTMLButtonElement).setAttribute("aria-pressed", String(frusta));
  look();
}

function toggleHelp(): void {
  const keys = byId("keys", HTMLElement);
  keys.hidden = !keys.hidden;
  byId("help", HTMLButtonElement).setAttribute("aria-expanded", String(!keys.hidden));
}

byId("previous", HTMLButtonElement).addEventListener("click", () => jump(view - 1));
byId("next", HTMLButtonElement).addEventListener("click", () => jump(view + 1));
byId("view_name", HTMLButtonElement).addEventListener("click", () => jump(view));
byId("frusta", HTMLButtonElement).addEventListener("click", toggleFrusta);
byId("help", HTMLButtonElement).addEventListener("click", toggleHelp);

const KEYS: Readonly<Record<string, () => void>> = {
  "[": () => jump(view - 1),
  "]": () => jump(view + 1),
  "r": () => jump(view),
  "c": toggleFrusta,
  "1": () => setLayout("beside"),
  "2": () => setLayout("wipe"),
  "?": toggleHelp,
};

addEventListener("keydown", (event) => {
  if (!isTyping(event)) KEYS[event.key.toLowerCase()]?.();
});

open().catch((error) => {
  document.body.dataset.phase = "failed";
  setText("phase", "Failed");
  setText("notice", (error as Error).message);
  setText("announce", (error as Error).message);
});
