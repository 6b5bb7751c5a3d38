// One model on the stage: a canvas, and the splats that are drawn in it as tame's own rasterizer draws them.

import { bulkOf } from "../../base/bulk.ts";
import type { Vec3 } from "../../base/vec3.ts";
import type { PageCamera } from "../protocol.ts";
import { SplatCanvas } from "./canvas.ts";
import type { Drawing, DrawingCamera, SplatMesh, SplatRenderer } from "./drawing.ts";
import { Frusta } from "./frusta.ts";
import { SPLAT } from "./shaders.ts";

/** px² added to the covariance of a splat: `kLowPass` of cuda/core/projection.h. */
const LOW_PASS = 0.3;

/** Alpha below which a splat is not drawn, as in cuda/core/tiles.h, and the deviations where an opaque one has it. */
const LEAST_ALPHA = 1 / 255;
const DEVIATIONS = Math.sqrt(-2 * Math.log(LEAST_ALPHA));

/** spark draws no splat larger than this, in pixels; tame has no bound. */
const LARGEST = 16384;

/** Far plane in near planes: splats have no bound either. */
const FAR = 1e7;

/**
 * The derivative of the projection at a splat's centre, where spark takes the centre as it is and tame takes the nearest
 * point within 0.3 half images of the border (`kGuard`): without that, splats far outside of the image cover it.
 */
const DERIVATIVE = {
  spark: "vec2 J2 = -(J1 * viewCenter.xy) * invZ;",
  tame: "vec2 J2 = J1 * (clamp(clipCenter.xy / clipCenter.w, -1.3, 1.3) + projectionMatrix[2].xy) / " +
    "vec2(projectionMatrix[0][0], projectionMatrix[1][1]);",
};

/** Splats whose centres are looked at to find where the model is. */
const MOST_CENTRES = 50_000;

/** What is shown of a model. */
export interface Shown {
  url: string;
  form: "ply" | "sog";
  count: number;
  antialiased: boolean;
  /** From the model's coordinates to those of the camera: scale, then shift. */
  place: { scale: number; shift: Vec3 };
  near: number;
  white: boolean;
  signal: AbortSignal;
  /** Called with the bytes that have come, and how many there are. */
  progress: (loaded: number, total: number) => void;
}

/** A canvas with a model. */
export class SplatPane {
  readonly frusta: Frusta;
  readonly #library: Drawing;
  readonly #canvas: HTMLCanvasElement;
  readonly #picture: SplatCanvas;
  readonly #camera: DrawingCamera;
  readonly #splats: SplatRenderer;
  #mesh: SplatMesh | undefined;
  #near = 0.2;
  #drawing = false;
  /** The camera of the picture, and that for which the splats were last sorted. */
  #shot = "";
  #sorted = "";

  /** @param dirty Called when the picture should be drawn again */
  constructor(drawing: Drawing, canvas: HTMLCanvasElement, dirty: () => void) {
    const { three, spark } = drawing;
    this.#library = drawing;
    this.#canvas = canvas;
    this.#picture = new SplatCanvas(three, canvas);
    this.#camera = new three.PerspectiveCamera();
    this.#camera.matrixAutoUpdate = false;
    this.#splats = new spark.SparkRenderer({
      renderer: this.#picture.renderer,
      fragmentShader: SPLAT,
      onDirty: () => {
        if (!this.#drawing) dirty(); // what is about to be drawn needs not be drawn again
      },
      accumExtSplats: true,
      sortRadial: false,
      minAlpha: LEAST_ALPHA,
      maxStdDev: DEVIATIONS,
      maxPixelRadius: LARGEST,
      clipXY: 1e9, // the place of a centre says nothing about what a splat covers
      enableLod: false,
    });
    this.#splats.autoUpdate = false; // which leaves out small movements of the camera
    const { material } = this.#splats;
    if (!material.vertexShader.includes(DERIVATIVE.spark)) throw new Error("spark has another shader than expected");
    material.vertexShader = material.vertexShader.replace(DERIVATIVE.spark, DERIVATIVE.tame);
    this.#picture.scene.add(this.#splats);
    this.frusta = new Frusta(three, this.#picture.over);
  }

