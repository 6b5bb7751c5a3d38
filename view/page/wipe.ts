// The border of a wipe between two pictures: a slider across the stage.

import { byId } from "./dom.ts";

/** Share of the width that an arrow key moves the border. */
const STEP = 0.02;

/** The slider `wipe`. */
export class Wipe {
  readonly element: HTMLElement = byId("wipe", HTMLElement);
  /** Where the border is: 0 at the left, 1 at the right. */
  share = 0.5;

  readonly #moved: () => void;

  /**
   * @param area Where it moves, in the window
   * @param moved Called after each movement
   */
  constructor(area: () => { left: number; width: number }, moved: () => void) {
    this.#moved = moved;
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    this.element.addEventListener("pointermove", (event) => {
      if (!this.element.hasPointerCapture(event.pointerId)) return;
      const { left, width } = area();
      this.#set((event.clientX - left) / width);
    });
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.#set(this.share + by);
    });
  }

  /** Puts the slider over an area of the stage. */
  place({ left, top, width, height }: { left: number; top: number; width: number; height: number }): void {
    Object.assign(this.element.style, {
      left: `${left + this.share * width}px`,
      top: `${top}px`,
      height: `${height}px`,
    });
    this.element.setAttribute("aria-valuenow", String(Math.round(100 * this.share)));
  }

  #set(share: number): void {
    this.share = Math.max(0, Math.min(1, share));
    this.#moved();
  }
}
