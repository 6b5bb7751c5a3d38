// The stage: the last frame, and over it the photo of the view that the camera stands at.

import type { PageCamera } from "../protocol.ts";
import type { Lens } from "./camera.ts";
import { byId } from "./dom.ts";

/** How render and photo are shown. */
export type Compare = "render" | "photo" | "difference" | "wipe";

/** Pixels of the longer side of a frame, at most: a larger one takes too long to come. */
const MOST_ACROSS = 1920;

/** Share of the width that an arrow key moves the wipe's border. */
const WIPE_STEP = 0.02;

/** Draws frames and compares them with a photo. */
export class Stage {
  readonly element: HTMLElement = byId("stage", HTMLElement);
  /** How render and photo are shown while a photo can be shown. */
  compare: Compare = "render";

  readonly #picture = byId("picture", HTMLElement);
  readonly #canvas = byId("frame", HTMLCanvasElement);
  readonly #context: CanvasRenderingContext2D;
  readonly #photo = byId("photo", HTMLImageElement);
  readonly #handle = byId("wipe", HTMLElement);
  #view: PageCamera | undefined;
  #wipe = 0.5;

  /** @param resized Called when the stage has another size */
  constructor(resized: () => void) {
    this.#context = this.#canvas.getContext("2d")!;
    new ResizeObserver(() => {
      this.#place();
      resized();
    }).observe(this.element);
    this.#handle.addEventListener("pointerdown", (event) => {
      this.#handle.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    this.#handle.addEventListener("pointermove", (event) => {
      if (!this.#handle.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.#photo.getBoundingClientRect();
      this.#setWipe((event.clientX - left) / width);
    });
    this.#handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -WIPE_STEP, ArrowRight: WIPE_STEP }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.#setWipe(this.#wipe + by);
    });
  }

  /** The lens of frames: what a view's photo shows fits in the stage, with what is around it. */
  lens(view: PageCamera): Lens {
    const { clientWidth, clientHeight } = this.element;
    const density = Math.min(devicePixelRatio, MOST_ACROSS / Math.max(clientWidth, clientHeight, 1));
    const width = Math.max(1, Math.round(density * clientWidth));
    const height = Math.max(1, Math.round(density * clientHeight));
    const zoom = Math.min(width / view.width, height / view.height);
    return {
      width,
      height,
      fx: zoom * view.fx,
      fy: zoom * view.fy,
      cx: width / 2 + zoom * (view.cx - view.width / 2),
      cy: height / 2 + zoom * (view.cy - view.height / 2),
    };
  }

  /** Draws a frame. */
  async draw(jpeg: Blob): Promise<void> {
    const bitmap = await createImageBitmap(jpeg);
    const { width, height } = bitmap;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
  }

  /** Puts a photo over the frames; without one, only frames are shown. */
  showPhoto(photo: { camera: PageCamera; url: string; name: string } | undefined): void {
    this.#view = photo?.camera;
    if (photo !== undefined) {
      const url = new URL(photo.url, location.href).href;
      if (this.#photo.src !== url) this.#photo.src = url;
      this.#photo.alt = `Photo ${photo.name}`;
    }
    this.update();
  }

  /** Shows what `compare` says. */
  update(): void {
    const compare = this.#view === undefined ? "render" : this.compare;
    this.#picture.dataset.compare = compare;
    this.#photo.hidden = compare === "render";
    this.#handle.hidden = compare !== "wipe";
    if (compare !== "difference") this.#picture.style.clipPath = "none";
    this.#place();
  }

  #setWipe(share: number): void {
    this.#wipe = Math.max(0, Math.min(1, share));
    this.#place();
  }

  /** Puts the photo where the frame shows the same. */
  #place(): void {
    if (this.#view === undefined) return;
    const { clientWidth, clientHeight } = this.element;
    const zoom = Math.min(clientWidth / this.#view.width, clientHeight / this.#view.height);
    const [width, height] = [zoom * this.#view.width, zoom * this.#view.height];
    const [left, top] = [(clientWidth - width) / 2, (clientHeight - height) / 2];
    const wiped = this.compare === "wipe" ? this.#wipe : 1;
    Object.assign(this.#photo.style, {
      ...{ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` },
      clipPath: wiped < 1 ? `inset(0 ${100 * (1 - wiped)}% 0 0)` : "none",
    });
    // Around the photo there is no difference to show.
    if (this.compare === "difference") this.#picture.style.clipPath = `inset(${top}px ${left}px)`;
    Object.assign(this.#handle.style, { left: `${left + wiped * width}px`, top: `${top}px`, height: `${height}px` });
    this.#handle.setAttribute("aria-valuenow", String(Math.round(100 * this.#wipe)));
  }
}
