// The process that runs the conversion library; load/splat_library.ts starts it and states the job. The library's name
// comes with the job: an import that named it would make every check and test of this code fetch it.

import type { SplatChange, SplatJob, SplatResult } from "./splat_library.ts";

/** A level of detail has half the Gaussians of the one before, as long as that leaves this many. */
const LEAST_OF_LEVEL = 20_000;

/** Levels of detail at most, and at least where there are enough Gaussians for two. */
const MOST_LEVELS = 6, LEAST_LEVELS = 2;

/** A vector of the library, whose class is not exported. */
interface Vector {
  set(x: number, y: number, z: number): Vector;
}

/** Gaussians that are read lazily. */
interface Source {
  readonly meta: { readonly numGaussians: number; readonly model: string };
}

/** Gaussians as columns. */
interface Table {
  readonly numRows: number;
}

/** What is used of the library. */
interface Library {
  Transform: { new (): { translation: Vector }; PLY: unknown };
  MemoryReadFileSystem: new () => { set(name: string, bytes: Uint8Array): void; createSource(name: string): unknown };
  MemoryFileSystem: new () => { results: Map<string, Uint8Array> };
  WorkerQueue: { maxWorkers: number | null };
  createChunkDataPool(): unknown;
  readFile(options: { filename: string; inputFormat: string; options: object; fileSystem: object }): Promise<Source[]>;
  processSourceBridged(source: Source, actions: object[], pool: unknown): Promise<Source>;
  materializeToDataTable(source: Source, pool: unknown): Promise<Table>;
  processDataTable(table: Table, actions: object[]): Promise<Table>;
  dataTableToChunkSource(table: Table, chunkSize?: number, indices?: Uint32Array, model?: string): Source;
  bakeTransform(source: Source, axes: unknown): Source;
  stackLods(levels: Source[]): Source;
  writeLodSource(options: object, fileSystem: object): Promise<void>;
  writeSource(
    options: { filename: string; outputFormat: string; source: Source; pool: unknown; options: object },
    fileSystem: object,
  ): Promise<void>;
}

