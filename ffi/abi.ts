// Constants and struct layouts of cuda/tame.h; a test compares both with the header.

/** Constants of the header without their prefix `TAME_`. */
export const ABI = {
  ABI_VERSION: 4,

  OK: 0,
  INVALID_ARGUMENT: 1,
  OUT_OF_MEMORY: 2,
  NO_DEVICE: 3,
  NO_KERNEL_IMAGE: 4,
  DRIVER_TOO_OLD: 5,
  BUSY: 6,
  CANCELLED: 7,
  IO: 8,
  INTERNAL: 9,

  PURPOSES: 8,
  PURPOSE_PARAMETERS: 0,
  PURPOSE_OPTIMIZER: 1,
  PURPOSE_STATISTICS: 2,
  PURPOSE_PHOTOS: 3,
  PURPOSE_SPLATS: 4,
  PURPOSE_INSTANCES: 5,
  PURPOSE_IMAGES: 6,
  PURPOSE_OTHER: 7,

  PHASES: 7,
  PHASE_PROJECT: 0,
  PHASE_BIN: 1,
  PHASE_BLEND: 2,
  PHASE_LOSS: 3,
  PHASE_BLEND_BACKWARD: 4,
  PHASE_OPTIMIZE: 5,
  PHASE_SCORE: 6,
  PROFILE_READ: 0,
  PROFILE_START: 1,
  PROFILE_STOP: 2,

  FIELD_MEANS: 0,
  FIELD_SH_DC: 1,
  FIELD_SH_REST: 2,
  FIELD_OPACITIES: 3,
  FIELD_LOG_SCALES: 4,
  FIELD_QUATS: 5,
  FIELD_SH: 6,
  FIELD_PLY_ROWS: 7,

  RESIDENCY_DEVICE: 0,
  RESIDENCY_PINNED: 1,
  RESIDENCY_HOST: 2,

  FORMAT_F32: 0,
  FORMAT_RGB8: 1,
  FORMAT_RGBA8: 2,

  LENS_BROWN: 0,
  LENS_FISHEYE: 1,
  LENS_FOV: 2,
  LENS_COEFFICIENTS: 8,

  PADDING_SAME: 0,
  PADDING_VALID: 1,

  LPIPS_VGG: 0,
  LPIPS_ALEX: 1,
  LPIPS_VGG_WEIGHTS: 14_716_160,
  LPIPS_ALEX_WEIGHTS: 2_470_848,
  LPIPS_SIGNED: 0,
  LPIPS_UNIT: 1,

  GROUPS: 6,
  GROUP_MEANS: 0,
  GROUP_SH_DC: 1,
  GROUP_SH_REST: 2,
  GROUP_OPACITIES: 3,
  GROUP_LOG_SCALES: 4,
  GROUP_QUATS: 5,

  NO_VIEW: 0xFFFFFFFF,
  STEP_STATISTICS: 1,
  STEP_SH_ACCUMULATE: 2,
  STEP_SH_APPLY: 4,
  STEP_SPARSE: 8,

  OPACITY_LOGIT: 0,
  OPACITY_LINEAR: 1,

  CONTROL_STOP: 0,
  CONTROL_DONE: 1,
  CONTROL_ITERATION: 2,
  CONTROL_LOSSES: 4,

  SCORE_TERMS: 12,
  SCORE_VIEW: 0,
  SCORE_EDGE: 1,
  SCORE_ERROR: 2,
  SCORE_GRADIENT: 3,
  SCORE_DISTANCE: 4,
  SCORE_OPACITY: 5,
  SCORE_DEPTH: 6,
  SCORE_LOSS: 7,
  SCORE_RADIUS: 8,
  SCORE_SCALE: 9,
  SCORE_COUNT: 10,
  SCORE_BLEND: 11,
} as const;

/** A C type of a struct's field. */
export type FieldType = "i32" | "u32" | "u64" | "f32" | "f64" | "char";

/** A field: its type, or type and array length. */
export type FieldSpec = FieldType | readonly [FieldType, number];

