// Seeded scenes for the rasteriser's suites: benign ones, on which float32 must agree closely with the oracle, and
// hostile ones, on which it must stay sane.
import type { Camera } from "../../base/scene.ts";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { project, projectedSigmas } from "./projection.ts";
import { Random } from "./random.ts";

/** Gaussians and the camera and background they are seen with. */
export interface TestScene {
  splats: SplatArrays;
  camera: Camera;
  background: [number, number, number];
}

/** What a scene is made of. */
export interface SceneOptions {
  seed: number;
  count: number;
  shDegree: number;
  /** Image size in pixels; 61 x 45 when absent. */
  width?: number;
  height?: number;
  /** Range of the splats' projected sigmas in pixels, within 0.5 to 30; [0.7, 12] when absent. */
  sigmas?: [number, number];
  /** Range of the opacities; [0.05, 0.95] when absent. */
  opacities?: [number, number];
}

/** A Gaussian before it is written to arrays. */
interface Draft {
  mean: number[];
  logScale: number[];
  quat: number[];
  opacity: number;
  sh: number[];
}

const SMALLEST_SIGMA = 0.5;
const LARGEST_SIGMA = 30;
const LARGEST_AXIS_RATIO = 20;

/** Gaussians in view whose splats have sigmas of 0.5 to 30 pixels and an axis ratio of at most 20. */
export function benignScene(options: SceneOptions): TestScene {
  const random = new Random(options.seed);
  const camera = randomCamera(random, options);
  const drafts: Draft[] = [];
  while (drafts.length < options.count) {
    const draft = benignGaussian(random, camera, options);
    if (isBenign(draft, camera, options)) drafts.push(draft);
  }
  return { splats: toArrays(drafts, options.shDegree), camera, background: randomColor(random) };
}

/**
 * Benign Gaussians of which two in three were spoilt, each in one of {@linkcode HOSTILITIES}' ways, still within what
 * float32 can express.
 */
export function hostileScene(options: SceneOptions): TestScene {
  const random = new Random(options.seed);
  const camera = randomCamera(random, options);
  const ways = Object.values(HOSTILITIES);
  const drafts: Draft[] = [];
  for (let i = 0; i < options.count; i++) {
    const draft = benignGaussian(random, camera, options);
    if (i % 3 !== 0) ways[(i - Math.ceil(i / 3)) % ways.length]({ draft, random, camera, before: drafts });
    drafts.push(draft);
  }
  return { splats: toArrays(drafts, options.shDegree), camera, background: randomColor(random) };
}

/** Benign Gaussians and among them finite ones whose exponentials, squares or products overflow float32. */
export function extremeScene(options: SceneOptions): TestScene {
  const scene = benignScene(options);
  const { means, logScales, quats, opacities, sh } = scene.splats;
  const coefficients = 3 * (options.shDegree + 1) ** 2;
  const spoil: ((i: number) => void)[] = [
    (i) => logScales.fill(60, 3 * i, 3 * i + 3),
    (i) => logScales.fill(89, 3 * i, 3 * i + 1),
    (i) => logScales.fill(3e38, 3 * i, 3 * i + 3),
    (i) => logScales.fill(-3e38, 3 * i, 3 * i + 3),
    (i) => logScales.set([80, -80, -80], 3 * i),
    (i) => means.fill(1e30, 3 * i, 3 * i + 3),
    (i) => means.fill(-3e38, 3 * i, 3 * i + 1),
    (i) => quats.fill(3e38, 4 * i, 4 * i + 4),
    (i) => quats.fill(1e-38, 4 * i, 4 * i + 4),
    (i) => quats.fill(0, 4 * i, 4 * i + 4),
    (i) => opacities.fill(3e38, i, i + 1),
    (i) => opacities.fill(-3e38, i, i + 1),
    (i) => sh.fill(1e15, coefficients * i, coefficients * (i + 1)),
    (i) => sh.fill(-1e15, coefficients * i, coefficients * (i + 1)),
  ];
  for (let i = 0; i < options.count; i += 2) spoil[(i / 2) % spoil.length](i);
  return scene;
}

/** Benign Gaussians, every fourth of which has one parameter that is NaN; `spoilt` lists those. */
export function nanScene(options: SceneOptions): TestScene & { spoilt: number[] } {
  const scene = benignScene(options);
  const { means, logScales, quats, opacities, sh } = scene.splats;
  const fields = [means, logScales, quats, opacities, sh];
  const spoilt: number[] = [];
  for (let i = 0; i < options.count; i += 4) {
    const field = fields[spoilt.length % fields.length];
    const size = field.length / options.count;
    field[size * i + spoilt.length % size] = NaN;
    spoilt.push(i);
  }
  return { ...scene, spoilt };
}

/** Benign Gaussians, grown, and a principal point so far aside that the slope guard limits many still in reach. */
export function guardedScene(options: SceneOptions): TestScene {
  const { splats, camera, background } = benignScene(options);
  const logScales = splats.logScales.map((value) => value + 1.5);
  return { splats: { ...splats, logScales }, camera: { ...camera, cx: camera.cx - 0.55 * camera.width }, background };
}

/** Benign Gaussians in groups of eight with one centre, whose order is that of their indices. */
export function coincidentScene(options: SceneOptions): TestScene {
  const scene = benignScene(options);
  const { means } = scene.splats;
  for (let i = 0; i < options.count; i++) means.copyWithin(3 * i, 3 * (i - i % 8), 3 * (i - i % 8) + 3);
  return scene;
}

