// A stand-in for what Deno's Jupyter kernel gives to programs.

import { DISPLAY, type MimeBundle } from "../../base/display.ts";

/** An output of a cell, as a front end gets it. */
export interface Output {
  data: MimeBundle;
  /** What later outputs replace it by. */
  id?: string;
  /** Whether it replaces an earlier one. */
  update: boolean;
}

/** The stand-in, installed. */
export interface StandIn {
  /** All outputs so far. */
  shown: Output[];
  /** Shows the value of a cell's last statement, as the kernel does. */
  showValue(value: unknown): Promise<void>;
  /** Takes it away again. */
  restore(): void;
}

/**
 * Makes this program look as if it ran in the kernel.
 *
 * @param onShow Called with each output
 */
export function standInJupyter(onShow: (output: Output) => void = () => {}): StandIn {
  const shown: Output[] = [];
  const display = (data: MimeBundle, { display_id: id, update = false }: Deno.jupyter.DisplayOptions = {}) => {
    shown.push({ data, id, update });
    onShow(shown.at(-1)!);
    return Promise.resolve();
  };
  const holder = Deno as { jupyter: unknown };
  holder.jupyter = { display };
  return {
    shown,
    async showValue(value) {
      if (value === undefined) return;
      const displayable = value as { [DISPLAY]?: () => MimeBundle | Promise<MimeBundle> };
      await display(await displayable[DISPLAY]?.() ?? { "text/plain": Deno.inspect(value) });
    },
    restore: () => void (holder.jupyter = undefined),
  };
}