/** Structs of the header: fields in order. */
export const STRUCTS = {
  tame_error: {
    status: "i32",
    reserved: "u32",
    bytes_wanted: "u64",
    bytes_free: "u64",
    message: ["char", 488],
  },
  tame_device_info: {
    struct_size: "u32",
    compute_capability: "u32",
    has_code: "u32",
    driver_version: "u32",
    threads: "u32",
    reserved: "u32",
    memory_total: "u64",
    memory_free: "u64",
    name: ["char", 128],
    targets: ["char", 128],
  },
  tame_device_options: {
    struct_size: "u32",
    index: "u32",
    memory_limit: "u64",
    seed: "u64",
    threads: "u32",
    reserved: "u32",
  },
  tame_memory: {
    struct_size: "u32",
    reserved: "u32",
    limit: "u64",
    live: "u64",
    peak: "u64",
    live_by_purpose: ["u64", ABI.PURPOSES],
    peak_by_purpose: ["u64", ABI.PURPOSES],
  },
  tame_profile: {
    struct_size: "u32",
    passes: "u32",
    nanoseconds: ["u64", ABI.PHASES],
    pixels: "u64",
    gaussians: "u64",
    visible: "u64",
    instances: "u64",
    evaluated: "u64",
    blended: "u64",
  },
  tame_camera: {
    struct_size: "u32",
    width: "u32",
    height: "u32",
    fx: "f32",
    fy: "f32",
    cx: "f32",
    cy: "f32",
    near_plane: "f32",
    rotation: ["f32", 9],
    translation: ["f32", 3],
  },
  tame_lens: {
    struct_size: "u32",
    model: "u32",
    width: "u32",
    height: "u32",
    fx: "f64",
    fy: "f64",
    cx: "f64",
    cy: "f64",
    coefficients: ["f64", ABI.LENS_COEFFICIENTS],
  },
  tame_pinhole: {
    struct_size: "u32",
    width: "u32",
    height: "u32",
    reserved: "u32",
    fx: "f64",
    fy: "f64",
    cx: "f64",
    cy: "f64",
  },
  tame_trainer_options: {
    struct_size: "u32",
    lambda_dssim: "f32",
    beta1: "f32",
    beta2: "f32",
    epsilon: "f32",
    sh_accumulation: "u32",
    pass_clamped_gradient: "u32",
    full_gradient_depth: "f32",
  },
  tame_step: {
    iteration: "u32",
    view: "u32",
    next_view: "u32",
    sh_degree: "u32",
    update_mask: "u32",
    flags: "u32",
    learning_rates: ["f32", ABI.GROUPS],
    background: ["f32", 3],
    reserved: "f32",
  },
  tame_prune_options: {
    struct_size: "u32",
    iteration: "u32",
    target: "u32",
    min_opacity: "f32",
    max_scale: "f32",
    share: "f32",
  },
  tame_prune_result: {
    struct_size: "u32",
    weak: "u32",
    count: "u32",
  },
  tame_densify_options: {
    struct_size: "u32",
    iteration: "u32",
    round: "u32",
    target: "u32",
    gradient_threshold: "f32",
    size_threshold: "f32",
    fill: "u32",
  },
  tame_densify_result: {
    struct_size: "u32",
    candidates: "u32",
    cloned: "u32",
    split: "u32",
    filled: "u32",
    count: "u32",
  },
  tame_reference_options: {
    struct_size: "u32",
    iteration: "u32",
    target: "u32",
    gradient_threshold: "f32",
    size_threshold: "f32",
    min_opacity: "f32",
    max_scale: "f32",
    share: "f32",
  },
  tame_reference_result: {
    struct_size: "u32",
    candidates: "u32",
    cloned: "u32",
    split: "u32",
    filled: "u32",
    weak: "u32",
    pruned: "u32",
    count: "u32",
  },
} as const satisfies Record<string, Record<string, FieldSpec>>;

/** Name of a struct of the header. */
export type StructName = keyof typeof STRUCTS;

const BYTES: Record<FieldType, number> = { i32: 4, u32: 4, u64: 8, f32: 4, f64: 8, char: 1 };

interface Field {
  type: FieldType;
  offset: number;
  length: number;
}

interface Layout {
  size: number;
  fields: Map<string, Field>;
}

const layouts = new Map<StructName, Layout>();

// Offsets by the rule of C: each field aligned to its type, the whole to its widest.
function layoutOf(name: StructName): Layout {
  const known = layouts.get(name);
  if (known) return known;
  const fields = new Map<string, Field>();
  let end = 0;
  let widest = 1;
  for (const [field, spec] of Object.entries(STRUCTS[name]) as [string, FieldSpec][]) {
    const [type, length] = typeof spec === "string" ? [spec, 1] as const : spec;
    const width = BYTES[type];
    const offset = Math.ceil(end / width) * width;
    fields.set(field, { type, offset, length });
    end = offset + width * length;
    widest = Math.max(widest, width);
  }
  const layout = { size: Math.ceil(end / widest) * widest, fields };
  layouts.set(name, layout);
  return layout;
}

/** Bytes of a struct, as `sizeof` in C. */
export function structSize(name: StructName): number {
  return layoutOf(name).size;
}

/** One struct of the header in its own buffer, with `struct_size` set where it has one. */
export class Struct<Name extends StructName> {
  /** The struct's memory, to be passed to native code. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #layout: Layout;
  readonly #view: DataView;

  /** Makes a zeroed struct. */
  constructor(name: Name) {
    this.#layout = layoutOf(name);
    this.bytes = new Uint8Array(this.#layout.size);
    this.#view = new DataView(this.bytes.buffer);
    if (this.#layout.fields.has("struct_size")) this.#view.setUint32(0, this.#layout.size, true);
  }

  /** Sets a number, or an array's numbers from its start. Values are converted as the field's type says. */
  set(field: string & keyof typeof STRUCTS[Name], value: number | ArrayLike<number>): this {
    const values = typeof value === "number" ? [value] : value;
    const { type, offset } = this.#layout.fields.get(field)!;
    for (let i = 0; i < values.length; i++) {
      const at = offset + i * BYTES[type];
      if (type === "f32") this.#view.setFloat32(at, values[i], true);
      else if (type === "f64") this.#view.setFloat64(at, values[i], true);
      else if (type === "u64") this.#view.setBigUint64(at, BigInt(values[i]), true);
      else this.#view.setUint32(at, values[i], true);
    }
    return this;
  }

  /** A number of a field, or of one element of it; 64-bit values as the nearest double. */
  number(field: string & keyof typeof STRUCTS[Name], index = 0): number {
    const { type, offset } = this.#layout.fields.get(field)!;
    const at = offset + index * BYTES[type];
    if (type === "f32") return this.#view.getFloat32(at, true);
    if (type === "f64") return this.#view.getFloat64(at, true);
    if (type === "u64") return Number(this.#view.getBigUint64(at, true));
    return type === "i32" ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
  }

  /** The text of a `char` array, up to its NUL. */
  text(field: string & keyof typeof STRUCTS[Name]): string {
    const { offset, length } = this.#layout.fields.get(field)!;
    return decodeText(this.bytes.subarray(offset, offset + length));
  }
}

/** Decodes UTF-8 up to the first NUL. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
