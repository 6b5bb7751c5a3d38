/**
 * An output of a notebook's cell that is replaced in place.
 *
 * @module
 */

import { DISPLAY, type MimeBundle } from "../base/display.ts";

/** What a notebook can show, such as a `Picture`, a `Plot` or a `Report`. */
export interface Displayable {
  /** What is shown, by MIME type. */
  [DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/**
 * An output of the cell that runs, in which one thing takes the place of another. Outside a notebook each is written to
 * the standard error as text.
 *
 * @example
 * ```ts
 * import { linePlot, OutputCell } from "../mod.ts";
 *
 * const output = new OutputCell();
 * const rows: { step: number; loss: number }[] = [];
 * for (let step = 1; step <= 3; step++) {
 *   rows.push({ step, loss: 1 / step });
 *   await output.show(linePlot(rows, { x: "step", y: "loss" }));
 * }
 * ```
 */
export class OutputCell {
  /** Whether this program runs in Deno's Jupyter kernel. */
  readonly inNotebook: boolean;
  readonly #jupyter: typeof Deno.jupyter | undefined;
  readonly #id: string = crypto.randomUUID();
  #shown = false;

  /** Takes its place below the cell with what it shows first. */
  constructor() {
    try {
      this.#jupyter = Deno.jupyter;
    } catch {
      // Deno has this property everywhere, and throws outside its kernel.
    }
    this.inNotebook = this.#jupyter !== undefined;
  }

  /** Shows something in place of what was shown last. */
  async show(value: Displayable): Promise<void> {
    const bundle = await value[DISPLAY]();
    const update = this.#shown;
    this.#shown = true;
    if (this.#jupyter === undefined) console.error(bundle["text/plain"]);
    else await this.#jupyter.display(bundle, { raw: true, display_id: this.#id, update });
  }
}
