// A small world behind the raw ABI: one handle of each kind, and for each function arguments that it accepts.

import { ABI } from "../../ffi/abi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { Struct, structSize } from "../../ffi/struct.ts";
import type { SYMBOLS } from "../../ffi/symbols.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { headerFunctions } from "./header.ts";

/** An argument of a native call. */
export type Argument = number | bigint | Deno.PointerValue | ArrayBufferView<ArrayBuffer>;
/** Arguments by parameter name. */
export type Arguments = Record<string, Argument>;
/** Name of a function of the ABI. */
export type FunctionName = Exclude<keyof typeof SYMBOLS, `${string}_async`>;
/** Kind of a handle: the C type without `tame_`. */
export type Kind = "device" | "gaussians" | "views" | "trainer" | "rasterization" | "lpips";

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

export const SIDE = 16;
export const FUNCTIONS = [...headerFunctions.keys()] as FunctionName[];
export const CREATORS: Partial<Record<FunctionName, Kind>> = {
  tame_device_open: "device",
  tame_gaussians_create: "gaussians",
  tame_views_create: "views",
  tame_trainer_create: "trainer",
  tame_rasterize_forward: "rasterization",
  tame_lpips_create: "lpips",
};
const MEMORY_LIMIT = 64 << 20;

/** Registers a test that is skipped by name where the library is not built. */
export function abiTest(name: string, body: () => void | Promise<void>): void {
  const skipped = libraryMissing === undefined ? "" : ` [skipped: ${libraryMissing}]`;
  Deno.test({ name: name + skipped, ignore: libraryMissing !== undefined, fn: body });
}

/** The outcome of a call: its status, the text in its error, and the handle if it creates one. */
export interface Outcome {
  status: number;
  message: string;
  pointer: Deno.PointerValue;
}

const library = libraryMissing === undefined ? await openLibrary(testBackend) : undefined;

/** Calls a function with arguments by name; an `err` buffer is added. */
export async function call(name: FunctionName, args: Arguments): Promise<Outcome> {
  const error = new Struct("tame_error");
  // deno-lint-ignore no-explicit-any
  const raw = library!.symbols[name] as (...values: any[]) => any;
  const values = headerFunctions.get(name)!.parameters.map((parameter) =>
    parameter.name === "err" ? error.bytes : args[parameter.name]
  );
  const result = await raw(...values);
  const created = name in CREATORS;
  const failed = created ? result === null : result !== ABI.OK;
  return {
    status: created ? error.number("status") : name === "tame_abi_version" ? ABI.OK : result,
    message: failed ? error.text("message") : "",
    pointer: created ? result : null,
  };
}

/** Like {@linkcode call}, and throws unless the status is OK. */
export async function must(name: FunctionName, args: Arguments): Promise<Deno.PointerValue> {
  const { status, message, pointer } = await call(name, args);
  if (status !== ABI.OK) throw new Error(`${name}: status ${status}: ${message}`);
  return pointer;
}

/** Adds the lengths that belong to buffers: `x_length` in elements, `x_bytes` in bytes. */
export function withLengths(name: FunctionName, args: Arguments): Arguments {
  const all = { ...args };
  for (const { name: parameter } of headerFunctions.get(name)!.parameters) {
    const [, base, unit] = parameter.match(/^(\w+)_(length|bytes)$/) ?? [];
    if (base === undefined || parameter in all) continue;
    const buffer = all[base] as ArrayBufferView & { length: number } | null;
    all[parameter] = buffer === null ? 0 : unit === "bytes" ? buffer.byteLength : buffer.length;
  }
  return all;
}

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

/** A lens in front of a photo of SIDE × SIDE pixels. */
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

/** A plan of `n` steps on the views given in turn: records, views and learning rates. */
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

/** A text as native calls take it. */
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

/** Weights of the small network: 10 MB, made once and put right for each call, as tests spoil what they are given. */
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
  // The last view: no step of these tests looks at it.
  tame_views_clear: (pick) => ({ views: pick("views").pointer, index: 1 }),
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
      .set("epsilon", 1e-15).set("views_per_step", 1).bytes,
  }),
  tame_trainer_run: (pick) => ({
    trainer: pick("trainer").pointer,
    ...plan(2, { views: 1 }),
    control: new Int32Array(ABI.CONTROL_LOSSES + 2),
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

/** Arguments that a function accepts, on handles that `pick` gives. */
export function validArguments(name: FunctionName, pick: Pick): Arguments {
  return withLengths(name, VALID[name](pick));
}

/** A device with Gaussians, set views, a trainer on other Gaussians, and a rasterization; closes all on disposal. */
export class World implements AsyncDisposable {
  readonly items: Map<Kind, Item>;

  private constructor(items: Map<Kind, Item>, readonly trained: Deno.PointerValue) {
    this.items = items;
  }

  static async open(): Promise<World> {
    const items = new Map<Kind, Item>();
    const pick: Pick = (kind) => items.get(kind)!;
    const make = async (name: FunctionName, about: { count: number; shDegree: number }) => {
      const kind = CREATORS[name]!;
      items.set(kind, { kind, pointer: await must(name, validArguments(name, pick)), ...about });
    };
    await make("tame_device_open", { count: 0, shDegree: 0 });
    await make("tame_views_create", { count: 2, shDegree: 0 });
    for (const index of [0, 1]) await must("tame_views_set", { ...validArguments("tame_views_set", pick), index });
    await make("tame_gaussians_create", { count: 2, shDegree: 1 });
    const trained = pick("gaussians").pointer;
    await fill(pick);
    await make("tame_trainer_create", { count: 2, shDegree: 1 });
    await make("tame_gaussians_create", { count: 2, shDegree: 1 });
    await fill(pick);
    await make("tame_rasterize_forward", { count: 2, shDegree: 1 });
    await make("tame_lpips_create", { count: 0, shDegree: 0 });
    return new World(items, trained);
  }

  readonly pick: Pick = (kind) => this.items.get(kind)!;

  /** A handle of a kind. */
  pointer(kind: Kind): Deno.PointerValue {
    return this.pick(kind).pointer;
  }

  /** Arguments that a function accepts in this world. */
  arguments(name: FunctionName): Arguments {
    return validArguments(name, this.pick);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await call("tame_gaussians_close", { gaussians: this.trained });
    for (const { kind, pointer } of this.items.values()) {
      await call(`tame_${kind}_close`, { [kind]: pointer });
    }
  }
}

async function fill(pick: Pick): Promise<void> {
  await must("tame_gaussians_resize", validArguments("tame_gaussians_resize", pick));
  await must("tame_gaussians_upload", validArguments("tame_gaussians_upload", pick));
}

/** Starts a long run on the world's trainer and waits for its first step; the function returned stops it. */
export async function longRun(world: World): Promise<() => Promise<Outcome>> {
  const n = 200_000;
  const control = new Int32Array(ABI.CONTROL_LOSSES + n);
  const running = call(
    "tame_trainer_run",
    withLengths("tame_trainer_run", { trainer: world.pointer("trainer"), ...plan(n, { views: 2 }), control }),
  );
  while (Atomics.load(control, ABI.CONTROL_DONE) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return () => {
    Atomics.store(control, ABI.CONTROL_STOP, 1);
    return running;
  };
}
