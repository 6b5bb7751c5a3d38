// Valid arguments for each function of the ABI.

import { ABI } from "../../ffi/abi.ts";
import { Struct, structSize } from "../../ffi/struct.ts";
import { type Arguments, type FunctionName, type Kind, withLengths } from "./call.ts";

/** A handle and what the test knows about it. */
export interface Item {
  kind: Kind;
  pointer: Deno.PointerValue;
  /** Rows of Gaussians, number of views. */
  count: number;
  shDegree: number;
}

/** The handles that a call's arguments are drawn from. */
export type Pick = (kind: Kind) => Item;

/** Width and height of every image. */
export const SIDE = 16;
const MEMORY_LIMIT = 64 << 20;

/** A camera at the origin that looks along z. */
export function camera(): Uint8Array<ArrayBuffer> {
  return new Struct("tame_camera")
    .set("width", SIDE).set("height", SIDE)
    .set("fx", SIDE).set("fy", SIDE)
    .set("cx", SIDE / 2).set("cy", SIDE / 2)
    .set("near_plane", 0.2)
    .set("rotation", [1, 0, 0, 0, 1, 0, 0, 0, 1])
    .bytes;
}

/** A lens of photos of SIDE × SIDE pixels. */
export function lens(): Uint8Array<ArrayBuffer> {
  return new Struct("tame_lens")
    .set("model", ABI.LENS_BROWN)
    .set("width", SIDE).set("height", SIDE)
    .set("fx", SIDE).set("fy", SIDE)
    .set("cx", SIDE / 2).set("cy", SIDE / 2)
    .set("coefficients", [-0.1, 0.01])
    .bytes;
}

/** Bytes of a step's record. */
export const STEP_BYTES = structSize("tame_step");

/** A plan of `n` steps that cycle through the views: records, views and learning rates. */
export function plan(n: number, { views, shDegree = 0 }: { views: number; shDegree?: number }): Arguments {
  const bytes = new Uint8Array(STEP_BYTES * n);
  for (let i = 0; i < n; i++) {
    const step = new Struct("tame_step")
      .set("iteration", i + 1).set("next_view", ABI.NO_VIEW)
      .set("sh_degree", shDegree).set("update_mask", 63).set("flags", ABI.STEP_STATISTICS);
    bytes.set(step.bytes, STEP_BYTES * i);
  }
  return {
    plan: bytes,
    n,
    stride: STEP_BYTES,
    views: Uint32Array.from({ length: n }, (_, i) => i % views),
    rates: floats(n * ABI.PARAMETERS, 1e-3),
  };
}

/** A text as native calls expect it. */
export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** Kinds of rows for an edit. */
function rowKinds(...operations: number[]): Uint8Array<ArrayBuffer> {
  const stride = structSize("tame_row_kind");
  const bytes = new Uint8Array(stride * operations.length);
  operations.forEach((operation, i) =>
    bytes.set(new Struct("tame_row_kind").set("operation", operation).bytes, stride * i)
  );
  return bytes;
}

function floats(length: number, value = 0.5): Float32Array<ArrayBuffer> {
  return new Float32Array(length).fill(value);
}

/** Weights of the small network: 10 MB, allocated once and restored for each call, because tests change them. */
const lpipsWeights = new Float32Array(ABI.LPIPS_ALEX_WEIGHTS);
const LPIPS_SIDE = 31;

function shLength(item: Item): number {
  return 3 * (item.shDegree + 1) ** 2 * item.count;
}

const pixels = SIDE * SIDE;

/** Floats of {@linkcode World}'s column 0, the means, for two rows. */
const COLUMN_BYTES = 4 * 3 * 2;

