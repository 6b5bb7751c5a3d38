// Named columns with one number for each Gaussian, with which strategies select and edit Gaussians. Everything runs
// natively; an expression is text such as "gradient_sum / max(visible_steps, 1) >= 0.0002".

import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkCount, TameError } from "./errors.ts";
import { Struct, structSize } from "./struct.ts";

/** A subset of the Gaussians. */
export interface Among {
  /** Expression that is not 0 for the Gaussians of the subset. Default: all Gaussians. */
  among?: string;
}

/** Options of {@linkcode Columns.draw}. */
export interface DrawOptions extends Among {
  /** How many to draw. */
  count: number;
  /** Whether one may be drawn more than once. Default false. */
  replacement?: boolean;
  /** Stream of random numbers; stream, iteration and round identify the draw. */
  stream: number;
  /** Iteration, from 1. */
  iteration: number;
  /** 0, 1, 2, … of repeated draws in one iteration. Default 0. */
  round?: number;
}

/** What an edit does with a row; see {@linkcode Columns.editRows}. */
export interface RowKind {
  /**
   * - `keep`, `remove`
   * - `copy`: it stays, and copies are appended
   * - `split`: two children replace it
   * - `addChild`: it stays as it is, and a child is appended
   * - `giveCopies`: it stays, and rows of kind `relocate` become copies of it, in the order of both
   */
  operation: "keep" | "remove" | "copy" | "split" | "addChild" | "giveCopies" | "relocate";
  /** Means of the children: the parent's, random samples of its Gaussian, or on its longest axis. Default `same`. */
  place?: "same" | "random" | "longAxis";
  /** With `longAxis`: mean ± offset · scale. Default 0. */
  offset?: number;
  /** Added to the children's log-scales; with `longAxis` only to the longest. Default 0. */
  logScale?: number;
  /** With `longAxis`: added to the other two log-scales. Default 0. */
  logScaleOthers?: number;
  /**
   * Opacity of the n rows from one source of opacity o. `none`: o; `opacity`: 1 − (1 − o)^(1/n), so that together they
   * cover what the source did (Bulò et al. 2024); `volume`: that, with smaller scales (Kheradmand et al. 2024); a
   * number: o times it. Default `none`.
   */
  share?: "none" | "opacity" | "volume" | number;
  /** Whether the moments of the row that stays are also cleared. Default false. */
  clearMoments?: boolean;
}

/** Options of {@linkcode Columns.editRows}. */
export interface EditOptions {
  /** Expression for the number of copies of `copy` and `giveCopies`. Default 1. */
  copies?: string;
  /** Iteration, from 1; with `round` it identifies the random draw of the children's means. */
  iteration: number;
  /** 0, 1, 2, … of repeated edits in one iteration. Default 0. */
  round?: number;
  /** Whether children follow all other rows; else the first child takes its parent's row. Default false. */
  childrenLast?: boolean;
}

const OPERATIONS: Record<RowKind["operation"], number> = {
  keep: ABI.ROW_KEEP,
  remove: ABI.ROW_REMOVE,
  copy: ABI.ROW_COPY,
  split: ABI.ROW_SPLIT,
  addChild: ABI.ROW_ADD_CHILD,
  giveCopies: ABI.ROW_GIVE_COPIES,
  relocate: ABI.ROW_RELOCATE,
};
const PLACES: Record<NonNullable<RowKind["place"]>, number> = {
  same: ABI.PLACE_SAME,
  random: ABI.PLACE_RANDOM,
  longAxis: ABI.PLACE_LONG_AXIS,
};
const SHARES = { none: ABI.SHARE_NONE, opacity: ABI.SHARE_OPACITY, volume: ABI.SHARE_VOLUME } as const;

const encoder = new TextEncoder();

/**
 * The columns of a trainer: those of its state (`opacities`, `log_scales.0`, `means_m.2`, `gradient_sum`, `score`, …),
 * `used_opacity`, and scratch columns that the methods create. cuda/tame.h has the grammar of expressions.
 *
 * @example
 * ```ts no-assert
 * import type { Columns } from "./columns.ts";
 *
 * // Removes the 100 Gaussians with the lowest scores.
 * export async function thin(columns: Columns, iteration: number): Promise<number> {
 *   await columns.select("lowest", "score", { count: 100 });
 *   return await columns.editRows("lowest", [{ operation: "keep" }, { operation: "remove" }], { iteration });
 * }
 * ```
 */
export class Columns {
  readonly #device: Device;
  readonly #pointer: () => Deno.PointerValue;
  readonly #recount: (count: number) => void;
  readonly #count: () => number;

  /** @internal Use `Trainer.columns`. */
  constructor(
    device: Device,
    trainer: { pointer: () => Deno.PointerValue; count: () => number; recount: (count: number) => void },
  ) {
    this.#device = device;
    this.#pointer = trainer.pointer;
    this.#count = trainer.count;
    this.#recount = trainer.recount;
  }

  /**
   * Writes an expression to a column of the state, or to a scratch column.
   *
   * @param column Name of the column
   * @param expression What to write
   * @param options `rows`: an expression that is not 0 for the rows to write (default: all). `stays`: `editRows` leaves
   * the values of a scratch column at their indices instead of moving them with their rows (default false)
   */
  async compute(column: string, expression: string, options: { rows?: string; stays?: boolean } = {}): Promise<void> {
    const [name, text, rows] = [column, expression, options.rows ?? ""].map(bytesOf);
    const places = options.stays ? ABI.COLUMN_STAYS : ABI.COLUMN_FOLLOWS;
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_compute(this.#pointer(), ...name, ...text, ...rows, places, error)
    );
  }

