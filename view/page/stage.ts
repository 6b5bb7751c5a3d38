// The stage: the last frame, and over it the photo of the view that the camera stands at.

import type { PageCamera } from "../protocol.ts";
import { fittedLens, type Lens, sizeInPixels } from "./lens.ts";
import { byId } from "./dom.ts";
import { Wipe } from "./wipe.ts";

/** How render and photo are shown. */
export type Compare = "render" | "photo" | "difference" | "wipe";

/** Draws frames and compares them with a photo. */
export class Stage {
  readonly element: HTMLElement = byId("stage", HTMLElement);
  /** How render and photo are shown while a photo can be shown. */
  compare: Compare = "render";

  readonly #picture = byId("picture", HTMLElement);
  readonly #canvas = byId("frame", HTMLCanvasElement);
  readonly #context: CanvasRenderingContext2D;
  readonly #photo = byId("photo", HTMLImageElement);
  readonly #wipe: Wipe;
  #view: PageCamera | undefined;

  /** @param resized Called when the stage has another size */
  constructor(resized: () => void) {
    this.#context = this.#canvas.getContext("2d")!;
    new ResizeObserver(() => {
      this.#place();
      resized();
    }).observe(this.element);
    this.#wipe = new Wipe(() => this.#photo.getBoundingClientRect(), () => this.#place());
  }

  /** The lens of frames: what a view's photo shows fits in the stage, with what is around it. */
  lens(view: PageCamera): Lens {
    return fittedLens(view, sizeInPixels(this.element));
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
    this.#wipe.element.hidden = compare !== "wipe";
    if (compare !== "difference") this.#picture.style.clipPath = "none";
    this.#place();
  }

  /** Puts the photo where the frame shows the same. */
  #place(): void {
    if (this.#view === undefined) return;
    const { clientWidth, clientHeight } = this.element;
    const zoom = Math.min(clientWidth / this.#view.width, clientHeight / this.#view.height);
    const [width, height] = [zoom * this.#view.width, zoom * this.#view.height];
    const [left, top] = [(clientWidth - width) / 2, (clientHeight - height) / 2];
    const wiped = this.compare === "wipe" ? this.#wipe.share : 1;
    Object.assign(this.#photo.style, {
      ...{ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` },
      clipPath: wiped < 1 ? `inset(0 ${100 * (1 - wiped)}% 0 0)` : "none",
    });
    // Around the photo there is no difference to show.
    if (this.compare === "difference") this.#picture.style.clipPath = `inset(${top}px ${left}px)`;
    this.#wipe.place({ left, top, width, height });
  }
}
