// Draws the centres of the splats over the frame, as single pixels in their colours, without a GPU.

import type { PageCamera } from "../protocol.ts";
import { byId } from "./dom.ts";

/** Nearest depth that is drawn, as a share of the distance of the scene. */
const NEAR = 1e-3;

/** The overlay of centres. */
export class Centres {
  readonly #canvas = byId("points", HTMLCanvasElement);
  readonly #context: CanvasRenderingContext2D;
  #positions = new Float32Array();
  #colors = new Float32Array();

  constructor() {
    this.#context = this.#canvas.getContext("2d")!;
  }

  /** Whether they are shown. */
  get shown(): boolean {
    return !this.#canvas.hidden;
  }

  set shown(shown: boolean) {
    this.#canvas.hidden = !shown;
  }

  /** Takes positions and colours as they come from the server. */
  take(payload: Uint8Array<ArrayBuffer>, count: number): void {
    const values = new Float32Array(payload.buffer, payload.byteOffset, 6 * count);
    this.#positions = values.subarray(0, 3 * count);
    this.#colors = values.subarray(3 * count);
  }

  /** Draws the centres as a camera sees them; a nearer one covers those behind it. */
  draw({ width, height, fx, fy, cx, cy, rotation: r, translation: t }: PageCamera, distance: number): void {
    Object.assign(this.#canvas, { width, height });
    const image = this.#context.createImageData(width, height);
    const nearest = new Float32Array(width * height).fill(Infinity);
    const [positions, colors] = [this.#positions, this.#colors];
    for (let i = 0; i < positions.length; i += 3) {
      const [x, y, z] = [positions[i], positions[i + 1], positions[i + 2]];
      const depth = r[6] * x + r[7] * y + r[8] * z + t[2];
      if (depth < NEAR * distance) continue;
      const u = Math.floor(cx + fx * (r[0] * x + r[1] * y + r[2] * z + t[0]) / depth);
      const v = Math.floor(cy + fy * (r[3] * x + r[4] * y + r[5] * z + t[1]) / depth);
      const pixel = v * width + u;
      if (u < 0 || v < 0 || u >= width || v >= height || depth >= nearest[pixel]) continue;
      nearest[pixel] = depth;
      for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = 255 * colors[i + channel];
      image.data[4 * pixel + 3] = 255;
    }
    this.#context.putImageData(image, 0, 0);
  }
}
