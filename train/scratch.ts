// What the rasteriser, the loss, the scores of densification, evaluation and saving take beside the training state.
// Estimates: how many tiles a Gaussian will cover is known of the first Gaussians only.

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
  /** Whether renders are scored. */
  evaluates: boolean;
  /** The most (tile, Gaussian) pairs of a view at the start; 0 where that was not counted. */
  firstInstances: number;
  /** Floats of a row of the PLY. */
  rowFloats: number;
}

/** Bytes of scratch by purpose. */
export interface Scratch {
  /** Projected Gaussians and the tiles that they reach. */
  splats: number;
  /** (tile, Gaussian) pairs, their order and their gradients. */
  instances: number;
  /** Render, gradient and the loss's filtered maps. */
  images: number;
  /** Scores and the terms that they are made of, the pictures of an evaluation or the rows of a PLY: what is most. */
  other: number;
}

const TILE = 16;
const TILE_PIXELS = TILE * TILE;
/** Instances between two checkpoints of a tile's pixels on a GPU. */
const SEGMENT = 256;

// Measured on trained captures: up to one and a half pairs for each Gaussian, and 200 for each tile, as larger pictures
// cut a splat into more tiles.
const INSTANCES_PER_GAUSSIAN = 1.5;
const INSTANCES_PER_TILE = 200;

/** Scratch grows with a reserve. */
const RESERVE = 1.25;

/** Scores, their nine terms, and two floats to sort or average a term with. */
const SCORE_FLOATS = 12;
/** Maps of a photo's edges and of its errors. */
const SCORE_MAPS = 2;
/** Render and photo in floats, and the render's bytes. */
const EVALUATION_BYTES_PER_PIXEL = 28;
/** Rows of a PLY that are gathered at a time. */
const SAVED_ROWS = 65_536;
/** What a pair contributes to four of the terms; a GPU has room for it among the gradients. */
const SCORE_FLOATS_PER_INSTANCE = 4;

/**
 * Estimates the scratch of a training step.
 *
 * @param input Backend, count, picture size, and whether there are scores
 * @returns Bytes by purpose
 */
export function estimateScratch(input: ScratchInput): Scratch {
  const { backend, count, largest: { width, height }, scores, firstInstances } = input;
  const size: Size = {
    count,
    pixels: width * height,
    tiles: Math.ceil(width / TILE) * Math.ceil(height / TILE),
    instances: Math.max(
      count * INSTANCES_PER_GAUSSIAN + (width * height / TILE_PIXELS) * INSTANCES_PER_TILE,
      firstInstances,
    ),
  };
  const step = backend === "cuda" ? cudaScratch(size) : cpuScratch(size);
  const pairs = backend === "cuda" || !scores ? 0 : RESERVE * 4 * SCORE_FLOATS_PER_INSTANCE * size.instances;
  // One after the other, each let go again.
  const scoring = scores ? 4 * SCORE_FLOATS * count : 0;
  const evaluation = input.evaluates && backend === "cuda" ? EVALUATION_BYTES_PER_PIXEL * size.pixels : 0;
  const saving = backend === "cuda" ? 4 * input.rowFloats * Math.min(count, SAVED_ROWS) : 0;
  return {
    splats: step.splats,
    instances: step.instances + Math.ceil(pairs),
    images: step.images + (scores ? 4 * SCORE_MAPS * size.pixels : 0),
    other: Math.max(scoring, evaluation, saving),
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
  const splat = 48 + 4 + 8 + 4 * 4; // projection, radius, tiles; their counts and masks, first slots, the list of large ones
  const firstRoom = Math.max(65_536, 4 * count);
  const room = instances > firstRoom ? RESERVE * instances : firstRoom;
  const instance = 8 + 4 + 36; // depth and slot, Gaussian, gradient
  const segments = room / SEGMENT + tiles;
  const checkpoint = 16 * TILE_PIXELS / SEGMENT; // a share of each segment's colours and transmittances
  const floats = 3 + 1 + 1 + 9 + 3; // render, transmittance, last splat, filtered maps, gradient
  return {
    splats: Math.ceil(RESERVE * splat * count),
    instances: Math.ceil((instance + checkpoint) * room + RESERVE * (4 * segments + 20 * tiles)),
    images: Math.ceil(RESERVE * (4 * floats * pixels + 48 * tiles)), // and the loss's sums of each tile
  };
}
