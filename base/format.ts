// Numbers of bytes and of things as text.

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
