// Captures in zip archives, read where they are: a path that goes through an archive, as capture.zip/images/a.jpg, names
// a file in it. Nothing is extracted beside the archive.

import { DataError } from "../base/errors.ts";

type Zip = typeof import("npm:@zip.js/zip.js@2.24.0");
type FileEntry = import("npm:@zip.js/zip.js@2.24.0").FileEntry;

/** An archive after reading its directory. */
interface Archive {
  /** Its files by path. */
  files: ReadonlyMap<string, FileEntry>;
  /** The names in each folder, and which are folders; the archive itself is the empty path. */
  folders: ReadonlyMap<string, ReadonlyMap<string, boolean>>;
}

/** What an archive has at a path. */
export interface ArchivedInfo {
  /** Whether it is a file; else it is a folder. */
  isFile: boolean;
  /** Bytes of a file; 0 for a folder. */
  size: number;
}

/** Most files: a directory of more takes too much memory. */
const MOST_ENTRIES = 200_000;

/** Most folders that an entry is in: the paths of all of them take memory by the square of their number. */
const MOST_DEPTH = 64;

/** Characters of an entry's name in a message. */
const LONGEST_SHOWN = 80;

/** Archives whose directories are kept: the last ones that were read. */
const MOST_OPEN = 4;

/** Largest file in an archive. */
const LARGEST_ENTRY = 2 ** 30;

/** No deflated data grow by more than this factor; a file that states more is made to exhaust memory. */
const MOST_GROWTH = 1032;
const FREE_GROWTH = 1024;

/** Bytes that are read from the archive at once. */
const PART = 1 << 18;

const STORED = 0;
const DEFLATED = 8;

/** The bits of a Unix mode that tell what a file is, and those of a symbolic link. */
const KIND = 0o170000;
const LINK = 0o120000;

/** Folders that macOS adds to archives. */
const ADDED = "__MACOSX/";

let zipModule: Promise<Zip> | undefined;
const opened = new Map<string, { key: string; archive: Promise<Archive> }>();

/** Whether a path is that of an archive by its name. */
export function hasArchiveName(path: string): boolean {
  return /\.zip$/i.test(path);
}

/**
 * What an archive has at a path that goes through it; undefined if the path goes through none, or there is nothing.
 *
 * @internal
 *
 * @throws {DataError} When the archive cannot be read
 */
export async function archivedInfo(path: string): Promise<ArchivedInfo | undefined> {
  const place = await placeOf(path);
  if (place === undefined) return undefined;
  const file = place.archive.files.get(place.inner);
  if (file !== undefined) return { isFile: true, size: file.uncompressedSize };
  return place.archive.folders.has(place.inner) ? { isFile: false, size: 0 } : undefined;
}

/**
 * The entries of a folder in an archive; undefined if the path is not one.
 *
 * @internal
 */
export async function archivedEntries(path: string): Promise<Deno.DirEntry[] | undefined> {
  const place = await placeOf(path);
  const names = place?.archive.folders.get(place.inner);
  return names && [...names].map(([name, isDirectory]) => ({
    name,
    isFile: !isDirectory,
    isDirectory,
    isSymlink: false,
  }));
}

/**
 * Reads a file in an archive, or its first `length` bytes; undefined if the path is not one. Throws a
 * {@linkcode DataError} when the file is damaged, encrypted, larger than 1 GiB, or compressed by another method than
 * deflate.
 *
 * @internal
 */
export async function readArchived(path: string, length = Infinity): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const place = await placeOf(path);
  const file = place?.archive.files.get(place.inner);
  return file && await readEntry(file, path, length);
}

/** The archive that a path goes through, and the path in it with forward slashes. */
async function placeOf(path: string): Promise<{ archive: Archive; inner: string } | undefined> {
  for (const { index } of path.matchAll(/(?<=\.zip)(?=[/\\]|$)/gi)) {
    const name = path.slice(0, index);
    const info = await infoOf(name);
    if (info?.isFile) return { archive: await archiveAt(name, info), inner: innerPath(path.slice(index)) };
  }
}

/** A path in an archive as its directory has it. */
function innerPath(path: string): string {
  return path.split(/[/\\]/).filter((part) => part !== "").join("/");
}

