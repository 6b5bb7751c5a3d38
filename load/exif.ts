// The exposure that a photo's EXIF data state (CIPA DC-008, Exif 3.0; the structure is that of TIFF 6.0).

/** The tags that are read. */
const TAG = { exif: 0x8769, time: 0x829A, aperture: 0x829D, iso: 0x8827 } as const;

/** Types of values. */
const SHORT = 3, LONG = 4, RATIONAL = 5;

/** Bytes of an entry in a directory, and where its value is. */
const ENTRY_BYTES = 12, VALUE_OFFSET = 8;

/** Exposures beyond this factor from 1 s at ISO 1 and f/1 are no photo's. */
const LARGEST = 1e9;

/**
 * The exposure of a photo, up to a factor that all photos share: time in seconds · ISO / f-number².
 *
 * @param exif EXIF data, with or without their heading `Exif`; anything may be in them
 * @returns The exposure; undefined if it is not stated, or the data are damaged
 *
 * @internal
 */
export function exposureOfExif(exif: Uint8Array): number | undefined {
  try {
    const tiff = tiffOf(exif);
    const pointer = entriesOf(tiff, tiff.view.getUint32(4, tiff.little)).get(TAG.exif);
    const entries = entriesOf(tiff, pointer === undefined ? NaN : numberAt(tiff, pointer));
    const [time, aperture, iso] = [TAG.time, TAG.aperture, TAG.iso].map((tag) => {
      const entry = entries.get(tag);
      return entry === undefined ? NaN : numberAt(tiff, entry);
    });
    const exposure = time * iso / aperture ** 2;
    return exposure > 1 / LARGEST && exposure < LARGEST ? exposure : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // a read beyond the end
    throw error;
  }
}

/** TIFF data and their byte order. */
interface Tiff {
  view: DataView;
  little: boolean;
}

function tiffOf(exif: Uint8Array): Tiff {
  const heading = "Exif\0\0";
  const headed = [...heading].every((letter, i) => exif[i] === letter.charCodeAt(0));
  const bytes = headed ? exif.subarray(heading.length) : exif;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { view, little: view.getUint16(0) === 0x4949 };
}

/** Offsets of a directory's entries by their tags; none at an offset that is not a number. */
function entriesOf({ view, little }: Tiff, offset: number): Map<number, number> {
  const entries = new Map<number, number>();
  const count = Number.isNaN(offset) ? 0 : view.getUint16(offset, little);
  for (let i = 0; i < count; i++) {
    const entry = offset + 2 + ENTRY_BYTES * i;
    entries.set(view.getUint16(entry, little), entry);
  }
  return entries;
}

/** The first value of an entry; NaN if it is of another type. */
function numberAt({ view, little }: Tiff, entry: number): number {
  const at = entry + VALUE_OFFSET;
  switch (view.getUint16(entry + 2, little)) {
    case SHORT:
      return view.getUint16(at, little);
    case LONG:
      return view.getUint32(at, little);
    case RATIONAL: {
      const value = view.getUint32(at, little);
      return view.getUint32(value, little) / view.getUint32(value + 4, little);
    }
    default:
      return NaN;
  }
}
