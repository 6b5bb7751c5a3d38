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
  const named = (set: "train" | "test") => ({ name, camera }: View): NamedView => ({ name, camera, set });
  const views = [...scene.test.map(named("test")), ...scene.train.map(named("train"))];
  const cameras = scene.train.map(({ camera }) => camera);
  return { source: scene.source, ...pageCameras(views, { cameras, extent: scene.extent }), device };
}

/** A view of the page. */
interface NamedView {
  name: string;
  set: "train" | "test";
  camera: Camera;
}

/**
 * Views, and where their cameras stand.
 *
 * @param views In the order of the page
 * @param place The cameras that tell what is up and what is looked at, and the radius of their region
 */
export function pageCameras(
  views: readonly NamedView[],
  { cameras, extent }: { cameras: readonly Camera[]; extent: number },
): Omit<PageScene, "source" | "device"> {
  const { typical } = separateOutliers(cameras);
  const { target } = standpoint(typical);
  const shown = views.map(({ name, set, camera }) => ({ name, set, camera: pageCamera(camera) }));
  return { views: shown, extent, up: commonUp(typical), target };
}

/** The views in the order of the page: those held out first, which tell most. */
export function pageViews({ test, train }: Scene): View[] {
  return [...test, ...train];
}

function pageCamera({ width, height, fx, fy, cx, cy, rotation, translation }: Camera): PageCamera {
  return { width, height, fx, fy, cx, cy, rotation: [...rotation], translation: [...translation] };
}
