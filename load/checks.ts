// Checks of the values in files that tame wrote itself. Such a file is not trusted: a full disk, another program or a
// hand may have changed it, and a model folder may come from anywhere.

import { DataError } from "../base/errors.ts";
import { expected, problemOf, type RowValue, UINT32_MAX, type ValueRow } from "../base/option.ts";
import { readDataFile } from "./bytes.ts";
import { statOrUndefined } from "./files.ts";
import { describe, isObject, LARGEST_JSON, parseJsonObject } from "./json.ts";

/** A value's place, for error messages. */
export interface Place {
  /** The file. */
  path: string;
  /** The value's name in it, such as `result.iteration`; empty for the whole file. */
  field: string;
  /** What to do about a damaged file, as the end of a sentence. */
  advice: string;
}

/** Returns a value with its type, or throws a {@linkcode DataError} that names the file and the field. */
export type Check<T> = (value: unknown, place: Place) => T;

/** The type of the values that a check returns. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** An iteration of a run. */
export const ITERATION: Check<number> = value({ kind: "integer", minimum: 0, maximum: UINT32_MAX });

/** A count, or a number of bytes. */
export const COUNT: Check<number> = value({ kind: "integer", minimum: 0 });

/** A finite number that is not negative. */
export const AMOUNT: Check<number> = value({ kind: "number", minimum: 0 });

/** Any text. */
export const TEXT: Check<string> = value({ kind: "string" });

/** The name of a file or folder that stays in the folder it is in. */
export const FILE_NAME: Check<string> = (name, place) =>
  typeof name === "string" && isFileName(name) ? name : wrong(name, place, "the name of a file, without a folder");

/** Whether a name, joined to a folder, is that of a file or folder in it. */
export function isFileName(name: string): boolean {
  return !["", ".", ".."].includes(name) && !/[/\\\0]/.test(name);
}

/** A check for a value of an option's kind, within its bounds. */
export function value<const Row extends ValueRow>(row: Row): Check<RowValue<Row>> {
  return (value, place) =>
    problemOf(row, value) === undefined ? value as RowValue<Row> : wrong(value, place, expected(row));
}

/** A check for a value that may be missing, or null. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, place) => value === undefined || value === null ? undefined : check(value, place);
}

/** A check for a value that may be null, which stands for a number that JSON does not have. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, place) => value === null ? null : check(value, place);
}

/** A check for a list. */
export function list<T>(check: Check<T>): Check<T[]> {
  return (value, place) =>
    Array.isArray(value)
      ? value.map((item, i) => check(item, { ...place, field: `${place.field}[${i}]` }))
      : wrong(value, place, "a list");
}

/** A check for a list of a length. */
export function sized<T>(length: number, item: Check<T>): Check<T[]> {
  const items = list(item);
  return (found, place) => {
    const checked = items(found, place);
    // The check of the first item that is missing states what is expected there.
    for (let i = checked.length; i < length; i++) item(undefined, { ...place, field: `${place.field}[${i}]` });
    return checked.slice(0, length);
  };
}

/** A check for an object with any names, each of which is checked too. */
export function table<T>(check: Check<T>, name: Check<string> = TEXT): Check<Record<string, T>> {
  return (value, place) => {
    if (!isObject(value)) return wrong(value, place, "an object");
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const at = member(place, key);
        return [name(key, { ...place, field: `a name in ${place.field || "the file"}` }), check(item, at)];
      }),
    );
  };
}

/** The fields of a shape; those that may be missing are optional. */
type Fields<Shape extends Record<string, Check<unknown>>> =
  & { [Key in keyof Shape as undefined extends Checked<Shape[Key]> ? never : Key]: Checked<Shape[Key]> }
  & { [Key in keyof Shape as undefined extends Checked<Shape[Key]> ? Key : never]?: Checked<Shape[Key]> };

/** A check for an object with the fields of `shape`. Other fields are left out, and so are missing optional ones. */
export function object<const Shape extends Record<string, Check<unknown>>>(shape: Shape): Check<Fields<Shape>> {
  return (value, place) => {
    if (!isObject(value)) return wrong(value, place, "an object");
    const fields = Object.entries(shape).map(([key, check]) => [key, check(value[key], member(place, key))]);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as Fields<Shape>;
  };
}

/**
 * Reads a JSON object whose values are checked.
 *
 * @param path File
 * @param check What is in it
 * @param advice What to do about a damaged file, as the end of a sentence
 * @returns The values; undefined if there is no file
 * @throws {DataError} When the file is damaged; the message names the file, the field and the advice
 */
export async function readChecked<T>(path: string, check: Check<T>, advice: string): Promise<T | undefined> {
  const bytes = await readOwnFile(path, advice);
  return bytes && check(parseJsonObject(bytes, path, advice), { path, field: "", advice });
}

/**
 * Reads a text file that tame wrote itself.
 *
 * @param path File
 * @param advice What to do about a damaged file, as the end of a sentence
 * @returns Its bytes; undefined if there is no file
 * @throws {DataError} When it is no regular file, which may have no end, or is larger than any that tame writes
 */
export async function readOwnFile(path: string, advice: string): Promise<Uint8Array | undefined> {
  const found = await statOrUndefined(path);
  if (found === undefined) return undefined;
  const what = found.isDirectory ? "a folder" : "something else";
  if (!found.isFile) throw new DataError(`Expected a file, found ${what}; ${advice}`, { path });
  if (found.size > LARGEST_JSON) {
    throw new DataError(`File is too large: ${found.size} bytes, at most ${LARGEST_JSON}; ${advice}`, { path });
  }
  return await readDataFile(path);
}

function member(place: Place, key: string): Place {
  const name = /^[\w.-]+$/.test(key) ? key : JSON.stringify(key);
  return { ...place, field: place.field === "" ? name : `${place.field}.${name}` };
}

function wrong(value: unknown, { path, field, advice }: Place, what: string): never {
  const name = field === "" ? "The file" : field;
  const found = value === undefined ? "missing" : describe(value);
  throw new DataError(`${name} is ${found}: expected ${what}; ${advice}`, { path });
}
