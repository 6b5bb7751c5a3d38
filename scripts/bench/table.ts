// Formats tables and their cells.

import { count } from "../../cli/format.ts";

/** Aligns cells in columns, the first `left` of them to the left. */
export function columns(rows: string[][], left = 1): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows.map((row) =>
    row.map((cell, c) => c < left ? cell.padEnd(widths[c]) : cell.padStart(widths[c])).join("  ")
  );
}

/** A measured number with three significant digits, or all digits before the point: 0.0312, 4.53, 141, 1 234. */
export function threeDigits(value: number): string {
  return Math.abs(value) < 99.95 ? value.toPrecision(3) : count(Math.round(value));
}
