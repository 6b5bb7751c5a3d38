// The panel's tabs: the worst views, all views, the log.

import type { LogEntry, PageScene, ScoredView } from "../protocol.ts";
import { byId, make } from "./dom.ts";
import { whole } from "./format.ts";
import { resource } from "./resource.ts";
import { operateTabs } from "./tabs.ts";
import { ViewList } from "./view_list.ts";

/** Lines of the log that are shown. */
const MOST_LINES = 1000;

/** Width of the photo beside a render of the worst views. */
const THUMBNAIL_WIDTH = 160;

/** The tabs beside the viewport. */
export class Panel {
  readonly #jump: (view: number) => void;
  readonly #log = byId("log", HTMLOListElement);
  #scene: PageScene | undefined;
  readonly #views: ViewList;
  /** Images of the renders of the worst views. */
  readonly #renders = new Map<number, HTMLImageElement>();
  readonly #thumbnails = new Map<number, string>();

  /** @param jump Called with the view that was chosen */
  constructor(jump: (view: number) => void) {
    this.#jump = jump;
    operateTabs(["run", "views", "log"]);
    this.#views = new ViewList(jump);
  }

  /** Lists the views. */
  setScene(scene: PageScene): void {
    this.#scene = scene;
    this.#views.set(scene.views.map(({ name, set }) => ({ name, fact: set === "test" ? "held out" : "", set })));
  }

  /** Marks the view that the camera stands at. */
  mark(view: number | undefined): void {
    this.#views.mark(view);
  }

  /** Shows the views with the lowest PSNR. */
  setWorst(worst: readonly ScoredView[]): void {
    byId("worst_section", HTMLElement).hidden = worst.length === 0;
    this.#renders.clear();
    byId("worst", HTMLUListElement).replaceChildren(...worst.flatMap(({ view, psnr }) => {
      const shown = this.#scene?.views[view];
      if (shown === undefined) return [];
      const item = make("li");
      const button = make("button", "card");
      button.type = "button";
      button.title = `${shown.name}: render and photo`;
      const pair = make("span", "pair");
      const [render, photo] = [make("img"), make("img")];
      render.alt = `Render of ${shown.name}`;
      photo.alt = `Photo ${shown.name}`;
      photo.src = resource(`/photo/${view}`, { width: String(THUMBNAIL_WIDTH) });
      this.#renders.set(view, render);
      this.#showThumbnail(view);
      pair.append(render, photo);
      const facts = make("span", "facts");
      facts.append(make("span", "name", shown.name), make("span", "fact", `${psnr.toFixed(2)} dB`));
      button.append(pair, facts);
      button.addEventListener("click", () => this.#jump(view));
      item.append(button);
      return [item];
    }));
  }

  /** Takes the render of a view. */
  setThumbnail(view: number, jpeg: Blob): void {
    const before = this.#thumbnails.get(view);
    this.#thumbnails.set(view, URL.createObjectURL(jpeg));
    this.#showThumbnail(view);
    if (before !== undefined) URL.revokeObjectURL(before);
  }

  /** Replaces the log. */
  setLog(entries: readonly LogEntry[]): void {
    this.#log.replaceChildren();
    for (const entry of entries) this.addEntry(entry);
  }

  /** Adds a line at the top of the log. */
  addEntry({ iteration, kind, text }: LogEntry): void {
    const line = make("li", kind);
    line.append(make("span", "at", whole(iteration)), make("span", "", text));
    this.#log.prepend(line);
    if (this.#log.childElementCount > MOST_LINES) this.#log.lastElementChild?.remove();
  }

  #showThumbnail(view: number): void {
    const image = this.#renders.get(view);
    const url = this.#thumbnails.get(view);
    if (image !== undefined && url !== undefined) image.src = url;
  }
}
