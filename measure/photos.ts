// The photos of views in order, each decoded while the previous view is processed.

import type { Image8, View } from "../base/scene.ts";

/**
 * Yields each view with the promise of its photo; decoding of the next photo starts at the same time. A photo that
 * cannot be read rejects only when it is awaited.
 */
export function* withPhotosAhead(views: readonly View[]): Generator<{ view: View; photo: Promise<Image8> }> {
  let next = begin(views[0]);
  for (const [index, view] of views.entries()) {
    const photo = next!;
    next = begin(views[index + 1]);
    yield { view, photo };
  }
}

function begin(view: View | undefined): Promise<Image8> | undefined {
  const photo = view?.photo();
  photo?.catch(() => {}); // reported when it is awaited; must not end the process before
  return photo;
}
