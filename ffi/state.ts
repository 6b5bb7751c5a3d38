// Exports and imports the whole state of a trainer in chunks, bit for bit.

import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkCount, TameError } from "./errors.ts";
import { PARAMETER_NAMES, type ParameterName } from "./parameters.ts";
import { Struct } from "./struct.ts";

/** Parametrisation of opacities: "logit" trains logits, "linear" trains x, of which min(|x|, 1) is used. */
export type OpacityMode = "logit" | "linear";

/** A column of the state. */
export interface ColumnInfo {
  /** Its name, such as `means`, `means_m`, `gradient_sum`. */
  name: string;
  /** Values in a row, 4 bytes each. */
  values: number;
  /** Whether they are unsigned integers; else they are floats. */
  integer: boolean;
  /** Current number of rows: Gaussians, or views. */
  rows: number;
}

/** A trainer's state besides the columns. */
export interface TrainerProgress {
  /** Number of Gaussians. */
  count: number;
  /** Parametrisation of opacities. */
  opacityMode: OpacityMode;
  /** Highest degree of the spherical harmonics that a step has rendered with. */
  liveShDegree: number;
  /** Adam steps of each parameter. */
  steps: Record<ParameterName, number>;
}

/** A part of an exported state. */
export interface StateChunk {
  /** Name of the column. */
  column: string;
  /** First row. */
  offset: number;
  /** The rows, row-major. */
  data: Uint8Array<ArrayBuffer>;
}

/** Maximum bytes of a chunk, unless one row is larger. */
const CHUNK_BYTES = 2 ** 22;

/**
 * The state of a trainer by named columns. Imported into a new trainer with Gaussians of the same degree, the same
 * views and the same options, it gives the same next steps, bit for bit.
 */
export class TrainerState {
  readonly #device: Device;
  readonly #pointer: () => Deno.PointerValue;
  readonly #recount: (count: number) => void;

  /** @internal Use `Trainer.state`. */
  constructor(device: Device, trainer: { pointer: () => Deno.PointerValue; recount: (count: number) => void }) {
    this.#device = device;
    this.#pointer = trainer.pointer;
    this.#recount = trainer.recount;
  }

  /** The columns, in their native order. */
  columns(): ColumnInfo[] {
    const count = new Uint32Array(1);
    this.#device.call((symbols, error) =>
      symbols.tame_trainer_column_count(this.#pointer(), count, count.length, error)
    );
    return Array.from({ length: count[0] }, (_, index) => {
      const info = new Struct("tame_column_info");
      this.#device.call((symbols, error) =>
        symbols.tame_trainer_column_get_info(this.#pointer(), index, info.bytes, info.bytes.length, error)
      );
      return {
        name: info.text("name"),
        values: info.number("values"),
        integer: info.number("integer") === 1,
        rows: info.number("rows"),
      };
    });
  }

  /** The state besides the columns. */
  get progress(): TrainerProgress {
    const native = new Struct("tame_progress");
    this.#device.call((symbols, error) =>
      symbols.tame_trainer_get_progress(this.#pointer(), native.bytes, native.bytes.length, error)
    );
    return {
      count: native.number("count"),
      opacityMode: native.number("opacity_mode") === ABI.OPACITY_LINEAR ? "linear" : "logit",
      liveShDegree: native.number("live_sh_degree"),
      steps: Object.fromEntries(PARAMETER_NAMES.map((name, i) => [name, native.number("steps", i)])) as Record<
        ParameterName,
        number
      >,
    };
  }

  /**
   * Exports all columns, a chunk at a time. Do not change the trainer before the last chunk.
   *
   * @param chunkBytes Maximum bytes of a chunk, or one row if that is larger. Default 4 MiB
   */
  async *export(chunkBytes: number = CHUNK_BYTES): AsyncGenerator<StateChunk, void, void> {
    checkCount("chunkBytes", chunkBytes, { minimum: 1 });
    for (const [index, { name, values, rows }] of this.columns().entries()) {
      const rowBytes = 4 * values;
      const rowsAtOnce = Math.max(1, Math.floor(chunkBytes / Math.max(rowBytes, 1)));
      for (let offset = 0; values > 0 && offset < rows; offset += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, rows - offset);
        const data = new Uint8Array(count * rowBytes);
        await this.#device.queue((symbols, error) =>
          symbols.tame_trainer_export(this.#pointer(), index, offset, count, data, data.length, error)
        );
        yield { column: name, offset, data };
      }
    }
  }

  /** All rows of a column, row by row. Throws "invalid argument" when there is none of that name. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { index, rows, values } = this.#column(name);
    const data = new Uint8Array(4 * rows * values);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_export(this.#pointer(), index, 0, rows, data, data.length, error)
    );
    return data;
  }

  #column(name: string): ColumnInfo & { index: number } {
    const columns = this.columns();
    const index = columns.findIndex((column) => column.name === name);
    if (index < 0) throw new TameError("invalid argument", `This trainer's state has no column ${name}`);
    return { ...columns[index], index };
  }

  /**
   * Restores the progress of an exported state: the count of Gaussians, opacity mode and step counts. All chunks must
   * follow, by {@linkcode TrainerState.import}; until then rows beyond the old count are undefined.
   */
  restore({ count, opacityMode, liveShDegree, steps }: TrainerProgress): void {
    checkCount("count", count);
    if (opacityMode !== "logit" && opacityMode !== "linear") {
      throw new TameError("invalid argument", `opacityMode is "${opacityMode}": expected "logit" or "linear"`);
    }
    checkCount("liveShDegree", liveShDegree, { maximum: 3 });
    const stepCounts = PARAMETER_NAMES.map((name) => steps[name]);
    for (const [i, value] of stepCounts.entries()) checkCount(`steps.${PARAMETER_NAMES[i]}`, value);
    const { bytes } = new Struct("tame_progress")
      .set("count", count)
      .set("opacity_mode", opacityMode === "linear" ? ABI.OPACITY_LINEAR : ABI.OPACITY_LOGIT)
      .set("live_sh_degree", liveShDegree)
      .set("steps", stepCounts);
    this.#device.call((symbols, error) =>
      symbols.tame_trainer_set_progress(this.#pointer(), bytes, bytes.length, error)
    );
    this.#recount(count);
  }

  /** Imports a chunk. Throws "invalid argument" when there is no such column, or the rows do not fit. */
  async import({ column, offset, data }: StateChunk): Promise<void> {
    checkCount("offset", offset);
    const { index, values } = this.#column(column);
    const rowBytes = 4 * values;
    if (rowBytes === 0 || data.length % rowBytes !== 0) {
      throw new TameError("invalid argument", `${data.length} bytes are not whole rows of ${column}, ${rowBytes} each`);
    }
    const words = data.byteOffset % 4 === 0 ? data : data.slice(); // native code needs aligned words
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_import(this.#pointer(), index, offset, words.length / rowBytes, words, words.length, error)
    );
  }
}