/** What a hostility works on; `before` holds the scene's Gaussians so far. */
interface Victim {
  draft: Draft;
  random: Random;
  camera: Camera;
  before: Draft[];
}

/** The ways of {@linkcode hostileScene}, by name. */
const HOSTILITIES: Record<string, (victim: Victim) => void> = {
  huge({ draft, random }) {
    draft.logScale = draft.logScale.map(() => Math.log(random.logUniform(1, 300)));
    draft.opacity = random.uniform(-4, -2);
  },
  tiny({ draft, random }) {
    draft.logScale = draft.logScale.map(() => Math.log(random.logUniform(1e-8, 1e-4)));
  },
  coincident({ draft, before }) {
    draft.mean = [...before[before.length - 1].mean];
  },
  behind({ draft, random, camera }) {
    draft.mean = unproject(camera, { x: 20, y: 20, z: random.uniform(-5, 0.19) });
  },
  needle({ draft, random }) {
    draft.logScale[0] += Math.log(random.logUniform(30, 1000));
  },
  disk({ draft }) {
    draft.logScale[2] = Math.log(1e-7);
  },
  opaque({ draft }) {
    draft.opacity = 15;
  },
  transparent({ draft }) {
    draft.opacity = -15;
  },
  offScreen({ draft, random, camera }) {
    draft.mean = unproject(camera, {
      x: 40 * camera.width * random.normal(),
      y: 40 * camera.height * random.normal(),
      z: random.uniform(1, 5),
    });
    draft.logScale = draft.logScale.map((value) => value + random.uniform(0, 5));
  },
  close({ draft, random, camera }) {
    draft.mean = unproject(camera, {
      x: random.uniform(-1, 2) * camera.width,
      y: random.uniform(-1, 2) * camera.height,
      z: random.uniform(0.21, 0.4),
    });
    draft.opacity = random.uniform(-4, -2);
  },
  oddQuaternion({ draft, random }) {
    const factor = random.logUniform(1e-6, 1e6);
    draft.quat = draft.quat.map((value) => value * factor);
  },
  zeroQuaternion({ draft }) {
    draft.quat = [0, 0, 0, 0];
  },
};

// A camera at a random pose with an off-centre principal point, every number a float32.
function randomCamera(random: Random, { width = 61, height = 45 }: { width?: number; height?: number }): Camera {
  const [w, x, y, z] = unit(random.normals(4));
  const rotation = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
  const focal = width * random.uniform(0.7, 1.3);
  return {
    width,
    height,
    fx: Math.fround(focal),
    fy: Math.fround(focal * random.uniform(0.9, 1.1)),
    cx: Math.fround(width * random.uniform(0.35, 0.65)),
    cy: Math.fround(height * random.uniform(0.35, 0.65)),
    rotation: rotation.flat().map(Math.fround),
    translation: random.normals(3).map(Math.fround),
  };
}

function benignGaussian(random: Random, camera: Camera, options: SceneOptions): Draft {
  const { sigmas = [0.7, 12], opacities = [0.05, 0.95] } = options;
  const z = random.uniform(1.5, 8);
  const mean = unproject(camera, {
    x: random.uniform(-0.1, 1.1) * camera.width,
    y: random.uniform(-0.1, 1.1) * camera.height,
    z,
  });
  const opacity = random.uniform(...opacities);
  const length = random.logUniform(0.3, 3);
  return {
    mean,
    logScale: [0, 1, 2].map(() => Math.log(random.logUniform(...sigmas) * z / camera.fx)),
    quat: unit(random.normals(4)).map((value) => value * length),
    opacity: Math.log(opacity / (1 - opacity)),
    sh: random.normals(3 * (options.shDegree + 1) ** 2).map((value, i) => value * (i < 3 ? 1 : 0.3)),
  };
}

function isBenign(draft: Draft, camera: Camera, { shDegree }: SceneOptions): boolean {
  const splats = toArrays([draft], shDegree);
  const [long, short] = projectedSigmas(splats, 0, camera);
  return long <= LARGEST_SIGMA && short >= SMALLEST_SIGMA && long / short <= LARGEST_AXIS_RATIO &&
    project(splats, 0, camera) !== undefined;
}

// The world point that a pixel sees at a depth.
function unproject(camera: Camera, { x, y, z }: { x: number; y: number; z: number }): number[] {
  const point = [z * (x - camera.cx) / camera.fx, z * (y - camera.cy) / camera.fy, z];
  const offset = point.map((value, i) => value - camera.translation[i]);
  return [0, 1, 2].map((i) => offset.reduce((sum, value, row) => sum + camera.rotation[3 * row + i] * value, 0));
}

function toArrays(drafts: Draft[], shDegree: number): SplatArrays {
  return {
    means: Float32Array.from(drafts.flatMap(({ mean }) => mean)),
    logScales: Float32Array.from(drafts.flatMap(({ logScale }) => logScale)),
    quats: Float32Array.from(drafts.flatMap(({ quat }) => quat)),
    opacities: Float32Array.from(drafts.map(({ opacity }) => opacity)),
    sh: Float32Array.from(drafts.flatMap(({ sh }) => sh)),
    shDegree,
  };
}

function randomColor(random: Random): [number, number, number] {
  return [random.uniform(), random.uniform(), random.uniform()];
}

function unit(values: number[]): number[] {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
