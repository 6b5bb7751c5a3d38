// Tabs: one panel is shown at a time.

import { byId } from "./dom.ts";

/** Lets clicks and arrow keys choose among the elements `tab_NAME`, and shows `panel_NAME`. */
export function operateTabs(names: readonly string[]): void {
  for (const [i, name] of names.entries()) {
    const tab = byId(`tab_${name}`, HTMLButtonElement);
    tab.addEventListener("click", () => open(name));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (by === undefined) return;
      const next = names[(i + by + names.length) % names.length];
      open(next);
      byId(`tab_${next}`, HTMLButtonElement).focus();
    });
  }

  function open(chosen: string): void {
    for (const name of names) {
      const tab = byId(`tab_${name}`, HTMLButtonElement);
      tab.setAttribute("aria-selected", String(name === chosen));
      tab.tabIndex = name === chosen ? 0 : -1;
      byId(`panel_${name}`, HTMLElement).hidden = name !== chosen;
    }
  }
}
