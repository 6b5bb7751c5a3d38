// Tracks: which images of a reconstruction show each of its points.

/** The images of each point. */
export interface Tracks {
  /** N + 1 numbers: where the entries of each point begin, and where the last one's end. */
  starts: Uint32Array;
  /** The id of each entry's image. */
  images: Int32Array;
}

/** Collects the tracks of points one after another. */
export class TrackBuilder {
  readonly #starts: Uint32Array;
  #images = new Int32Array(1024);
  #points = 0;
  #length = 0;

  /** For `count` points. */
  constructor(count: number) {
    this.#starts = new Uint32Array(count + 1);
  }

  /** Adds an image to the current point's track. */
  add(image: number): void {
    if (this.#length === this.#images.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#images);
      this.#images = larger;
    }
    this.#images[this.#length++] = image;
  }

  /** Goes on to the next point. */
  endPoint(): void {
    this.#starts[++this.#points] = this.#length;
  }

  /** The tracks; undefined if no point has an image. */
  finish(): Tracks | undefined {
    return this.#length === 0 ? undefined : { starts: this.#starts, images: this.#images.slice(0, this.#length) };
  }
}

/** The tracks of those points whose flag is 1. */
export function keptTracks({ starts, images }: Tracks, kept: Uint8Array): Tracks | undefined {
  const builder = new TrackBuilder(kept.reduce((sum, is) => sum + is, 0));
  for (let i = 0; i < kept.length; i++) {
    if (kept[i] === 0) continue;
    for (let entry = starts[i]; entry < starts[i + 1]; entry++) builder.add(images[entry]);
    builder.endPoint();
  }
  return builder.finish();
}
