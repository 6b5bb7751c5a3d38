// Reads results of other trainers: the references of a dataset file, and files of peers' figures.

import { DataError } from "../../base/errors.ts";
import { readDataFile } from "../../load/bytes.ts";
import { isObject, parseJsonObject } from "../../load/json.ts";
import { UsageError } from "../errors.ts";
import { userPath } from "../paths.ts";
import { MEASURE_KEYS, type MeasureKey, type Measures } from "./measures.ts";
import type { Reference } from "./published.ts";

/** Another trainer's result of a scene. */
export interface Peer {
  scene: string;
  reference: Reference;
}

/** Throws a {@linkcode DataError} that says what is wrong with a file. */
export type Fail = (what: string) => never;

/**
 * Reads `{ "peers": [{ "scene", "method", "version"?, "gpu"?, "source", … }] }`: the name of a scene, who was measured,
 * on what and by whom, and any measures.
 */
export async function readPeersFile(path: string): Promise<Peer[]> {
  return parsePeersFile(await readDataFile(path), path);
}

/** The same for the bytes of a file at `path`. */
export function parsePeersFile(bytes: Uint8Array, path: string): Peer[] {
  const fail: Fail = (what) => {
    throw new DataError(`Not a file of peers: ${what}`, { path });
  };
  const data = parseJsonObject(bytes, path);
  rejectUnknown(data, ["peers"], "the file", fail);
  const { peers } = data;
  if (!Array.isArray(peers) || peers.length === 0) return fail('"peers" is missing or empty');
  return peers.map((peer: unknown, index) => {
    if (!isObject(peer)) return fail(`peer ${index} is not an object`);
    const { scene, ...row } = peer;
    if (typeof scene !== "string" || scene === "") return fail(`peer ${index} has no "scene"`);
    return { scene, reference: referenceOf(row, `a peer of scene "${scene}"`, fail) };
  });
}

/**
 * The peers of files, for scenes of these names. A file may have other scenes too; one that has no other is a mistake.
 */
export async function peersOf(files: readonly string[], scenes: readonly string[]): Promise<Peer[]> {
  const peers = await Promise.all(files.map(async (file) => {
    const peers = await readPeersFile(userPath(file));
    if (peers.some(({ scene }) => scenes.includes(scene))) return peers;
    const named = [...new Set(peers.map(({ scene }) => scene))].join(", ");
    throw new UsageError(
      `No scene of --peers ${file} is in this run: it has ${named}; this run has ${scenes.join(", ")}`,
    );
  }));
  return peers.flat();
}

/** The results of a scene. */
export function referencesTo(name: string, peers: readonly Peer[]): Reference[] {
  return peers.filter(({ scene }) => scene === name).map(({ reference }) => reference);
}

/** A reference from its JSON; `where` names it in errors. */
export function referenceOf(row: unknown, where: string, fail: Fail): Reference {
  if (!isObject(row)) return fail(`${where} is not an object`);
  const { method, version, gpu, source, ...numbers } = row;
  if (typeof method !== "string") return fail(`${where} has no "method"`);
  if (typeof source !== "string") return fail(`${where} has no "source": who measured it`);
  for (const [key, value] of Object.entries({ version, gpu })) {
    if (value !== undefined && typeof value !== "string") return fail(`"${key}" of ${where} is not a text`);
  }
  rejectUnknown(numbers, MEASURE_KEYS, where, fail);
  const measures: Measures = {};
  for (const [key, value] of Object.entries(numbers)) {
    if (typeof value !== "number") return fail(`"${key}" of ${where} is not a number`);
    measures[key as MeasureKey] = value;
  }
  return {
    method: version === undefined ? method : `${method} ${version}`,
    source: gpu === undefined ? source : `${gpu}; ${source}`,
    measures,
  };
}

/** Fails if an object has another key than those known. */
export function rejectUnknown(data: object, known: readonly string[], where: string, fail: Fail): void {
  const unknown = Object.keys(data).find((key) => !known.includes(key));
  if (unknown !== undefined) fail(`"${unknown}" in ${where} is unknown: expected ${known.join(", ")}`);
}
