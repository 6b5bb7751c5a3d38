// A file of Gaussians as pages get it: the PLY itself, or a SOG file of it, which is about a seventh as large.

import { basename, dirname, join } from "node:path";
import { DataError } from "../base/errors.ts";
import { CAPTURE_FRAME, type Frame } from "../base/frame.ts";
import { encodeSog, sogSeconds } from "../export/sog.ts";
import { readStart } from "../load/bytes.ts";
import { statOrUndefined } from "../load/files.ts";
import { FILTER_3D } from "../load/filter_3d.ts";
import { frameInComments } from "../load/frame_comment.ts";
import { parsePlyHeader, PLY_TYPE_BYTES, type PlyElement, type PlyHeader } from "../load/ply_header.ts";
import { isAntialiased } from "../load/render_mode.ts";
import { readSplats } from "../load/splats.ts";
import type { SplatFacts, SplatForm } from "./model_protocol.ts";
import { type Content, fileContent, memoryContent } from "./ranges.ts";

/** Longest header that `parsePlyHeader` takes. */
const HEADER_BYTES = 1 << 20;

/** Columns of a Gaussian without its harmonics above degree 0. */
const COLUMNS = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"]
  .concat(["scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]);

/** A file of Gaussians that pages ask for. */
export class SplatSource {
  /** What is known of the Gaussians. */
  readonly facts: SplatFacts;
  readonly #path: string;
  readonly #onNotice: (message: string) => void;
  #sog: Promise<Uint8Array<ArrayBuffer>> | undefined;

  private constructor(path: string, facts: SplatFacts, onNotice: (message: string) => void) {
    this.#path = path;
    this.facts = facts;
    this.#onNotice = onNotice;
  }

  /**
   * Looks at a file: at the header of a PLY that pages can read themselves, at the whole of any other.
   *
   * @throws {DataError} When the file is missing, damaged, or has no Gaussians
   * @throws {Error} When it has to be converted, and the library cannot be had
   */
  static async open(path: string, { onNotice = () => {} }: { onNotice?: (message: string) => void } = {}) {
    const info = await statOrUndefined(path);
    if (info === undefined) throw new DataError("File is missing", { path });
    if (!info.isFile) throw new DataError("Expected a file of Gaussians, found something else", { path });
    const facts = await plainFacts(path, info.size) ?? await otherFacts(path, info.size, onNotice);
    return new SplatSource(path, { ...facts, forms: await formsOf(path, facts) }, onNotice);
  }

  /**
   * The bytes of a form. Those of a SOG file are those of an export beside the PLY that is as new, or are made when they
   * are first wanted, and kept.
   *
   * @returns undefined if there is no such form
   */
  async content(form: string): Promise<Content | undefined> {
    const known = this.facts.forms.find(({ name }) => name === form);
    if (known === undefined) return undefined;
    if (form === "ply") return await fileContent(this.#path);
    const exported = await exportedSog(this.#path);
    if (exported !== undefined) return await fileContent(exported);
    const { mtime, size } = await Deno.stat(this.#path);
    this.#sog ??= this.#encode();
    this.#sog.catch(() => this.#sog = undefined);
    return memoryContent(await this.#sog, `"sog-${size.toString(36)}-${(mtime?.getTime() ?? 0).toString(36)}"`);
  }

  async #encode(): Promise<Uint8Array<ArrayBuffer>> {
    const { means, ...rest } = await readSplats(this.#path, { onNotice: this.#onNotice });
    const splats = { ...rest, means: new Float32Array(means) };
    const seconds = Math.ceil(sogSeconds(splats));
    this.#onNotice(`Encoding ${splats.count} Gaussians of ${basename(this.#path)} as SOG takes about ${seconds} s`);
    return new Uint8Array(await encodeSog(splats, { antialiased: isAntialiased(splats.comments) }));
  }
}

/** Facts of a PLY in the form that browsers read: little-endian floats only. */
async function plainFacts(path: string, bytes: number): Promise<Omit<SplatFacts, "forms"> | undefined> {
  const start = await readStart(path, HEADER_BYTES);
  if (!new TextDecoder().decode(start.subarray(0, 4)).startsWith("ply")) return undefined;
  const header = parsePlyHeader(start, path);
  const vertex = plainVertex(header);
  if (vertex === undefined) return undefined;
  const needed = header.bodyOffset + vertex.count * 4 * vertex.properties.length;
  if (bytes < needed) {
    throw new DataError(`File ends inside the Gaussians: ${bytes} bytes, ${needed} needed for ${vertex.count}`, {
      path,
      offset: bytes,
    });
  }
  const rest = vertex.properties.filter(({ name }) => name.startsWith("f_rest_")).length;
  return {
    count: vertex.count,
    shDegree: Math.sqrt(rest / 3 + 1) - 1,
    antialiased: isAntialiased(header.comments),
    frame: frameInComments(header.comments, path) ?? CAPTURE_FRAME,
    bytes,
  };
}

/** The Gaussians of a header, if they are as `train` writes them. */
function plainVertex({ format, elements }: PlyHeader): PlyElement | undefined {
  const [vertex] = elements;
  if (format !== "binary_little_endian" || vertex?.name !== "vertex" || vertex.count === 0) return undefined;
  const names = vertex.properties.map(({ name }) => name);
  const rest = names.filter((name) => /^f_rest_\d+$/.test(name)).length;
  const plain = vertex.properties.every(({ type, length }) =>
    PLY_TYPE_BYTES[type] === 4 && type === "float32" && length === undefined
  );
  const complete = COLUMNS.every((name) => names.includes(name)) && [0, 9, 24, 45].includes(rest);
  return plain && complete && !names.includes(FILTER_3D) ? vertex : undefined;
}

/** Facts of a file that pages get as SOG only. */
async function otherFacts(
  path: string,
  bytes: number,
  onNotice: (message: string) => void,
): Promise<Omit<SplatFacts, "forms">> {
  const { count, shDegree, comments } = await readSplats(path, { onNotice });
  const frame: Frame = frameInComments(comments, path) ?? CAPTURE_FRAME;
  return { count, shDegree, antialiased: isAntialiased(comments), frame, bytes, converted: true };
}

async function formsOf(path: string, facts: Omit<SplatFacts, "forms">): Promise<SplatForm[]> {
  const exported = await exportedSog(path);
  const sog: SplatForm = exported === undefined
    ? { name: "sog", bytes: null, seconds: Math.ceil(sogSeconds(facts)) }
    : { name: "sog", bytes: (await Deno.stat(exported)).size, seconds: 0 };
  return facts.converted ? [sog] : [{ name: "ply", bytes: facts.bytes, seconds: 0 }, sog];
}

/** The SOG file beside a PLY that `train --export` or `export` wrote, if it is as new as the PLY. */
async function exportedSog(path: string): Promise<string | undefined> {
  const beside = join(dirname(path), `${basename(path).replace(/\.[^.]*$/, "")}.sog`);
  if (beside === path) return undefined;
  const [own, sog] = [await statOrUndefined(path), await statOrUndefined(beside)];
  return sog?.isFile && (sog.mtime ?? 0) >= (own?.mtime ?? 0) ? beside : undefined;
}