/** The archive that a file is, whose directory is read again when the file changed. */
async function archiveAt(name: string, info: Deno.FileInfo): Promise<Archive> {
  const key = `${info.size} ${info.mtime?.getTime()}`;
  const known = opened.get(name);
  const archive = known?.key === key ? known.archive : openArchive(name, info.size);
  opened.delete(name);
  opened.set(name, { key, archive });
  if (opened.size > MOST_OPEN) opened.delete(opened.keys().next().value!);
  return await archive;
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** zip.js, set up once: no workers, since a photo's decoding is what takes time. */
function loadZip(): Promise<Zip> {
  // deno-lint-ignore no-import-prefix -- a module imported by URL has no import map to resolve a bare name with
  zipModule ??= import("npm:@zip.js/zip.js@2.24.0").then((zip) => {
    zip.configure({ useWebWorkers: false, chunkSize: PART });
    return zip;
  });
  return zipModule;
}

async function openArchive(path: string, size: number): Promise<Archive> {
  const zip = await loadZip();
  /** Opens the file for each part, so that no file stays open. */
  class PartReader extends zip.Reader<string> {
    override size = size;
    override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
      using file = await Deno.open(path);
      await file.seek(index, Deno.SeekMode.Start);
      const part = new Uint8Array(Math.min(length, Math.max(0, size - index)));
      let filled = 0;
      while (filled < part.length) {
        const count = await file.read(part.subarray(filled));
        if (count === null) break;
        filled += count;
      }
      return part.subarray(0, filled);
    }
  }
  const reader = new zip.ZipReader(new PartReader(path), { strictness: "balanced", checkCrc32: true });
  const files = new Map<string, FileEntry>();
  const folders = new Map<string, Map<string, boolean>>([["", new Map()]]);
  try {
    let count = 0;
    for await (const entry of reader.getEntriesGenerator()) {
      if (++count > MOST_ENTRIES) throw new DataError(`Archive has more than ${MOST_ENTRIES} entries`, { path });
      const name = entry.filename.replaceAll("\\", "/");
      if (`${name}/`.startsWith(ADDED) || ((entry.unixMode ?? 0) & KIND) === LINK) continue;
      // .NET before 4.6.1 ends the names of folders in a backslash.
      const isFolder = entry.directory || /[\\/]$/.test(entry.filename);
      addEntry(name, isFolder ? undefined : entry, { files, folders, path });
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const isUnsafe = error instanceof Error && error.message === zip.ERR_UNSAFE_FILENAME && "filename" in error;
    const message = isUnsafe
      ? `Archive has an entry that leads out of it, ${described(`${error.filename}`)}: pack the capture's folder again`
      : `Archive cannot be read: ${reasonOf(error)}`;
    throw new DataError(message, { path, cause: error });
  }
  return { files, folders };
}

/** Adds a file, or a folder, with the folders that it is in. */
function addEntry(
  name: string,
  file: FileEntry | undefined,
  { files, folders, path }: {
    files: Map<string, FileEntry>;
    folders: Map<string, Map<string, boolean>>;
    path: string;
  },
): void {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.some((part) => part === ".." || part.includes("\0"))) {
    throw new DataError(`Archive has an entry of the name ${described(name)}`, { path });
  }
  if (parts.length - 1 > MOST_DEPTH) {
    throw new DataError(`Archive has an entry in more than ${MOST_DEPTH} folders`, { path });
  }
  for (let depth = 0; depth < parts.length; depth++) {
    const [folder, own] = [parts.slice(0, depth).join("/"), parts.slice(0, depth + 1).join("/")];
    const isFolder = depth < parts.length - 1 || file === undefined;
    const known = folders.get(folder)!.get(parts[depth]);
    if (known !== undefined && !(known && isFolder)) {
      throw new DataError(`Archive has two entries of the name ${JSON.stringify(own)}`, { path });
    }
    folders.get(folder)!.set(parts[depth], isFolder);
    if (isFolder && !folders.has(own)) folders.set(own, new Map());
  }
  if (file !== undefined && parts.length > 0) files.set(parts.join("/"), file);
}

async function readEntry(entry: FileEntry, path: string, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const { uncompressedSize: size, compressedSize, compressionMethod: method, encrypted } = entry;
  const fail = (message: string, cause?: unknown): never => {
    throw new DataError(message, { path, cause });
  };
  if (encrypted) fail("File is encrypted: make the archive without a password");
  if (method !== STORED && method !== DEFLATED) {
    fail(`File is compressed by the method ${method}: make the archive with deflate, or without compression`);
  }
  if (size > LARGEST_ENTRY) fail(`File is too large: ${size} bytes, at most ${LARGEST_ENTRY}`);
  if (size > (method === STORED ? compressedSize : MOST_GROWTH * compressedSize + FREE_GROWTH)) {
    fail(`File states ${size} bytes, more than ${compressedSize} compressed ones can be`);
  }
  const bytes = new Uint8Array(Math.min(size, length));
  let filled = 0;
  const enough = new Error("enough");
  const writable = new WritableStream<Uint8Array>({
    write(part): void {
      bytes.set(part.subarray(0, bytes.length - filled), filled);
      filled = Math.min(bytes.length, filled + part.length);
      if (filled === bytes.length && length < size) throw enough;
    },
  });
  try {
    await entry.getData(writable, { checkCrc32: true });
  } catch (error) {
    if (length < size && filled === bytes.length) return bytes;
    fail(`File in the archive cannot be read: ${reasonOf(error)}`, error);
  }
  return filled === bytes.length ? bytes : fail(`File has ${filled} of ${bytes.length} bytes`);
}

function described(name: string): string {
  return JSON.stringify(name.slice(0, LONGEST_SHOWN));
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
