// Numbers of bytes, things and seconds as text.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * A number of bytes as text: `"1.5 MiB"`.
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
 * A number of things with its verb: `"1 photo is"`, `"3 photos are"`.
 *
 * @param value Number of things
 * @param noun Its singular, whose plural has an s
 */
export function countIs(value: number, noun: string): string {
  return value === 1 ? `1 ${noun} is` : `${value} ${noun}s are`;
}

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
