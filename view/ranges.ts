// Answers requests for large files, whole or in part (RFC 9110, sections 13 and 14), from the disk or from memory.

import { reply } from "./page_server.ts";

/** Bytes that are read from a file at once. */
const PART = 1 << 18;

/** Bytes to send. */
export interface Content {
  /** How many there are. */
  size: number;
  /** Different whenever they are: a strong validator, with its quotes. */
  etag: string;
  /** Those from `start` up to `end`. */
  read(start: number, end: number): BodyInit | Promise<BodyInit>;
}

/**
 * The bytes of a file, read as they are sent.
 *
 * @throws {Deno.errors.NotFound} When there is no such file
 */
export async function fileContent(path: string): Promise<Content> {
  const { size, mtime } = await Deno.stat(path);
  return {
    size,
    etag: `"${size.toString(36)}-${(mtime?.getTime() ?? 0).toString(36)}"`,
    read: (start, end) => fileStream(path, start, end),
  };
}

/** Bytes in memory. */
export function memoryContent(bytes: Uint8Array<ArrayBuffer>, etag: string): Content {
  return { size: bytes.length, etag, read: (start, end) => bytes.subarray(start, end) };
}

/**
 * The response to a GET request for some content: all of it, the range that it asks for, or that nothing has changed.
 * A request for several ranges gets all of it, which a server may do.
 */
export async function contentResponse(request: Request, content: Content): Promise<Response> {
  const { size, etag } = content;
  // The browser asks again each time whether what it keeps is still right.
  const headers = { etag, "accept-ranges": "bytes", "cache-control": "private, no-cache" };
  const type = "application/octet-stream";
  if (request.headers.get("if-none-match")?.split(",").some((tag) => tag.trim() === etag)) {
    return reply(304, null, type, headers);
  }
  const condition = request.headers.get("if-range");
  const asked = condition === null || condition === etag ? request.headers.get("range") : null;
  const range = asked === null ? undefined : rangeOf(asked, size);
  if (range === "none") return reply(416, null, type, { ...headers, "content-range": `bytes */${size}` });
  const [start, end] = range ?? [0, size];
  const body = await content.read(start, end);
  const length = { "content-length": String(end - start) };
  if (range === undefined) return reply(200, body, type, { ...headers, ...length });
  return reply(206, body, type, { ...headers, ...length, "content-range": `bytes ${start}-${end - 1}/${size}` });
}

/** The bytes that a header asks for, the end exclusive; "none" if there are none, undefined if it is to be ignored. */
function rangeOf(header: string, size: number): [start: number, end: number] | "none" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header.replaceAll(/\s/g, ""));
  if (found === null || found[1] + found[2] === "") return undefined;
  const [first, last] = [found[1], found[2]].map((digits) => digits === "" ? undefined : Number(digits));
  if (first === undefined) return last === 0 || size === 0 ? "none" : [Math.max(0, size - last!), size];
  if (last !== undefined && last < first) return undefined;
  return first >= size ? "none" : [first, Math.min(size, (last ?? size) + 1)];
}

/** A part of a file as a stream that reads on when more is wanted, and closes the file when it is done or not wanted. */
async function fileStream(path: string, start: number, end: number): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  let left = end - start;
  return new ReadableStream({
    async pull(controller) {
      try {
        const part = new Uint8Array(Math.min(PART, left));
        const length = left === 0 ? null : await file.read(part);
        if (length !== null) {
          left -= length;
          return controller.enqueue(part.subarray(0, length));
        }
        if (left > 0) throw new Error(`${path} has become shorter while it was sent`);
        file.close();
        controller.close();
      } catch (error) {
        file.close();
        controller.error(error);
      }
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}
