// Finds the reader for a file of tensors.

import { DataError } from "../../base/errors.ts";
import { readDataFile } from "../../load/bytes.ts";
import { isSafetensors, parseSafetensors } from "./safetensors.ts";
import type { Tensor } from "./tensor.ts";
import { isTorch, parseTorchPlain, parseTorchZip } from "./torch.ts";

export type { Tensor } from "./tensor.ts";

/**
 * Reads a file of tensors: PyTorch's (a state dictionary that `torch.save` wrote, as zip archive or in the older plain
 * form) or safetensors. Nothing in the file is executed.
 *
 * @internal
 * @returns The floating-point tensors by name
 * @throws {DataError} When the file is missing, damaged or of another kind; damaged values are reported when they are
 *   read
 */
export async function readTensors(path: string): Promise<Map<string, Tensor>> {
  return parseTensors(await readDataFile(path), path);
}

/** @internal The same for bytes; `path` is for error messages. */
export function parseTensors(bytes: Uint8Array, path: string): Map<string, Tensor> {
  const torch = isTorch(bytes);
  if (torch === "zip") return parseTorchZip(bytes, path);
  if (torch === "plain") return parseTorchPlain(bytes, path);
  if (isSafetensors(bytes)) return parseSafetensors(bytes, path);
  throw new DataError("Not a file of tensors: expected PyTorch's .pth or safetensors", { path, offset: 0 });
}
