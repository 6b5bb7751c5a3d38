// A trainer's exported state by column, for tests that look at rows.
import type { Trainer } from "../../ffi/trainer.ts";
import { assertSameBits } from "../raster/compare.ts";

/** Values of each column, those of a row together; float columns and, as their numbers, integer ones. */
export type StateColumns = Map<string, { values: number; data: Float32Array | Uint32Array }>;

/** Exports all columns, in chunks of a few rows. */
export async function exportColumns(trainer: Trainer): Promise<StateColumns> {
  const columns: StateColumns = new Map();
  for (const { name, values, integer, rows } of trainer.state.columns()) {
    columns.set(name, { values, data: new (integer ? Uint32Array : Float32Array)(values * rows) });
  }
  for await (const { column, offset, data } of trainer.state.export(1000)) {
    const { values, data: whole } = columns.get(column)!;
    new Uint8Array(whole.buffer).set(data, 4 * values * offset);
  }
  return columns;
}

/** The values of one row of a column. */
export function rowOf(columns: StateColumns, name: string, row: number): number[] {
  const { values, data } = columns.get(name)!;
  return [...data.subarray(values * row, values * (row + 1))];
}

/** Fails unless two states have the same columns with the same bits. */
export function assertSameState(actual: StateColumns, expected: StateColumns): void {
  assertSameBits(
    [...actual.keys()].map((name) => actual.get(name)!.values),
    [...expected.values()].map((c) => c.values),
    "columns",
  );
  for (const [name, { data }] of expected) assertSameBits(actual.get(name)!.data, data, name);
}
