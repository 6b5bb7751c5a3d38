// Formats numbers for people.

import { formatBytes } from "../base/format.ts";
import { formatItems, type MemoryPlan } from "../train/plan.ts";

export { count, duration, rate } from "../base/format.ts";

/** A progress bar of `width` characters between brackets for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]`;
}

/** A memory plan in one line: the sum, then its items, and what the host holds beside a device of its own. */
export function planText({ total, items, hostBytes }: MemoryPlan): string {
  const host = hostBytes > 0 ? `; in host memory: photos ${formatBytes(hostBytes)}` : "";
  return `about ${formatBytes(total)}: ${formatItems(items)}${host}`;
}
