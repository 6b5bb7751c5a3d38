// Numbers of bytes as text.

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
