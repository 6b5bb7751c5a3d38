/**
 * What identifies a capture to a checkpoint: a run is resumed only on the photos and cameras that it began with.
 *
 * @module
 */

import { DataError } from "../../base/errors.ts";
import { CAPTURE_FRAME, sameFrame } from "../../base/frame.ts";
import type { Scene, View } from "../../base/scene.ts";

/** Identity of a capture. */
export interface CaptureIdentity {
  /** Number of training views. */
  train: number;
  /** Number of views held out. */
  test: number;
  /** Number of points, or of Gaussians if the run began with some. */
  initial: number;
  /** SHA-256, hexadecimal: names, cameras and photo sizes of all views, extent, frame, degree of the initial Gaussians. */
  digest: string;
}

/**
 * Identifies a capture. Photos are not decoded: a photo that was changed, but not its size, gives the same identity.
 *
 * @param scene The capture
 */
export async function captureIdentity(
  { train, test, points, splats, extent, frame = CAPTURE_FRAME }: Scene,
): Promise<CaptureIdentity> {
  const described: unknown[] = [train.map(describe), test.map(describe), extent, splats?.shDegree ?? null];
  if (!sameFrame(frame, CAPTURE_FRAME)) described.push(frame);
  const bytes = new TextEncoder().encode(JSON.stringify(described));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return { train: train.length, test: test.length, initial: splats?.count ?? points.count, digest };
}

function describe({ name, camera, original, alpha = false, maskPath }: View): unknown[] {
  const { width, height, fx, fy, cx, cy, rotation, translation, near, coverage } = camera;
  const { width: fullWidth, height: fullHeight } = original;
  return [
    ...[name, width, height, fx, fy, cx, cy, rotation, translation, near, coverage],
    ...[fullWidth, fullHeight, alpha, maskPath !== undefined],
  ];
}

/**
 * Rejects a capture that is not the one of a checkpoint.
 *
 * @param path The checkpoint, for the message
 * @param then Identity in the checkpoint
 * @param now Identity of the scene to train on
 * @throws {DataError} With what differs
 */
export function checkCapture(path: string, then: CaptureIdentity, now: CaptureIdentity): void {
  const counts = ([["train", "training views"], ["test", "held-out views"], ["initial", "initial points"]] as const)
    .filter(([key]) => then[key] !== now[key])
    .map(([key, what]) => `${then[key]} ${what}, this one has ${now[key]}`);
  if (counts.length === 0 && then.digest === now.digest) return;
  const difference = counts.length > 0
    ? `it had ${counts.join("; ")}`
    : "names, cameras or sizes of its views, its frame, or its initial Gaussians, differ";
  throw new DataError(
    `Checkpoint is of another capture: ${difference}. Resume with the capture and the options of loading that it ` +
      `was trained with`,
    { path },
  );
}