  /** Whether the splats of the picture are not yet in the order of its camera. */
  get sorting(): boolean {
    return this.#mesh !== undefined && (this.#splats.sorting || this.#sorted !== this.#shot);
  }

  /** Replaces the model by another one. */
  async show({ url, form, antialiased, place, near, white, signal, progress }: Shown): Promise<void> {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null) {
      throw new Error((await response.text()).trim() || `the server answers ${response.status}`);
    }
    const total = Number(response.headers.get("content-length"));
    let loaded = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(part, controller) {
          loaded += part.length;
          progress(loaded, total);
          controller.enqueue(part);
        },
      }),
    );
    const mesh = new this.#library.spark.SplatMesh({
      stream: counted,
      streamLength: total,
      fileType: form === "sog" ? "pcsogszip" : "ply",
      fileName: `model.${form}`,
      extSplats: true,
    });
    await mesh.initialized;
    if (signal.aborted) return mesh.dispose();
    mesh.scale.set(place.scale, place.scale, place.scale);
    mesh.position.set(...place.shift);
    if (this.#mesh !== undefined) {
      this.#picture.scene.remove(this.#mesh);
      this.#mesh.dispose();
    }
    this.#mesh = mesh;
    this.#picture.scene.add(mesh);
    this.#near = near * place.scale;
    // With anti-aliasing the low-pass lowers the opacity too.
    this.#splats.preBlurAmount = antialiased ? 0 : LOW_PASS;
    this.#splats.blurAmount = antialiased ? LOW_PASS : 0;
    this.#picture.renderer.setClearColor(white ? 0xffffff : 0, 1);
    this.#sorted = "";
  }

  /** Where most of the splats are, in the coordinates of the camera. */
  bulk(count: number): { center: Vec3; radius: number } {
    const stride = Math.ceil(count / MOST_CENTRES);
    const { position, scale } = this.#mesh!;
    const centres: number[] = [];
    this.#mesh!.forEachSplat((index, { x, y, z }) => {
      if (index % stride !== 0) return;
      centres.push(position.x + scale.x * x, position.y + scale.y * y, position.z + scale.z * z);
    });
    return bulkOf(Float32Array.from(centres));
  }

  /** Draws the picture of a camera, which the canvas then has the size of. */
  draw(shot: PageCamera): void {
    this.#aim(shot);
    this.#shot = JSON.stringify(shot);
    this.#drawing = true;
    if (this.#mesh !== undefined && !this.#splats.sorting && this.#sorted !== this.#shot) {
      this.#sorted = this.#shot;
      void this.#splats.update({ scene: this.#picture.scene, camera: this.#camera });
    }
    this.#picture.draw(this.#camera, shot);
    this.#drawing = false;
  }

  /** Puts the canvas over an area of the stage. */
  place({ left, top, width, height }: { left: number; top: number; width: number; height: number }): void {
    Object.assign(this.#canvas.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
  }

  /** Axes of cameras here are right, down and forward; three's are right, up and back. */
  #aim({ width, height, fx, fy, cx, cy, rotation: r, translation: t }: PageCamera): void {
    const camera = this.#camera;
    const [x, y, z] = [0, 1, 2].map((row) => -(r[row] * t[0] + r[3 + row] * t[1] + r[6 + row] * t[2]));
    camera.matrix.set(r[0], -r[3], -r[6], x, r[1], -r[4], -r[7], y, r[2], -r[5], -r[8], z, 0, 0, 0, 1);
    camera.matrix.decompose(camera.position, camera.quaternion, camera.scale);
    camera.updateMatrixWorld(true);
    const [near, far] = [this.#near, FAR * this.#near];
    Object.assign(camera, { near, far });
    const [across, down] = [1 - 2 * cx / width, 2 * cy / height - 1];
    const [depth, shift] = [-(far + near) / (far - near), -2 * far * near / (far - near)];
    camera.projectionMatrix
      .set(2 * fx / width, 0, across, 0, 0, 2 * fy / height, down, 0, 0, 0, depth, shift, 0, 0, -1, 0);
    camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
  }
}
