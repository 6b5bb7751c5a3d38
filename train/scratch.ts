// What the rasteriser, the loss and the scores of densification take beside the training state. Estimates: how many
// tiles a Gaussian covers is known only once it is rendered.

import type { Backend } from "../ffi/library.ts";

/** What scratch depends on. */
export interface ScratchInput {
  /** Where the run computes. */
  backend: Backend;
  /** Number of Gaussians. */
  count: number;
  /** Size of the largest photo in pixels. */
  largest: { width: number; height: number };
  /** Whether the Gaussians are scored, which densification does. */
  scores: boolean;
}

/** Bytes of scratch by purpose. */
export interface Scratch {
  /** Projected Gaussians and their order in depth. */
  splats: number;
  /** (tile, Gaussian) pairs, their order and their gradients. */
  instances: number;
  /** Render, gradient and the loss's filtered maps. */
  images: number;
  /** Scores and the terms that they are made of. */
  other: number;
}

const TILE = 16;
const TILE_PIXELS = TILE * TILE;
/** Instances between two checkpoints of a tile's pixels on a GPU. */
const SEGMENT = 256;

// Measured on captures (an indoor one at three sizes, an aerial one): up to one and a half pairs for each Gaussian, and
// 50 for each tile, as larger pictures cut a splat into more tiles.
const INSTANCES_PER_GAUSSIAN = 1.5;
const INSTANCES_PER_TILE = 50;

/** Scratch grows with a reserve. */
const RESERVE = 1.25;

/** Scores, their nine terms, and two floats to sort or average a term with. */
const SCORE_FLOATS = 12;
/** Maps of a photo's edges and of its errors. */
const SCORE_MAPS = 2;
/** What a pair contributes to four of the terms; a GPU has room for it among the gradients. */
const SCORE_FLOATS_PER_INSTANCE = 4;

/**
 * Estimates the scratch of a training step.
 *
 * @param input Backend, count, picture size, and whether there are scores
 * @returns Bytes by purpose
 */
export function estimateScratch({ backend, count, largest: { width, height }, scores }: ScratchInput): Scratch {
  const size: Size = {
    count,
    pixels: width * height,
    tiles: Math.ceil(width / TILE) * Math.ceil(height / TILE),
    instances: count * INSTANCES_PER_GAUSSIAN + (width * height / TILE_PIXELS) * INSTANCES_PER_TILE,
  };
  const step = backend === "cuda" ? cudaScratch(size) : cpuScratch(size);
  if (!scores) return { ...step, other: 0 };
  const pairs = backend === "cuda" ? 0 : RESERVE * 4 * SCORE_FLOATS_PER_INSTANCE * size.instances;
  return {
    splats: step.splats,
    instances: step.instances + Math.ceil(pairs),
    images: step.images + 4 * SCORE_MAPS * size.pixels,
    other: 4 * SCORE_FLOATS * count,
  };
}

interface Size {
  count: number;
  pixels: number;
  tiles: number;
  instances: number;
}

/** Measured as a whole on the same captures, reserve included. */
function cpuScratch({ count, pixels, instances }: Size): Omit<Scratch, "other"> {
  return { splats: 88 * count, instances: Math.ceil(68 * instances), images: 96 * pixels };
}

/** As cuda/gpu/rasterizer.cu makes room. */
function cudaScratch({ count, pixels, tiles, instances }: Size): Omit<Scratch, "other"> {
  const splat = 48 + 4 + 8 + 4 * 8; // projection, radius, tiles; their counts and masks, keys, order and offsets
  const firstRoom = Math.max(65_536, 4 * count);
  const room = instances > firstRoom ? RESERVE * instances : firstRoom;
  const key = tiles < 65_536 ? 2 : 4;
  const instance = 2 * key + 2 * 4 + 4 + 36 + 1; // keys and slots twice, Gaussian, gradient, the sort's own
  const segments = room / SEGMENT + tiles;
  const checkpoint = 16 * TILE_PIXELS / SEGMENT; // a share of each segment's colours and transmittances
  const floats = 3 + 1 + 1 + 9 + 3; // render, transmittance, last splat, filtered maps, gradient
  return {
    splats: Math.ceil(RESERVE * splat * count),
    instances: Math.ceil((instance + checkpoint) * room + RESERVE * (4 * segments + 16 * tiles)),
    images: Math.ceil(RESERVE * (4 * floats * pixels + 48 * tiles)), // and the loss's sums of each tile
  };
}
