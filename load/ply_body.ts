// The interface of the readers of a PLY file's body, ascii and binary.

import type { Coordinates } from "../base/frame.ts";
import type { PlyElement, PlyHeader } from "./ply_header.ts";

/** The input of a body's reader: the file, and the elements up to and including the vertices. */
export interface VertexSource {
  /** The whole file. */
  bytes: Uint8Array;
  /** Its path, for error messages. */
  path: string;
  /** Its header. */
  header: PlyHeader;
  /** The elements to skip. */
  before: PlyElement[];
  /** The vertices' element, without lists. */
  vertex: PlyElement;
}

/** Finds the values of property `index` of all vertices and writes them at the offset and stride given. */
export type CopyColumn = (
  index: number,
  target: Coordinates | Uint8Array,
  layout: { offset: number; stride: number },
) => void;
