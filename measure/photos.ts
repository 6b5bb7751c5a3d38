// The photos of views one after another, each decoded while the view before it is worked on.

import type { Image8, View } from "../base/scene.ts";

/**
 * Each view with its photo, whose decoding has begun; that of the next one begins as soon as a view is handed out. A
 * photo that cannot be read rejects when it is awaited, and only then.
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
  photo?.catch(() => {}); // told to whoever awaits it; until then it must not end the process
  return photo;
}
