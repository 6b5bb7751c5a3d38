// Memory plans in words.

import { formatBytes } from "../base/format.ts";
import type { PlanItem } from "./plan.ts";

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