const VALID: Record<FunctionName, (pick: Pick) => Arguments> = {
  tame_abi_version: () => ({}),
  tame_build_info: () => ({ text: new Uint8Array(4096) }),
  tame_device_count: () => ({ count: new Uint32Array(1) }),
  tame_device_get_info: () => ({ index: 0, info: new Struct("tame_device_info").bytes }),
  tame_device_open: () => ({
    options: new Struct("tame_device_options").set("memory_limit", MEMORY_LIMIT).set("threads", 2).bytes,
  }),
  tame_device_memory: (pick) => ({
    device: pick("device").pointer,
    reset_peak: 0,
    memory: new Struct("tame_memory").bytes,
  }),
  tame_estimate_memory: () => ({
    query: new Struct("tame_memory_query").set("capacity", 4).set("width", SIDE).set("height", SIDE).bytes,
    estimate: new Struct("tame_memory_estimate").bytes,
  }),
  tame_device_profile: (pick) => ({
    device: pick("device").pointer,
    action: ABI.PROFILE_START,
    profile: new Struct("tame_profile").bytes,
  }),
  tame_device_synchronize: (pick) => ({ device: pick("device").pointer }),
  tame_device_close: (pick) => ({ device: pick("device").pointer }),
  tame_knn_mean_dist2: (pick) => ({
    device: pick("device").pointer,
    points: floats(30).map((_, i) => i * i % 7),
    neighbours: 3,
    batch: 0,
    byte_limit: 0n,
    mean_dist2: new Float32Array(10),
  }),
  tame_parameter_get_info: () => ({ parameter: 0, sh_degree: 1, info: new Struct("tame_parameter_info").bytes }),
  tame_gaussians_create: (pick) => ({ device: pick("device").pointer, capacity: 4, sh_degree: 1 }),
  tame_gaussians_count: (pick) => ({ gaussians: pick("gaussians").pointer, count: new Uint32Array(1) }),
  tame_gaussians_resize: (pick) => ({ gaussians: pick("gaussians").pointer, count: 2 }),
  tame_gaussians_upload: (pick) => ({
    gaussians: pick("gaussians").pointer,
    field: ABI.PARAMETER_MEANS,
    offset: 0,
    rows: 2,
    data: new Float32Array([0, 0, 2, 0.1, 0, 3]),
  }),
  tame_gaussians_download: (pick) => {
    const { pointer, shDegree } = pick("gaussians");
    const data = new Float32Array(2 * (14 + 3 * (shDegree + 1) ** 2));
    return { gaussians: pointer, field: ABI.FIELD_PLY_ROWS, offset: 0, rows: 2, data };
  },
  tame_gaussians_download_finite: (pick) => {
    const { pointer, shDegree } = pick("gaussians");
    const data = new Float32Array(2 * (14 + 3 * (shDegree + 1) ** 2));
    return { gaussians: pointer, offset: 0, rows: 2, data, count: new Uint32Array(1) };
  },
  tame_gaussians_non_finite: (pick) => ({ gaussians: pick("gaussians").pointer, count: new Uint32Array(1) }),
  tame_gaussians_close: (pick) => ({ gaussians: pick("gaussians").pointer }),
  tame_views_create: (pick) => ({ device: pick("device").pointer, count: 2, residency: ABI.RESIDENCY_HOST }),
  tame_views_set: (pick) => ({
    views: pick("views").pointer,
    index: 0,
    camera: camera(),
    pixels: new Uint8Array(3 * pixels).fill(100),
    channels: 3,
    mask: new Uint8Array(pixels).fill(1, pixels / 2),
  }),
  // The last view, which no step of these tests uses.
  tame_views_clear: (pick) => ({ views: pick("views").pointer, index: 1 }),
  tame_views_set_depths: (pick) => ({
    views: pick("views").pointer,
    index: 0,
    width: SIDE,
    height: SIDE,
    points: new Float32Array([0, 0, 2, 1, SIDE - 0.5, 3, 2.5, 0.5]),
    n: 2,
  }),
  tame_views_close: (pick) => ({ views: pick("views").pointer }),
  tame_render: (pick) => ({
    gaussians: pick("gaussians").pointer,
    camera: camera(),
    red: 0.1,
    green: 0.2,
    blue: 0.3,
    format: ABI.FORMAT_F32,
    image: floats(3 * pixels),
    alpha: floats(pixels),
    depth: floats(pixels),
  }),
  tame_count_instances: (pick) => ({
    gaussians: pick("gaussians").pointer,
    camera: camera(),
    instances: new BigUint64Array(1),
  }),
  tame_rasterize_forward: (pick) => ({
    device: pick("device").pointer,
    count: 2,
    sh_degree: 1,
    means: new Float32Array([0, 0, 2, 0.1, 0.2, 3]),
    log_scales: floats(6, -1),
    quats: new Float32Array([1, 0, 0, 0, 1, 0.1, 0.2, 0.3]),
    opacities: floats(2),
    sh: floats(24),
    camera: camera(),
    red: 0,
    green: 0,
    blue: 0,
    image: floats(3 * pixels),
    alpha: floats(pixels),
    depth: floats(pixels),
  }),
  tame_rasterize_backward: (pick) => {
    const item = pick("rasterization");
    return {
      rasterization: item.pointer,
      d_image: floats(3 * pixels),
      d_alpha: floats(pixels),
      d_means: floats(3 * item.count),
      d_log_scales: floats(3 * item.count),
      d_quats: floats(4 * item.count),
      d_opacities: floats(item.count),
      d_sh: floats(shLength(item)),
      d_means2d: floats(2 * item.count),
    };
  },
  tame_rasterization_radii: (pick) => {
    const item = pick("rasterization");
    return { rasterization: item.pointer, radii: new Int32Array(item.count) };
  },
  tame_rasterization_close: (pick) => ({ rasterization: pick("rasterization").pointer }),
  tame_lens_pinhole: () => ({ lens: lens(), pinhole: new Struct("tame_pinhole").bytes }),
  tame_image_undistort: (pick) => ({
    device: pick("device").pointer,
    lens: lens(),
    pinhole: new Struct("tame_pinhole").set("width", SIDE).set("height", SIDE).set("fx", SIDE).set("fy", SIDE).bytes,
    channels: 3,
    photo: new Uint8Array(3 * pixels).fill(100),
    image: new Uint8Array(3 * pixels),
  }),
  tame_psnr: (pick) => ({
    device: pick("device").pointer,
    width: SIDE,
    height: SIDE,
    channels: 3,
    a: floats(3 * pixels),
    b: floats(3 * pixels, 0.25),
    value: new Float64Array(1),
  }),
  tame_ssim: (pick) => ({ ...VALID.tame_psnr(pick), padding: ABI.PADDING_VALID }),
  tame_image_loss: (pick) => {
    const { channels: _, ...args } = VALID.tame_psnr(pick);
    return { ...args, lambda_dssim: 0.2, gradient: floats(3 * pixels) };
  },
  tame_lpips_create: (pick) => ({
    device: pick("device").pointer,
    net: ABI.LPIPS_ALEX,
    weights: lpipsWeights.fill(1e-3),
  }),
  tame_lpips_distance: (pick) => ({
    lpips: pick("lpips").pointer,
    width: LPIPS_SIDE,
    height: LPIPS_SIDE,
    range: ABI.LPIPS_UNIT,
    a: floats(3 * LPIPS_SIDE ** 2),
    b: floats(3 * LPIPS_SIDE ** 2, 0.25),
    value: new Float64Array(1),
  }),
  tame_lpips_close: (pick) => ({ lpips: pick("lpips").pointer }),
  tame_trainer_create: (pick) => ({
    gaussians: pick("gaussians").pointer,
    views: pick("views").pointer,
    options: new Struct("tame_trainer_options").set("lambda_dssim", 0.2).set("beta1", 0.9).set("beta2", 0.999)
      .set("epsilon", 1e-15).set("views_per_step", 1).set("state", ABI.STATE_SMALLEST_SCALES).bytes,
  }),
  tame_trainer_run: (pick) => ({
    trainer: pick("trainer").pointer,
    ...plan(2, { views: 1 }),
    control: new Int32Array(ABI.CONTROL_LOSSES + 2),
  }),
  tame_trainer_limit_scales: (pick) => ({
    trainer: pick("trainer").pointer,
    cameras: Uint8Array.of(...camera(), ...camera()),
    n: 2,
    stride: structSize("tame_camera"),
    pixels: 0.5,
  }),
  tame_trainer_set_opacity_mode: (pick) => ({ trainer: pick("trainer").pointer, mode: ABI.OPACITY_LINEAR }),
  tame_trainer_reset_statistics: (pick) => ({ trainer: pick("trainer").pointer }),
  tame_trainer_score: (pick) => ({
    trainer: pick("trainer").pointer,
    views: new Uint32Array(1),
    weights: floats(ABI.SCORE_TERMS),
    sh_degree: 0,
    red: 0.1,
    green: 0.2,
    blue: 0.3,
  }),
  tame_trainer_clear_moments: (pick) => ({ trainer: pick("trainer").pointer, mask: 1, rows: text("opacities > 0") }),
  tame_trainer_column_count: (pick) => ({ trainer: pick("trainer").pointer, count: new Uint32Array(1) }),
  tame_trainer_column_get_info: (pick) => ({
    trainer: pick("trainer").pointer,
    column: 0,
    info: new Struct("tame_column_info").bytes,
  }),
  tame_trainer_export: (pick) => ({
    trainer: pick("trainer").pointer,
    column: 0,
    offset: 0,
    rows: 2,
    data: new Uint8Array(COLUMN_BYTES),
  }),
  tame_trainer_import: (pick) => VALID.tame_trainer_export(pick),
  tame_trainer_get_progress: (pick) => ({
    trainer: pick("trainer").pointer,
    progress: new Struct("tame_progress").bytes,
  }),
  tame_trainer_non_finite: (pick) => ({ trainer: pick("trainer").pointer, count: new Uint32Array(1) }),
  tame_trainer_set_progress: (pick) => ({
    trainer: pick("trainer").pointer,
    progress: new Struct("tame_progress").set("count", 2).set("steps", [1, 1, 1, 1, 1, 1]).bytes,
  }),
  tame_trainer_compute: (pick) => ({
    trainer: pick("trainer").pointer,
    column: text("score"),
    expression: text("used_opacity * exp(log_scales.0)"),
    rows: text("visible_steps >= 0"),
    places: ABI.COLUMN_FOLLOWS,
  }),
  tame_trainer_evaluate: (pick) => {
    const { pointer, count } = pick("trainer");
    return { trainer: pointer, expression: text("score + 1"), values: new Float32Array(count) };
  },
  tame_trainer_sum: (pick) => ({
    trainer: pick("trainer").pointer,
    expression: text("gradient_sum"),
    sum: new Float64Array(1),
  }),
  tame_trainer_drop_columns: (pick) => ({ trainer: pick("trainer").pointer }),
  tame_trainer_select: (pick) => ({
    trainer: pick("trainer").pointer,
    column: text("chosen"),
    by: text("means.2"),
    among: text("score >= 0"),
    count: 1,
  }),
  tame_trainer_rank: (pick) => {
    const { count: _, ...args } = VALID.tame_trainer_select(pick);
    return args;
  },
  tame_trainer_draw: (pick) => ({
    trainer: pick("trainer").pointer,
    column: text("drawn"),
    weights: text("used_opacity"),
    among: text("1"),
    draw: new Struct("tame_draw").set("count", 1).set("replacement", 1).set("iteration", 1).bytes,
  }),
  tame_trainer_edit_rows: (pick) => ({
    trainer: pick("trainer").pointer,
    kinds: text("opacities > 1e30"), // none: all rows stay as they are
    copies: text("1"),
    table: rowKinds(ABI.ROW_KEEP, ABI.ROW_COPY, ABI.ROW_REMOVE, ABI.ROW_SPLIT),
    n: 4,
    stride: structSize("tame_row_kind"),
    edit: new Struct("tame_edit").set("iteration", 1).bytes,
    count: new Uint32Array(1),
  }),
  tame_trainer_close: (pick) => ({ trainer: pick("trainer").pointer }),
};

/** Valid arguments of a function, with handles from `pick`. */
export function validArguments(name: FunctionName, pick: Pick): Arguments {
  return withLengths(name, VALID[name](pick));
}
