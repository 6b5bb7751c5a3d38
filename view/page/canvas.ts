// The canvas of a model: splats are summed in a picture of half floats, since hundreds of faint ones over each other would
// lose their sum to the rounding of 8 bits; the screen gets that picture, and what is drawn over it.

import type { DrawingCamera, Renderer, Scene, Target, Thing, Three } from "./drawing.ts";
import type { Size } from "./lens.ts";
import { COPY, SCREEN } from "./shaders.ts";

/** What a graphics card needs to sum half floats. */
const HALF_FLOATS = ["EXT_color_buffer_float", "EXT_color_buffer_half_float"];

/** Draws splats, and lines over them. */
export class SplatCanvas {
  readonly renderer: Renderer;
  /** The splats. */
  readonly scene: Scene;
  /** What is drawn over them. */
  readonly over: Scene;
  readonly #screen: Scene;
  readonly #target: Target;
  #size: Size = { width: 0, height: 0 };

  constructor(three: Three, canvas: HTMLCanvasElement) {
    this.renderer = new three.WebGLRenderer({ canvas, antialias: false, alpha: false });
    this.renderer.setPixelRatio(1);
    this.renderer.autoClear = false;
    [this.scene, this.over, this.#screen] = [new three.Scene(), new three.Scene(), new three.Scene()];
    const half = HALF_FLOATS.some((name) => this.renderer.extensions.has(name));
    const type = half ? three.HalfFloatType : three.UnsignedByteType;
    this.#target = new three.WebGLRenderTarget(1, 1, { type, depthBuffer: false, generateMipmaps: false });
    this.#screen.add(copyOf(three, this.#target));
  }

  /** Draws the scenes as a camera sees them, at a size in pixels. */
  draw(camera: DrawingCamera, size: Size): void {
    const { renderer } = this;
    if (size.width !== this.#size.width || size.height !== this.#size.height) {
      renderer.setSize(size.width, size.height, false);
      this.#target.setSize(size.width, size.height);
      this.#size = { width: size.width, height: size.height };
    }
    renderer.setRenderTarget(this.#target);
    renderer.clear();
    renderer.render(this.scene, camera);
    renderer.setRenderTarget(null);
    renderer.clear();
    renderer.render(this.#screen, camera);
    renderer.render(this.over, camera);
  }
}

function copyOf(three: Three, { texture }: Target): Thing {
  const geometry = new three.BufferGeometry();
  geometry.setAttribute("position", new three.BufferAttribute(Float32Array.of(-1, -1, 0, 3, -1, 0, -1, 3, 0), 3));
  const material = new three.RawShaderMaterial({
    uniforms: { picture: { value: texture } },
    vertexShader: SCREEN,
    fragmentShader: COPY,
    glslVersion: three.GLSL3,
    depthTest: false,
    depthWrite: false,
  });
  const triangle = new three.Mesh(geometry, material);
  triangle.frustumCulled = false;
  return triangle;
}
