// Numbers for people.

const WHOLE = new Intl.NumberFormat("en");

/** 112053 → "112,053". */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** Seconds as "45 s", "3 min 05 s", "2 h 10 min". */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  const padded = (value: number): string => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes} min ${padded(rounded % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}

/** Three digits that count: 31.2, 0.125, 480. */
export function short(value: number): string {
  return value >= 100 ? WHOLE.format(Math.round(value)) : value.toPrecision(3);
}