  /** Reads the values of an expression, one for each Gaussian. */
  async evaluate(expression: string): Promise<Float32Array<ArrayBuffer>> {
    const text = bytesOf(expression);
    const values = new Float32Array(this.#count());
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_evaluate_async(this.#pointer(), ...text, values, values.length, error)
    );
    return values;
  }

  /** {@linkcode Columns.evaluate}, blocking. */
  read(expression: string): Float32Array<ArrayBuffer> {
    const text = bytesOf(expression);
    const values = new Float32Array(this.#count());
    this.#device.call((symbols, error) =>
      symbols.tame_trainer_evaluate(this.#pointer(), ...text, values, values.length, error)
    );
    return values;
  }

  /** Sums the values of an expression in float64, in the order of the rows. */
  async sum(expression: string): Promise<number> {
    const text = bytesOf(expression);
    const sum = new Float64Array(1);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_sum(this.#pointer(), ...text, sum, sum.length, error)
    );
    return sum[0];
  }

  /** Writes 1 to a column for the `count` Gaussians with the smallest `by` (of equal ones the first), else 0. */
  async select(column: string, by: string, { among = "", count }: Among & { count: number }): Promise<void> {
    checkCount("count", count);
    const [name, order, where] = [column, by, among].map(bytesOf);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_select(this.#pointer(), ...name, ...order, ...where, count, error)
    );
  }

  /** Writes each Gaussian's rank by ascending `by`, from 0, to a column; outside `among` the number of ranks. */
  async rank(column: string, by: string, { among = "" }: Among = {}): Promise<void> {
    const [name, order, where] = [column, by, among].map(bytesOf);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_rank(this.#pointer(), ...name, ...order, ...where, error)
    );
  }

  /**
   * Draws Gaussians at random and writes to a column how often each was drawn. Those of weight 0 are drawn last without
   * replacement, and never with it.
   */
  async draw(column: string, weights: string, options: DrawOptions): Promise<void> {
    const { among = "", count, replacement = false, stream, iteration, round = 0 } = options;
    for (const [what, value] of Object.entries({ count, stream, iteration, round })) checkCount(what, value);
    const [name, text, where] = [column, weights, among].map(bytesOf);
    const { bytes } = new Struct("tame_draw")
      .set("count", count)
      .set("replacement", replacement ? 1 : 0)
      .set("stream", stream)
      .set("iteration", iteration)
      .set("round", round);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_draw(this.#pointer(), ...name, ...text, ...where, bytes, bytes.length, error)
    );
  }

  /**
   * Edits the rows. Rows that stay keep their order; appended rows follow in the order of their sources. New rows have
   * zero moments, and the statistics and score of their source.
   *
   * @param kinds Expression for the kind of each row, an index into `table`
   * @param table The kinds, at most 16
   * @param options Copies, iteration and round, order
   * @returns The new number of Gaussians
   */
  async editRows(kinds: string, table: readonly RowKind[], options: EditOptions): Promise<number> {
    const { copies = "", iteration, round = 0, childrenLast = false } = options;
    checkCount("iteration", iteration);
    checkCount("round", round);
    const stride = structSize("tame_row_kind");
    const rows = new Uint8Array(stride * table.length);
    table.forEach((kind, i) => rows.set(packKind(kind), i * stride));
    const { bytes: edit } = new Struct("tame_edit")
      .set("iteration", iteration)
      .set("round", round)
      .set("children_last", childrenLast ? 1 : 0);
    const [kind, copy] = [kinds, copies].map(bytesOf);
    const count = new Uint32Array(1);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_edit_rows(
        this.#pointer(),
        ...kind,
        ...copy,
        rows,
        rows.length,
        table.length,
        stride,
        edit,
        edit.length,
        count,
        count.length,
        error,
      )
    );
    this.#recount(count[0]);
    return count[0];
  }

  /** Zeroes both moments of parameters (bits `1 << GROUP.…`) for the Gaussians where `rows` is not 0. Default: all. */
  async clearMoments(mask: number, rows = ""): Promise<void> {
    const where = bytesOf(rows);
    await this.#device.queue((symbols, error) =>
      symbols.tame_trainer_clear_moments(this.#pointer(), mask, ...where, error)
    );
  }

  /** Drops the scratch columns. */
  drop(): void {
    this.#device.call((symbols, error) => symbols.tame_trainer_drop_columns(this.#pointer(), error));
  }
}

/** A text as arguments of a native call: bytes and their number. */
function bytesOf(text: string): [Uint8Array<ArrayBuffer>, number] {
  const bytes = encoder.encode(text);
  return [bytes, bytes.length];
}

/** The ABI's number for a name; throws "invalid argument" for an unknown name. */
function valueOf<Name extends string>(what: string, numbers: Readonly<Record<Name, number>>, name: Name): number {
  if (Object.hasOwn(numbers, name)) return numbers[name];
  const known = Object.keys(numbers).join(", ");
  throw new TameError("invalid argument", `A row kind has no ${what} "${name}": expected one of ${known}`);
}

function packKind(kind: RowKind): Uint8Array<ArrayBuffer> {
  const { operation, place = "same", share = "none", clearMoments = false } = kind;
  return new Struct("tame_row_kind")
    .set("operation", valueOf("operation", OPERATIONS, operation))
    .set("place", valueOf("place", PLACES, place))
    .set("share", typeof share === "number" ? ABI.SHARE_FACTOR : valueOf("share", SHARES, share))
    .set("opacity_factor", typeof share === "number" ? share : 0)
    .set("offset", kind.offset ?? 0)
    .set("log_scale", kind.logScale ?? 0)
    .set("log_scale_others", kind.logScaleOthers ?? 0)
    .set("clear_moments", clearMoments ? 1 : 0)
    .bytes;
}
