// Small renders of the worst views, made anew one at a time while a page looks.

import type { View } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Color } from "../ffi/rasterizer.ts";
import { resizeCamera } from "../load/camera.ts";
import { binaryMessage } from "./messages.ts";
import { encodeJpeg, renderMode } from "./render.ts";

/** Longer side of a thumbnail in pixels. */
const ACROSS = 160;

/** Milliseconds between two thumbnails. */
const INTERVAL_MS = 1000;

const QUALITY = 85;

/** The thumbnails of a run. */
export class Thumbnails {
  readonly #views: readonly View[];
  readonly #background: Color;
  readonly #now: () => number;
  /** Last message of each view. */
  #messages = new Map<number, Uint8Array<ArrayBuffer>>();
  #wanted: number[] = [];
  #iterations = new Map<number, number>();
  #next = 0;

  constructor(views: readonly View[], background: Color, now: () => number = () => performance.now()) {
    this.#views = views;
    this.#background = background;
    this.#now = now;
  }

  /** The thumbnails so far, for a page that opens. */
  messages(): Iterable<Uint8Array<ArrayBuffer>> {
    return this.#messages.values();
  }

  /** Sets the views to show; what is new among them is due at once. */
  want(views: readonly number[]): void {
    this.#wanted = [...views];
    const kept = <T>(map: Map<number, T>) => new Map([...map].filter(([view]) => views.includes(view)));
    this.#messages = kept(this.#messages);
    this.#iterations = kept(this.#iterations);
  }

  /**
   * Renders the thumbnail that is due, if one is. Native work: call it only between two steps.
   *
   * @param send Gets the message for the pages, later
   * @returns Whether it rendered one
   */
  async render(
    gaussians: Gaussians,
    iteration: number,
    send: (message: Uint8Array<ArrayBuffer>) => void,
  ): Promise<boolean> {
    const view = this.#due(iteration);
    if (view === undefined) return false;
    this.#iterations.set(view, iteration);
    this.#next = this.#now() + INTERVAL_MS;
    const { camera } = this.#views[view];
    const scale = Math.min(1, ACROSS / Math.max(camera.width, camera.height));
    const size = {
      width: Math.max(1, Math.round(scale * camera.width)),
      height: Math.max(1, Math.round(scale * camera.height)),
    };
    const small = resizeCamera(camera, size);
    const pixels = await renderMode(gaussians, small, { mode: "color", background: this.#background });
    encodeJpeg(pixels, QUALITY).then((jpeg) => {
      const message = binaryMessage({ type: "thumbnail", view, iteration }, jpeg);
      if (this.#wanted.includes(view)) this.#messages.set(view, message);
      send(message);
    }).catch(() => {}); // the next one may succeed
    return true;
  }

  /** The wanted view whose thumbnail is the oldest. */
  #due(iteration: number): number | undefined {
    const age = (view: number): number => this.#iterations.get(view) ?? -1;
    const [oldest] = this.#wanted.toSorted((a, b) => age(a) - age(b));
    if (oldest === undefined || age(oldest) === iteration) return undefined;
    return age(oldest) === -1 || this.#now() >= this.#next ? oldest : undefined;
  }
}
