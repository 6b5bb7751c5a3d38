// What the page uses of three and spark, which draw the splats, and how they get into the page: they are no part of an
// installation, so that their own types are not there.

/** A vector of three. */
export interface Vector {
  x: number;
  y: number;
  z: number;
  set(x: number, y: number, z: number): void;
}

/** A thing in a scene. */
export interface Thing {
  visible: boolean;
  frustumCulled: boolean;
  position: Vector;
  scale: Vector;
  updateMatrixWorld(force?: boolean): void;
}

/** A matrix of three; numbers are given row by row. */
export interface Matrix {
  set(...numbers: number[]): Matrix;
  copy(from: Matrix): Matrix;
  invert(): Matrix;
  decompose(position: object, rotation: object, scale: object): void;
}

/** A camera that looks along −z, with y up. */
export interface DrawingCamera extends Thing {
  matrix: Matrix;
  matrixAutoUpdate: boolean;
  quaternion: object;
  near: number;
  far: number;
  projectionMatrix: Matrix;
  projectionMatrixInverse: Matrix;
}

/** A scene of three. */
export interface Scene {
  add(thing: Thing): void;
  remove(thing: Thing): void;
}

/** A picture that is drawn into. */
export interface Target extends Disposable3 {
  texture: object;
  setSize(width: number, height: number): void;
}

/** A renderer of three. */
export interface Renderer {
  autoClear: boolean;
  extensions: { has(name: string): boolean };
  setRenderTarget(target: Target | null): void;
  setPixelRatio(ratio: number): void;
  setSize(width: number, height: number, styled: boolean): void;
  setClearColor(color: number, alpha: number): void;
  clear(): void;
  render(scene: Scene, camera: DrawingCamera): void;
}

/** A geometry of three, its attributes by name. */
export interface Geometry extends Disposable3 {
  setAttribute(name: string, attribute: object): void;
}

export interface Disposable3 {
  dispose(): void;
}

/** What is used of three. */
export interface Three {
  HalfFloatType: number;
  UnsignedByteType: number;
  WebGLRenderTarget: new (width: number, height: number, options: object) => Target;
  Mesh: new (geometry: Geometry, material: object) => Thing;
  RawShaderMaterial: new (options: object) => Disposable3;
  GLSL3: string;
  WebGLRenderer: new (options: object) => Renderer;
  Scene: new () => Scene;
  PerspectiveCamera: new () => DrawingCamera;
  BufferGeometry: new () => Geometry;
  BufferAttribute: new (values: Float32Array, width: number) => object;
  LineBasicMaterial: new (options: object) => Disposable3;
  LineSegments: new (geometry: Geometry, material: object) => Thing;
}

/** The splats of a scene, on the graphics card. */
export interface SplatMesh extends Thing, Disposable3 {
  initialized: Promise<unknown>;
  forEachSplat(callback: (index: number, center: Vector) => void): void;
}

/** Draws all splats of a scene. */
export interface SplatRenderer extends Thing, Disposable3 {
  material: { vertexShader: string };
  autoUpdate: boolean;
  preBlurAmount: number;
  blurAmount: number;
  sorting: boolean;
  update(what: { scene: Scene; camera: DrawingCamera }): Promise<void>;
}

/** What is used of spark. */
export interface Spark {
  SparkRenderer: new (options: object) => SplatRenderer;
  SplatMesh: new (options: object) => SplatMesh;
}

/** The libraries. */
export interface Drawing {
  three: Three;
  spark: Spark;
}

/**
 * Loads the libraries.
 *
 * @throws {Error} When the browser cannot draw splats
 */
export async function loadDrawing(): Promise<Drawing> {
  if (document.createElement("canvas").getContext("webgl2") === null) {
    throw new Error("This browser has no WebGL 2, which draws the splats: enable its graphics acceleration");
  }
  const load = (name: string): Promise<unknown> => import(`../library/${name}.js`);
  const three = await load("three") as Three;
  return { three, spark: await load("spark") as Spark };
}
