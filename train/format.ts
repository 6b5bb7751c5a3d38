// Bytes and memory plans in words.

import type { PlanItem } from "./plan.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * A number of bytes in words: `"1.5 MiB"`.
 *
 * @param bytes Number of bytes
 * @returns At most one decimal and the unit
 */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/**
 * The size of an item of a memory plan: `"2.9 MiB"`, `"about 1.4 MiB"` where it is an estimate.
 *
 * @param item Item of a plan
 * @returns Its bytes in words
 */
export function formatItem({ bytes, exact }: PlanItem): string {
  return `${exact ? "" : "about "}${formatBytes(bytes)}`;
}

/**
 * The items of a memory plan in one line: `"photos 2.9 MiB, splats about 1.4 MiB"`.
 *
 * @param items Items of a plan
 * @returns Purposes and sizes
 */
export function formatItems(items: readonly PlanItem[]): string {
  return items.map((item) => `${item.purpose} ${formatItem(item)}`).join(", ");
}
