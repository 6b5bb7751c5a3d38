// What the page needs to know of a capture.

import type { Camera, Scene, View } from "../base/scene.ts";
import { commonUp, standpoint } from "../eval/paths.ts";
import { separateOutliers } from "../load/outliers.ts";
import type { PageCamera, PageScene } from "./protocol.ts";

/**
 * The views of a capture in the order of {@linkcode pageViews}, and where its cameras stand.
 *
 * @param scene At least one training view
 * @param device Where the run computes, and why
 */
export function pageScene(scene: Scene, device: string): PageScene {
  const { typical } = separateOutliers(scene.train.map(({ camera }) => camera));
  const { target } = standpoint(typical);
  const viewOf = (set: "train" | "test") => ({ name, camera }: View) => ({ name, set, camera: pageCamera(camera) });
  return {
    source: scene.source,
    views: [...scene.test.map(viewOf("test")), ...scene.train.map(viewOf("train"))],
    extent: scene.extent,
    up: commonUp(typical),
    target,
    device,
  };
}

/** The views in the order of the page: those held out first, which tell most. */
export function pageViews({ test, train }: Scene): View[] {
  return [...test, ...train];
}

function pageCamera({ width, height, fx, fy, cx, cy, rotation, translation }: Camera): PageCamera {
  return { width, height, fx, fy, cx, cy, rotation: [...rotation], translation: [...translation] };
}
