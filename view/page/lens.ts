// What a picture of the stage shows: a view, and what is around it.

import type { PageCamera } from "../protocol.ts";

/** Pixels of the longer side of a picture, at most: a larger one takes too long. */
const MOST_ACROSS = 1920;

/** What a camera has besides its pose. */
export type Lens = Pick<PageCamera, "width" | "height" | "fx" | "fy" | "cx" | "cy">;

/** A size in whole pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The pixels of a picture that fills an element. */
export function sizeInPixels({ clientWidth, clientHeight }: HTMLElement): Size {
  const density = Math.min(devicePixelRatio, MOST_ACROSS / Math.max(clientWidth, clientHeight, 1));
  return {
    width: Math.max(1, Math.round(density * clientWidth)),
    height: Math.max(1, Math.round(density * clientHeight)),
  };
}

/** The lens of a picture: what a view's photo shows fits in it, with what is around it. */
export function fittedLens(view: Lens, { width, height }: Size): Lens {
  const zoom = Math.min(width / view.width, height / view.height);
  return {
    width,
    height,
    fx: zoom * view.fx,
    fy: zoom * view.fy,
    cx: width / 2 + zoom * (view.cx - view.width / 2),
    cy: height / 2 + zoom * (view.cy - view.height / 2),
  };
}

/** The lens of a picture of nothing but a view, as large as fits. */
export function wholeLens(view: Lens, within: Size): Lens {
  const zoom = Math.min(within.width / view.width, within.height / view.height);
  const width = Math.max(1, Math.round(zoom * view.width));
  const height = Math.max(1, Math.round(zoom * view.height));
  const [across, down] = [width / view.width, height / view.height];
  return { width, height, fx: across * view.fx, fy: down * view.fy, cx: across * view.cx, cy: down * view.cy };
}
