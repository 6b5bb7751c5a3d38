// What is known of the models: the choice of their iterations and files, facts, scores.

import { formatBytes } from "../../base/format.ts";
import type { PageModel, SavedSplats, SplatForm } from "../model_protocol.ts";
import { byId, make } from "./dom.ts";
import { duration, whole } from "./format.ts";

/** Scores that are shown, and their digits. */
const SCORES: Readonly<Record<string, { digits: number; unit: string }>> = {
  PSNR: { digits: 2, unit: " dB" },
  SSIM: { digits: 4, unit: "" },
  LPIPS: { digits: 4, unit: "" },
};

/** Which Gaussians of a model are shown, and in which form. */
export interface Choice {
  /** Index in the model's saved ones. */
  saved: number;
  form: SplatForm["name"];
}

/** The section of a model. */
export class ModelSection {
  readonly #model: PageModel;
  readonly #facts = make("dl", "facts_list");

  /**
   * @param name What the section is called
   * @param choose Called with what the user chooses
   */
  constructor(model: PageModel, name: string, choose: (choice: Partial<Choice>) => void) {
    this.#model = model;
    const section = make("section", "model");
    const title = make("h2", "", name);
    title.title = model.path;
    section.append(title);
    if (model.saved.length > 1) {
      const options = model.saved.map(({ iteration }) => whole(iteration!));
      section.append(selection("Iteration", options, (saved) => choose({ saved })).label);
    }
    const { forms } = model.saved[model.first];
    if (forms.length > 1) {
      section.append(selection("File", forms.map(formText), (form) => choose({ form: forms[form].name })).label);
    }
    section.append(this.#facts);
    byId("panel_model", HTMLElement).append(section);
    this.#selects = [...section.querySelectorAll("select")];
  }

  readonly #selects: HTMLSelectElement[];

  /** Shows what is chosen. */
  show({ saved, form }: Choice): void {
    const shown = this.#model.saved[saved];
    for (const select of this.#selects) {
      const isForm = select.dataset.choice === "File";
      if (isForm) {
        for (const [i, one] of shown.forms.entries()) select.options[i].textContent = formText(one);
      }
      select.selectedIndex = isForm ? shown.forms.findIndex(({ name }) => name === form) : saved;
    }
    this.#facts.replaceChildren(
      ...factsOf(this.#model, shown).flatMap(([name, value]) => [
        make("dt", "", name),
        make("dd", "", value),
      ]),
    );
  }
}

function selection(name: string, options: readonly string[], choose: (index: number) => void) {
  const label = make("label", "", name);
  const select = make("select");
  select.dataset.choice = name;
  select.append(...options.map((text) => make("option", "", text)));
  select.addEventListener("change", () => choose(select.selectedIndex));
  label.append(select);
  return { label };
}

function formText({ name, bytes, seconds }: SplatForm): string {
  const size = bytes === null ? `about ${duration(Math.max(1, seconds))} to encode` : formatBytes(bytes);
  return `${name.toUpperCase()}, ${size}`;
}

function factsOf({ run, cameras }: PageModel, saved: SavedSplats): [name: string, value: string][] {
  const heldOut = cameras?.views.filter(({ set }) => set === "test").length ?? 0;
  const scores = Object.entries(SCORES).flatMap(([name, { digits, unit }]): [string, string][] => {
    if (!(name in saved.scores)) return [];
    const score = saved.scores[name];
    return [[name, score === null ? "∞" : score.toFixed(digits) + unit]];
  });
  return [
    ["Gaussians", whole(saved.count)],
    ["Harmonics", `degree ${saved.shDegree}`],
    ["Size", formatBytes(saved.bytes)],
    ...(saved.antialiased ? [["Rendering", "anti-aliased"] as [string, string]] : []),
    ...(cameras === undefined ? [] : [["Views", `${cameras.views.length}, ${heldOut} held out`] as [string, string]]),
    ...scores,
    ...(run === undefined ? [] : [["Trained", `${duration(run.seconds)} on ${run.device}`] as [string, string]]),
  ];
}
