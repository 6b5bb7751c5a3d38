// Views of flat photos, for tests that draw nothing.
import { DataError } from "../../base/errors.ts";
import type { Image8, View } from "../../base/scene.ts";

const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const camera = { width: 20, height: 14, fx: 20, fy: 20, cx: 10, cy: 7, rotation, translation: [0, 0, 0] };

/** A view whose photo has one value everywhere. */
export function flatView(name: string, value: number): View {
  const photo: Image8 = { width: 20, height: 14, channels: 3, data: new Uint8Array(20 * 14 * 3).fill(value) };
  const original = { width: 20, height: 14, fx: 20, fy: 20 };
  return { name, path: `/nowhere/${name}.png`, camera, original, photo: () => Promise.resolve(photo) };
}

/** A flat view whose photo is damaged: told at once, as a file that is not there is. */
export function damagedView(name: string): View {
  const photo = (): Promise<Image8> => Promise.reject(new DataError("Photo cannot be read", { path: name }));
  return { ...flatView(name, 0), photo };
}
