// An output of a notebook's cell that is replaced in place, if this program runs in Deno's Jupyter kernel.

import type { MimeBundle } from "../base/display.ts";

/** Replaces an output of the cell that runs now. */
export class OutputCell {
  readonly #jupyter: typeof Deno.jupyter;
  readonly #id = crypto.randomUUID();
  #shown = false;

  private constructor(jupyter: typeof Deno.jupyter) {
    this.#jupyter = jupyter;
  }

  /** An output of its own; undefined outside a notebook. */
  static open(): OutputCell | undefined {
    try {
      return new OutputCell(Deno.jupyter);
    } catch {
      return undefined; // Deno has this property everywhere, and throws outside its kernel
    }
  }

  /** Shows something in place of what it showed last. */
  async show(bundle: MimeBundle): Promise<void> {
    const update = this.#shown;
    this.#shown = true;
    await this.#jupyter.display(bundle, { raw: true, display_id: this.#id, update });
  }
}
