// The SHA-256 of a file: whether the Gaussians of a PLY are still those that images were rendered from. Times do not
// tell, since copying a folder changes them, and a run that is repeated writes the same bytes.

import { createHash } from "node:crypto";

/** Bytes that are read at once. */
const PART = 1 << 20;

/**
 * Hashes a file part by part.
 *
 * @param path File
 * @returns Hexadecimal digits
 */
export async function fileHash(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const part = new Uint8Array(PART);
  for (let length = await file.read(part); length !== null; length = await file.read(part)) {
    hash.update(part.subarray(0, length));
  }
  return hash.digest("hex");
}