/** Converts the job's input. */
async function convert(library: Library, job: SplatJob): Promise<SplatResult> {
  library.WorkerQueue.maxWorkers = 0; // its workers would need permissions of their own
  const [source] = await library.readFile({
    filename: job.path ?? inputName(job),
    inputFormat: job.input,
    options: { lodSelect: [0] }, // the finest level, of files that have several
    fileSystem: await inputFiles(library, job),
  });
  if (!(source?.meta.numGaussians > 0)) throw new Error("it has no Gaussians");
  const pool = library.createChunkDataPool();
  let changed = source;
  for (const change of job.changes ?? []) {
    changed = change.kind === "decimate"
      ? await decimated(library, { source: changed, pool, keep: change.keep })
      : await library.processSourceBridged(changed, libraryActions(library, change), pool);
    if (changed.meta.numGaussians === 0) throw new Error(`none of the Gaussians is left after ${change.kind}`);
  }
  const files = new library.MemoryFileSystem();
  if (job.output === "lod") await writeLevels(library, { source: changed, pool, files });
  else {
    const output = { filename: "output", outputFormat: job.output, source: changed, pool, options: {} };
    await library.writeSource(output, files);
  }
  const named = [...files.results].map(([name, bytes]) => [name.replace(/^\//, ""), bytes]);
  return { files: Object.fromEntries(named), count: changed.meta.numGaussians };
}

/** Fewer Gaussians: `keep` of them, or up to 1 that share. The library's own action loses the mark for anti-aliasing. */
async function decimated(
  library: Library,
  { source, pool, keep }: { source: Source; pool: unknown; keep: number },
): Promise<Source> {
  const { numGaussians, model } = source.meta;
  const count = Math.min(numGaussians, Math.max(1, Math.round(keep <= 1 ? keep * numGaussians : keep)));
  const table = await library.materializeToDataTable(source, pool);
  const fewer = await library.processDataTable(table, [{ kind: "decimate", count, percent: null }]);
  return library.dataTableToChunkSource(fewer, undefined, undefined, model);
}

/** Writes a chain of levels of detail, each of half the Gaussians of the one before. */
async function writeLevels(
  library: Library,
  { source, pool, files }: { source: Source; pool: unknown; files: object },
): Promise<void> {
  const { model } = source.meta;
  const tables = [await library.materializeToDataTable(source, pool)];
  while (tables.length < MOST_LEVELS) {
    const finest = tables[tables.length - 1];
    const half = Math.floor(finest.numRows / 2);
    if (half < 1 || (half < LEAST_OF_LEVEL && tables.length >= LEAST_LEVELS)) break;
    tables.push(await library.processDataTable(finest, [{ kind: "decimate", count: half, percent: null }]));
  }
  const levels = tables.map((table) => library.dataTableToChunkSource(table, undefined, undefined, model));
  const mainSource = library.stackLods(levels.map((level) => library.bakeTransform(level, library.Transform.PLY)));
  const chunks = { chunkCount: 512, chunkExtent: 16 }; // thousands of Gaussians, and units: the library's own defaults
  await library.writeLodSource(
    {
      filename: "/lod-meta.json", // a relative name would be resolved to the current folder
      mainSource,
      envSource: null,
      iterations: 10,
      ...chunks,
    },
    files,
  );
}

/** The file of the job and those that it names, or the standard input. */
async function inputFiles(library: Library, job: SplatJob): Promise<object> {
  const files = new library.MemoryReadFileSystem();
  if (job.path === undefined) {
    files.set(inputName(job), await new Response(Deno.stdin.readable).bytes());
    return files;
  }
  return {
    async createSource(name: string): Promise<unknown> {
      files.set(name, await Deno.readFile(name));
      return files.createSource(name);
    },
  };
}

/** The name of the standard input, with the extension that the library knows the format by. */
function inputName({ input }: SplatJob): string {
  return `input.${input}`;
}

/** The library's actions, which are in its own axes: those of the file, turned by 180° about z. */
function libraryActions(library: Library, change: Exclude<SplatChange, { kind: "decimate" }>): object[] {
  const vector = ([x, y, z]: readonly number[]) => new library.Transform().translation.set(x, y, z);
  switch (change.kind) {
    case "crop": {
      const { min, max } = change;
      return [{ kind: "filterBox", min: vector([-max[0], -max[1], min[2]]), max: vector([-min[0], -min[1], max[2]]) }];
    }
    case "minOpacity":
      return [{ kind: "filterByValue", columnName: "opacity", comparator: "gte", value: change.opacity }];
    case "shDegree":
      return [{ kind: "filterBands", value: change.degree }];
    case "transform": {
      const [x, y, z] = change.translation;
      return [
        { kind: "scale", value: change.scale },
        { kind: "rotate", value: vector(eulerAngles(change.rotation)) },
        { kind: "translate", value: vector([-x, -y, z]) },
      ];
    }
  }
}

/** Angles in degrees about x, then y, then z, of a rotation (9 numbers, row-major) in the library's axes. */
function eulerAngles([r00, , , r10, r11, r12, r20, r21, r22]: readonly number[]): [number, number, number] {
  // With P = diag(−1, −1, 1), P R P has the signs of the entries that mix z with x or y changed.
  const sine = Math.min(1, Math.max(-1, r20));
  const upright = Math.abs(sine) > 1 - 1e-12; // then only the sum of the other two angles matters
  const x = upright ? Math.atan2(r12, r11) : Math.atan2(-r21, r22);
  const z = upright ? 0 : Math.atan2(r10, r00);
  return [x, Math.asin(sine), z].map((angle) => angle * 180 / Math.PI) as [number, number, number];
}

if (import.meta.main) {
  const { library: name, ...job }: SplatJob & { library: string } = JSON.parse(Deno.args[0]);
  // Not as a whole: what is imported by a name that is known is downloaded with the package.
  const library: Library = await import(`npm:@playcanvas/${name}`);
  try {
    const { files, count } = await convert(library, job);
    const sizes = Object.entries(files).map(([name, { length }]) => [name, length]);
    for (const bytes of [new TextEncoder().encode(`${JSON.stringify(sizes)}\n`), ...Object.values(files)]) {
      for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
    }
    console.error(`Gaussians: ${count}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`splat-transform: ${message.replaceAll(/\s*\n\s*/g, "; ")}`);
    Deno.exit(1);
  }
}
