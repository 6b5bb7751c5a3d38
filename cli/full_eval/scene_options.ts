// When the scenes of a report were trained, and with which options: those that all have in common once.

import { quote } from "../../base/quote.ts";
import { dateText } from "../report/page.ts";
import type { DatasetReport, SceneRow } from "./collect.ts";
import { NOTHING } from "./measures.ts";
import type { Report } from "./report_contents.ts";

/** Titles of the columns of {@linkcode sceneLines}. */
export const SCENE_HEADS = ["scene", "trained", "further options"] as const;

/** The line below a report's title. */
export function madeWith({ date, versions: { tame, deno } }: Report): string {
  return `${dateText(date)}, tame ${tame}, Deno ${deno}`;
}

/** The options that every trained scene has. */
export function sharedOptionsText(datasets: readonly DatasetReport[]): string {
  const shared = sharedOptions(trainedScenes(datasets));
  return shared.length === 0
    ? "The scenes have no option in common."
    : `Every scene was trained with ${shared.join(" ")}`;
}

/** For each scene when it was trained, and the options that not every scene has. */
export function sceneLines(datasets: readonly DatasetReport[]): string[][] {
  const shared = sharedOptions(trainedScenes(datasets));
  return datasets.flatMap(({ rows }) => rows).map(({ scene, started, options }) => [
    scene,
    started === undefined ? NOTHING : dateText(started),
    options === undefined
      ? NOTHING
      : optionTexts(options).filter((text) => !shared.includes(text)).join(" ") || NOTHING,
  ]);
}

function trainedScenes(datasets: readonly DatasetReport[]): string[][] {
  return datasets.flatMap(({ rows }) => rows)
    .map(({ options }: SceneRow) => options)
    .filter((options) => options !== undefined);
}

function sharedOptions(scenes: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = scenes.map(optionTexts);
  return first.filter((text) => others.every((texts) => texts.includes(text)));
}

/** Options with their values: `--budget 15`. A word that begins a number is a value. */
function optionTexts(words: readonly string[]): string[] {
  const options: string[][] = [];
  for (const word of words) {
    if (/^-[^\d.]/.test(word) || options.length === 0) options.push([word]);
    else options[options.length - 1].push(word);
  }
  return options.map((option) => option.map(quote).join(" "));
}
