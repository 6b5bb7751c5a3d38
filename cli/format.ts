// Formats numbers for people.

import { formatBytes } from "../base/format.ts";
import { formatItems, type MemoryPlan } from "../train/plan.ts";

/** 15059 → "15 059". */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** Seconds as "0.42 s", "12.3 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}

/** "31.2 it/s", or "2.5 s/it" below one per second. */
export function rate(perSecond: number, unit: string): string {
  if (perSecond < 1) return `${(1 / perSecond).toFixed(1)} s/${unit}`;
  return `${perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond)} ${unit}/s`;
}

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
