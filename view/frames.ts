// Renders the frames that pages are due, one at a time, and only while a page looks.

import type { Gaussians } from "../ffi/gaussians.ts";
import { type Color, countInstances } from "../ffi/rasterizer.ts";
import { resizeCamera } from "../load/camera.ts";
import type { Camera } from "../base/scene.ts";
import type { Client, Wish } from "./client.ts";
import { binaryMessage } from "./messages.ts";
import { Pace } from "./pace.ts";
import { encodeJpeg, renderMode } from "./render.ts";

/** JPEG qualities. */
const QUALITY = { moving: 75, resting: 92 };

/** Pixels of the largest frame: those of a screen of 2560 x 1440. */
export const MOST_FRAME_PIXELS = 2560 * 1440;

/** What all frames of a run share. */
export interface FrameSettings {
  background: Color;
  /** What the capture's cameras have beside a pinhole. */
  camera: Pick<Camera, "near" | "coverage">;
}

/** Between which steps a frame is rendered. */
export interface Moment {
  iteration: number;
  /** Whether no step follows. */
  paused: boolean;
}

/** The frames of all pages. */
export class Frames {
  readonly pace: Pace;
  /** Pixels of the largest frame that the memory plan has room for. */
  mostPixels = MOST_FRAME_PIXELS;
  /** (tile, splat) pairs that a frame may have; undefined if memory is not short. */
  mostPairs: number | undefined;
  readonly #settings: FrameSettings;
  readonly #now: () => number;

  constructor(settings: FrameSettings, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#now = now;
    this.pace = new Pace(now);
  }

  /**
   * Renders the frame that has been due for longest. Native work: call it only between two steps. Encoding and sending
   * go on beside the next step.
   *
   * @param clients All pages
   * @param gaussians What to render
   * @param moment The iteration, and whether the run is paused: frames with all detail then take nothing from it
   * @returns Whether a frame was due
   */
  async render(clients: Iterable<Client>, gaussians: Gaussians, moment: Moment): Promise<boolean> {
    if (!moment.paused && !this.pace.mayRender) return false;
    const client = this.#due(clients, moment);
    if (client?.wish === undefined) return false;
    const { wish, wishes } = client;
    const { iteration } = moment;
    const fast = wish.moving || !this.#mayRefine(moment);
    const full = wish.camera.width * wish.camera.height;
    const scale = Math.min(this.pace.scale(full, fast), Math.sqrt(this.mostPixels / full));
    const size = {
      width: Math.max(1, Math.round(scale * wish.camera.width)),
      height: Math.max(1, Math.round(scale * wish.camera.height)),
    };
    const frame = client.beginFrame();
    const start = this.#now();
    try {
      const camera = await this.#fitting(gaussians, { ...resizeCamera(wish.camera, size), ...this.#settings.camera });
      const { width, height } = camera;
      const pixels = await renderMode(gaussians, camera, { mode: wish.mode, background: this.#settings.background });
      const milliseconds = this.#now() - start;
      this.pace.rendered(width * height, milliseconds, fast);
      const refined = !fast;
      client.rendered = {
        wish: wishes,
        refined,
        iteration,
        next: this.pace.nextAtRest(milliseconds),
        at: this.#now(),
      };
      const header = {
        type: "frame",
        frame,
        iteration,
        width,
        height,
        mode: wish.mode,
        refined,
        milliseconds,
      } as const;
      encodeJpeg(pixels, fast ? QUALITY.moving : QUALITY.resting)
        .then((jpeg) => client.sendBinary(binaryMessage(header, jpeg)))
        .catch((error) => failed(client, frame, error));
    } catch (error) {
      this.pace.spent(this.#now() - start);
      // Not again until something changes: memory for a large frame does not come by asking twice.
      client.rendered = { wish: wishes, refined: !wish.moving, iteration, next: Infinity, at: this.#now() };
      failed(client, frame, error);
    }
    return true;
  }

  /**
   * The camera at a size at which the memory suffices for its splats. What a frame needs is kept for the next ones: too
   * much of it would be missing at the run's next event.
   *
   * @throws {Error} When no size does
   */
  async #fitting(gaussians: Gaussians, camera: Camera): Promise<Camera> {
    const { mostPairs } = this;
    if (mostPairs === undefined) return camera;
    for (let fitting = camera; fitting.width > 1 && fitting.height > 1; fitting = halved(fitting)) {
      if (await countInstances(gaussians, fitting) <= mostPairs) return fitting;
    }
    throw new Error("the memory that the run leaves is too little for the splats of this view");
  }

  /** The page whose frame is due, and whose last one is the oldest. */
  #due(clients: Iterable<Client>, moment: Moment): Client | undefined {
    return [...clients]
      .filter((client) => client.ready && this.#isDue(client, client.wish!, moment))
      .sort((a, b) => a.rendered.at - b.rendered.at)[0];
  }

  #isDue({ wishes, rendered }: Client, { moving }: Wish, moment: Moment): boolean {
    if (rendered.wish !== wishes) return true;
    if (!moving && !this.#mayRefine(moment)) return false;
    if (!rendered.refined && !moving) return true;
    return rendered.iteration !== moment.iteration && this.#now() >= rendered.next;
  }

  #mayRefine({ paused }: Moment): boolean {
    return paused || this.pace.mayRefine;
  }
}

function halved(camera: Camera): Camera {
  const [width, height] = [Math.ceil(camera.width / 2), Math.ceil(camera.height / 2)];
  return resizeCamera(camera, { width, height });
}

function failed(client: Client, frame: number, error: unknown): void {
  client.cancelFrame(frame);
  const reason = error instanceof Error ? error.message : String(error);
  client.send({ type: "problem", text: `No frame: ${reason}` });
}
