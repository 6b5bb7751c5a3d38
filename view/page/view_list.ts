// The list of the views, which can be filtered.

import { byId, make } from "./dom.ts";

/** A view in the list. */
export interface ListedView {
  name: string;
  /** What is said of it beside its name. */
  fact: string;
  set: "train" | "test";
}

/** The list `views` and its filter. */
export class ViewList {
  readonly #jump: (view: number) => void;
  #views: readonly ListedView[] = [];
  #buttons: HTMLButtonElement[] = [];
  #marked: number | undefined;

  /** @param jump Called with the view that was chosen */
  constructor(jump: (view: number) => void) {
    this.#jump = jump;
    byId("filter", HTMLInputElement).addEventListener("input", () => this.#filter());
  }

  /** Lists views. */
  set(views: readonly ListedView[]): void {
    this.#views = views;
    this.#buttons = views.map(({ name, fact }, view) => {
      const button = make("button");
      button.type = "button";
      button.append(make("span", "name", name), make("span", "fact", fact));
      button.addEventListener("click", () => this.#jump(view));
      return button;
    });
    byId("views", HTMLUListElement).replaceChildren(...this.#buttons.map((button) => {
      const item = make("li");
      item.append(button);
      return item;
    }));
    this.mark(this.#marked);
    this.#filter();
  }

  /** Marks the view that the camera stands at. */
  mark(view: number | undefined): void {
    this.#marked = view;
    for (const [index, button] of this.#buttons.entries()) {
      if (index === view) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  #filter(): void {
    const wanted = byId("filter", HTMLInputElement).value.toLowerCase();
    for (const [index, button] of this.#buttons.entries()) {
      const { name, set } = this.#views[index];
      const text = `${name} ${set === "test" ? "held out" : "training"}`.toLowerCase();
      button.parentElement!.hidden = !text.includes(wanted);
    }
  }
}
