// How a run draws Gaussians in the views it trains on and evaluates.

import type { Camera, Scene, View } from "../base/scene.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";

/**
 * The scene with the cameras' coverage and anti-aliasing of a run.
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
