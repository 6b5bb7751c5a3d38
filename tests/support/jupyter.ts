// A stand-in for what Deno's Jupyter kernel gives to programs.

import type { MimeBundle } from "../../base/display.ts";

/** An output of a cell, as a front end gets it. */
export interface Output {
  data: MimeBundle;
  /** What later outputs replace it by. */
  id?: string;
  /** Whether it replaces an earlier one. */
  update: boolean;
}

/**
 * Makes this program look as if it ran in the kernel.
 *
 * @param onShow Called with each output
 * @returns All outputs so far, and what ends it
 */
export function standInJupyter(onShow: (output: Output) => void = () => {}): { shown: Output[]; restore: () => void } {
  const shown: Output[] = [];
  const jupyter = {
    display(data: MimeBundle, { display_id: id, update = false }: Deno.jupyter.DisplayOptions = {}): Promise<void> {
      shown.push({ data, id, update });
      onShow(shown.at(-1)!);
      return Promise.resolve();
    },
  };
  const holder = Deno as { jupyter: unknown };
  holder.jupyter = jupyter;
  const restore = (): void => void (holder.jupyter = undefined);
  return { shown, restore };
}
