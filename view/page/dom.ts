// Finds and makes elements.

/** The element with an id, which must be of the class. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} called ${id}`);
  return element;
}

/** A new element with a class and a text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name !== "") element.className = name;
  element.textContent = text;
  return element;
}

/** Sets the text of the element with an id. */
export function setText(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

/** Buttons of which one is pressed, by one of their data attributes. */
export class Segments {
  readonly #buttons: HTMLButtonElement[];
  readonly #name: string;

  /**
   * @param name The attribute without `data-`
   * @param choose Called with the attribute of the button that was clicked
   */
  constructor(name: string, choose: (value: string) => void) {
    this.#name = name;
    this.#buttons = [...document.querySelectorAll<HTMLButtonElement>(`button[data-${name}]`)];
    for (const button of this.#buttons) button.addEventListener("click", () => choose(button.dataset[name]!));
  }

  /** Shows which one is chosen, and whether they can be used. */
  show(value: string, enabled = true): void {
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.dataset[this.#name] === value));
      button.disabled = !enabled;
    }
  }
}
