// Reads and writes the comments of a PLY that state the frame of its coordinates.

import { DataError } from "../base/errors.ts";
import { CAPTURE_FRAME, type Frame, sameFrame } from "../base/frame.ts";
import { parseNumber } from "../base/numbers.ts";
import { FARTHEST } from "./points.ts";

const NAME = "CaptureFrame";

/**
 * The comment lines for a PLY.
 *
 * @param frame Frame of its coordinates
 * @returns `CaptureFrame: origin 500000 4600000 0 scale 1` and what it means; nothing for the capture's own
 */
export function frameComments(frame: Frame): string[] {
  if (sameFrame(frame, CAPTURE_FRAME)) return [];
  return [
    `${NAME}: origin ${frame.origin.join(" ")} scale ${frame.scale}`,
    "the capture's coordinates are origin + scale * (x, y, z)",
  ];
}

/**
 * The frame of a PLY's coordinates.
 *
 * @param comments The comment lines
 * @param path The file, for error messages
 * @returns The frame that they state, else undefined
 * @throws {DataError} When the comment is damaged
 */
export function frameInComments(comments: readonly string[], path: string): Frame | undefined {
  const comment = comments.find((line) => line.startsWith(`${NAME}:`));
  if (comment === undefined) return undefined;
  const [origin, x, y, z, word, size, ...more] = comment.slice(NAME.length + 1).trim().split(/\s+/);
  const numbers = [x, y, z, size].map((text) => parseNumber(text ?? ""));
  const [ox, oy, oz, scale] = numbers.map((value) => value ?? NaN);
  const valid = origin === "origin" && word === "scale" && more.length === 0 && scale > 1 / FARTHEST &&
    [ox, oy, oz, scale].every((value) => Math.abs(value) <= FARTHEST);
  if (valid) return { origin: [ox, oy, oz], scale };
  throw new DataError(
    `PLY comment ${JSON.stringify(comment.slice(0, 100))} states no frame: expected ` +
      `"${NAME}: origin X Y Z scale S", S greater than 0; correct it, or remove it if the coordinates are the capture's`,
    { path },
  );
}
