// Renders the frames that pages are due, one at a time, and only while a page looks.

import type { Gaussians } from "../ffi/gaussians.ts";
import type { Color } from "../ffi/rasterizer.ts";
import { resizeCamera } from "../load/camera.ts";
import type { Camera } from "../base/scene.ts";
import type { Client, Wish } from "./client.ts";
import { binaryMessage } from "./messages.ts";
import { Pace } from "./pace.ts";
import { encodeJpeg, renderMode } from "./render.ts";

/** JPEG qualities. */
const QUALITY = { moving: 75, resting: 92 };

/** What all frames of a run share. */
export interface FrameSettings {
  background: Color;
  /** What the capture's cameras have beside a pinhole. */
  camera: Pick<Camera, "near" | "coverage">;
}

/** The frames of all pages. */
export class Frames {
  readonly pace: Pace;
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
   * @returns Whether a frame was due
   */
  async render(clients: Iterable<Client>, gaussians: Gaussians, iteration: number): Promise<boolean> {
    const client = this.#due(clients, iteration);
    if (client?.wish === undefined) return false;
    const { wish, wishes } = client;
    const full = wish.camera.width * wish.camera.height;
    const scale = this.pace.scale(full, wish.moving);
    const size = {
      width: Math.max(1, Math.round(scale * wish.camera.width)),
      height: Math.max(1, Math.round(scale * wish.camera.height)),
    };
    const camera = { ...resizeCamera(wish.camera, size), ...this.#settings.camera };
    const frame = client.beginFrame();
    const start = this.#now();
    try {
      const pixels = await renderMode(gaussians, camera, { mode: wish.mode, background: this.#settings.background });
      const milliseconds = this.#now() - start;
      this.pace.rendered(size.width * size.height, milliseconds, wish.moving);
      const refined = !wish.moving;
      client.rendered = {
        wish: wishes,
        refined,
        iteration,
        next: this.pace.nextAtRest(milliseconds),
        at: this.#now(),
      };
      const header = { type: "frame", frame, iteration, ...size, mode: wish.mode, refined, milliseconds } as const;
      encodeJpeg(pixels, wish.moving ? QUALITY.moving : QUALITY.resting)
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

  /** The page whose frame is due, and whose last one is the oldest. */
  #due(clients: Iterable<Client>, iteration: number): Client | undefined {
    return [...clients]
      .filter((client) => client.ready && this.#isDue(client, client.wish!, iteration))
      .sort((a, b) => a.rendered.at - b.rendered.at)[0];
  }

  #isDue({ wishes, rendered }: Client, { moving }: Wish, iteration: number): boolean {
    if (rendered.wish !== wishes) return true;
    if (!rendered.refined && !moving) return true;
    return rendered.iteration !== iteration && this.#now() >= rendered.next;
  }
}

function failed(client: Client, frame: number, error: unknown): void {
  client.cancelFrame(frame);
  const reason = error instanceof Error ? error.message : String(error);
  client.send({ type: "problem", text: `No frame: ${reason}` });
}
