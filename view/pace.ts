// Decides how large a frame may be, and when the next one is due, from what the last ones took.

/** Milliseconds of a frame while the camera moves: with a batch of steps of 50 ms, more than ten frames a second. */
const MOVING_MS = 25;

/** Milliseconds of a frame of a camera at rest: a drag that begins meanwhile starts that much later. */
const RESTING_MS = 250;

/** A camera at rest gets a new frame after this many times what its last frame took: the run keeps nine tenths. */
const REST_PER_FRAME = 9;

/** After a frame with all detail there is none for this many times what it took, whoever asks: a quarter of the time. */
const RUN_PER_REFINED = 3;

/** After any other frame there is none for this many times what it took: at most half of the time. */
const RUN_PER_FRAME = 1;

/** Milliseconds between two frames of a camera at rest, at least. */
const LEAST_REST_MS = 250;

/** Milliseconds over which the share of the time is averaged. */
const SHARE_MS = 10_000;

/** Smallest scale of a frame, and its steps: an eighth in width and height. */
const LEAST_SCALE = 1 / 8;

/** Scale of the first frame. */
const UNKNOWN_SCALE = 1 / 4;

/** Part of a small frame's cost per pixel that a pixel costs at least, whatever was measured. */
const LEAST_SLOPE = 0.01;

/** Weight of the newest frame in the estimate of the cost. */
const SMOOTHING = 0.3;

/** The size and the time of some frames, averaged. */
interface Cost {
  pixels: number;
  milliseconds: number;
}

/**
 * Estimates what the next frame takes: something for the Gaussians and something for each pixel. Both follow from frames
 * of two sizes, those of moving cameras and those at rest.
 */
export class Pace {
  readonly #now: () => number;
  readonly #start: number;
  readonly #costs: { moving?: Cost; resting?: Cost } = {};
  #refineAt = -Infinity;
  #renderAt = -Infinity;
  #frames: { at: number; milliseconds: number }[] = [];

  /** @param now Time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  /**
   * Factor for width and height of the next frame, in steps of an eighth so that sizes do not change all the time.
   *
   * @param pixels Of the frame at its full size
   * @param moving Whether the camera moves
   */
  scale(pixels: number, moving: boolean): number {
    const model = this.#model();
    if (model === undefined) return UNKNOWN_SCALE;
    const left = Math.max(0, (moving ? MOVING_MS : RESTING_MS) - model.fixed);
    const fitting = Math.sqrt(left / (model.perPixel * pixels));
    return Math.min(1, Math.max(LEAST_SCALE, Math.floor(fitting / LEAST_SCALE) * LEAST_SCALE));
  }

  /** Records a frame of some pixels that took `milliseconds`. */
  rendered(pixels: number, milliseconds: number, moving: boolean): void {
    const kind = moving ? "moving" : "resting";
    const before = this.#costs[kind] ?? { pixels, milliseconds };
    this.#costs[kind] = {
      pixels: before.pixels + SMOOTHING * (pixels - before.pixels),
      milliseconds: before.milliseconds + SMOOTHING * (milliseconds - before.milliseconds),
    };
    this.#renderAt = this.#now() + RUN_PER_FRAME * milliseconds;
    if (!moving) this.#refineAt = this.#now() + RUN_PER_REFINED * milliseconds;
    this.spent(milliseconds);
  }

  /** Whether the run has had its share of the time since the last frame. */
  get mayRender(): boolean {
    return this.#now() >= this.#renderAt;
  }

  /** Whether the run has had its share of the time since the last frame with all detail. */
  get mayRefine(): boolean {
    return this.#now() >= this.#refineAt;
  }

  /** The line through the two sizes; through the origin if there is only one. */
  #model(): { fixed: number; perPixel: number } | undefined {
    const [small, large] = [this.#costs.moving, this.#costs.resting]
      .filter((cost) => cost !== undefined)
      .sort((a, b) => a.pixels - b.pixels);
    if (small === undefined) return undefined;
    const share = small.milliseconds / small.pixels;
    if (large === undefined || large.pixels < 2 * small.pixels) return { fixed: 0, perPixel: share };
    const slope = (large.milliseconds - small.milliseconds) / (large.pixels - small.pixels);
    const perPixel = Math.min(Math.max(slope, LEAST_SLOPE * share), share);
    return { fixed: small.milliseconds - perPixel * small.pixels, perPixel };
  }

  /** Records time that the run waited for something else that the page shows. */
  spent(milliseconds: number): void {
    this.#frames.push({ at: this.#now(), milliseconds });
  }

  /** When a camera at rest is due for its next frame, after one that took some milliseconds. */
  nextAtRest(milliseconds: number): number {
    return this.#now() + Math.max(LEAST_REST_MS, REST_PER_FRAME * milliseconds);
  }

  /** Share of the last ten seconds that frames took. */
  share(): number {
    const now = this.#now();
    this.#frames = this.#frames.filter(({ at }) => now - at < SHARE_MS);
    const spent = this.#frames.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    return Math.min(1, spent / Math.max(1, Math.min(SHARE_MS, now - this.#start)));
  }
}
