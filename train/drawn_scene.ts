// Sets how the views that a run trains on and evaluates are rendered.

import type { Camera, Scene, View } from "../base/scene.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";

/**
 * The scene whose cameras have the coverage and anti-aliasing of the run.
 *
 * @param scene What to train on
 * @param options Resolved options
 * @returns `scene` itself with neither `antialiasing` nor parity part `coverage`
 */
export function drawnScene(scene: Scene, options: Pick<ResolvedTrainOptions, "antialiasing" | "parity">): Scene {
  const drawing: Pick<Camera, "coverage" | "antialiasing"> = {
    ...(follows(options, "coverage") ? { coverage: "rectangle" } : {}),
    ...(options.antialiasing ? { antialiasing: true } : {}),
  };
  if (Object.keys(drawing).length === 0) return scene;
  const drawn = (view: View): View => ({ ...view, camera: { ...view.camera, ...drawing } });
  return { ...scene, train: scene.train.map(drawn), test: scene.test.map(drawn) };
}
