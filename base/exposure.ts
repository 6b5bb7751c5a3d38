// Exposure and white balance of the photos: how the colours of each differ from those of the Gaussians.

/**
 * An affine change of colours: the rows of the 3 x 4 matrix [M | b], 12 numbers. A colour x becomes M x + b; values are
 * 0 to 1, as stored in photos.
 */
export type ColorTransform = readonly number[];

/** How the transforms of a run are parametrised: a gain for each channel, or any affine change. */
export type ExposureKind = "gains" | "affine";

/** The exposure and white balance of views. */
export interface Exposures {
  /** What was trained. */
  kind: ExposureKind;
  /** What makes a render look like the view's photo, by the view's name. */
  views: Readonly<Record<string, ColorTransform>>;
}

/**
 * The transform of a view.
 *
 * @param exposures Exposures of a run, if it has any
 * @param name Name of the view
 * @returns The transform; undefined for a view that has none
 */
export function exposureOf(exposures: Exposures | undefined, name: string): ColorTransform | undefined {
  return exposures !== undefined && Object.hasOwn(exposures.views, name) ? exposures.views[name] : undefined;
}
