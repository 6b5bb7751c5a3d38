// Indexes of folders by the names of their files, in which names match as other systems and programs change them.

import { entriesOf } from "./files.ts";

/** Extensions of photos, in the order in which they are tried for a path without one. */
export const PHOTO_EXTENSIONS = [".png", ".jpg", ".jpeg", ".JPG", ".PNG", ".JPEG", ".webp", ".tif", ".tiff"];

/** Extensions that a capture may state for photos that have been converted since. */
const CONVERTED_EXTENSIONS = [".heic", ".heif", ".avif", ".bmp", ".gif", ".dng", ".cr2", ".cr3", ".nef", ".arw"];

/** The names of a folder's entries. */
export interface FolderIndex {
  /** As they are. */
  names: Set<string>;
  /** By their common form. */
  alike: Map<string, string[]>;
  /** Photos by their common form without extension. */
  stems: Map<string, string[]>;
}

/** A function that indexes each folder once; a folder that does not exist is empty. */
export function folderIndexes(): (folder: string) => Promise<FolderIndex> {
  const known = new Map<string, Promise<FolderIndex>>();
  return (folder) => {
    const index = known.get(folder) ?? entriesOf(folder).then((entries) => indexOf(entries.map(({ name }) => name)));
    known.set(folder, index);
    return index;
  };
}

function indexOf(names: string[]): FolderIndex {
  const photos = names.filter((name) => PHOTO_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension)));
  return {
    names: new Set(names),
    alike: Map.groupBy(names, commonForm),
    stems: Map.groupBy(photos, (name) => commonForm(withoutExtension(name))),
  };
}

/** A name without percent-escapes, in composed Unicode and lower case. */
function commonForm(name: string): string {
  return unescaped(name).normalize("NFC").toLowerCase();
}

/** A name with its percent-escapes replaced, if they are sound. */
export function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that begins no escape
  }
}

/** The name without the extension of a photo. */
function withoutExtension(name: string): string {
  const extension = /(?<=.)\.[^./]+$/.exec(name)?.[0];
  const known = [...PHOTO_EXTENSIONS, ...CONVERTED_EXTENSIONS].includes(extension?.toLowerCase() ?? "");
  return known ? name.slice(0, -extension!.length) : name;
}

/** The only entry that a name can mean, in this order: itself, alike, of another extension. Undefined if none or several. */
export function onlyEntry(index: FolderIndex, name: string): string | undefined {
  if (index.names.has(name) || index.alike.has(commonForm(name))) return entryAlike(index, name);
  return only(index.stems.get(commonForm(withoutExtension(name))));
}

/** The entry of a name, else the only one that is alike but for case, Unicode form and escapes. */
export function entryAlike(index: FolderIndex, name: string): string | undefined {
  return index.names.has(name) ? name : only(index.alike.get(commonForm(name)));
}

function only(entries: string[] | undefined): string | undefined {
  return entries?.length === 1 ? entries[0] : undefined;
}
