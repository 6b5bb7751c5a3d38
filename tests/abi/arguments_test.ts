// Null and short buffers, wrong numbers and NaN through every function: a status each, and nothing written.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ABI, type STRUCTS } from "../../ffi/abi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { Struct } from "../../ffi/struct.ts";
import { testBackend } from "../support/device.ts";
import { headerFunctions } from "./header.ts";
import {
  abiTest,
  type Argument,
  type Arguments,
  call,
  camera,
  FUNCTIONS,
  must,
  STEP_BYTES,
  text,
  withLengths,
  World,
} from "./world.ts";

/** Buffers that may be NULL when they aren't wanted. */
const OPTIONAL = [
  "alpha",
  "depth",
  "mask",
  "d_alpha",
  "gradient",
  "rows",
  "among",
  "copies",
  "err",
];

function buffersOf(name: (typeof FUNCTIONS)[number]): string[] {
  return headerFunctions.get(name)!.parameters.filter(({ type, name }) => type === "buffer" && name !== "err").map((
    { name },
  ) => name);
}

/** Whether a buffer is a text: a shorter one is another text, not a mistake. */
function isText(args: Arguments, buffer: string): boolean {
  return `${buffer}_length` in args && args[buffer] instanceof Uint8Array;
}

for (const name of FUNCTIONS.filter((name) => !name.endsWith("_close"))) {
  abiTest(`${name}() succeeds when its arguments are right`, async () => {
    await using world = await World.open();
    await must(name, world.arguments(name));
  });
}

abiTest("every function refuses a buffer when it is NULL or too short, and writes nothing", async () => {
  await using world = await World.open();
  for (const name of FUNCTIONS) {
    for (const buffer of buffersOf(name)) {
      const args = world.arguments(name);
      const length = `${buffer}_length` in args ? `${buffer}_length` : `${buffer}_bytes`;
      const least = name === "tame_build_info" ? 8 : Number(args[length]) - 1;
      const outputs = Object.values(args).filter((value) => ArrayBuffer.isView(value));
      const before = outputs.map((view) => new Uint8Array(view.buffer.slice(0)));
      const optional = OPTIONAL.includes(buffer);
      const refused: Arguments[] = [];
      if (isText(args, buffer)) refused.push({ ...args, [buffer]: null }, { ...args, [length]: 4097 });
      else refused.push({ ...args, [length]: least });
      // No points at all are a fair question, and an optional text may be empty.
      if (buffer !== "points" && !(isText(args, buffer) && optional)) refused.push({ ...args, [length]: 0 });
      if (!optional) refused.push({ ...args, [buffer]: null });
      for (const wrong of refused) {
        const { status, message } = await call(name, wrong);
        assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${buffer}`);
        assert(message !== "", `${name}, ${buffer}`);
      }
      assertEquals(outputs.map((view) => new Uint8Array(view.buffer)), before, `${name}, ${buffer}`);
      if (optional) await must(name, { ...args, [buffer]: null, [length]: 0 });
    }
  }
});

abiTest("every function refuses a buffer when it is not aligned", async () => {
  await using world = await World.open();
  for (const name of FUNCTIONS) {
    for (const buffer of buffersOf(name)) {
      const args = world.arguments(name);
      const view = args[buffer] as ArrayBufferView;
      if (view instanceof Uint8Array) continue;
      const odd = new Uint8Array(view.byteLength + 1).subarray(1);
      const { status, message } = await call(name, { ...args, [buffer]: odd });
      assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${buffer}`);
      assertStringIncludes(message, "aligned");
    }
  }
});

abiTest("every function ends with a status when its floats are NaN or infinite", async () => {
  for (const value of [NaN, Infinity, -Infinity, 3e38]) {
    for (const name of FUNCTIONS) {
      await using world = await World.open();
      for (const { name: parameter, type } of headerFunctions.get(name)!.parameters) {
        const args = world.arguments(name);
        const old = args[parameter];
        if (type === "f32") args[parameter] = value;
        else if (old instanceof Float32Array) old.fill(value);
        else continue;
        const { status } = await call(name, args);
        assert(status >= ABI.OK && status <= ABI.INTERNAL, `${name}, ${parameter}: ${status}`);
        if (type === "f32" && !Number.isFinite(value)) {
          assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${parameter}`);
        }
      }
    }
  }
});

abiTest("tame_render() and the trainer's functions end with a status when all Gaussians are NaN", async () => {
  await using world = await World.open();
  for (const gaussians of [world.pointer("gaussians"), world.trained]) {
    // Before a trainer lives on them is the time to spoil them.
    if (gaussians === world.trained) await must("tame_trainer_close", { trainer: world.pointer("trainer") });
    for (const [field, width] of [[ABI.PARAMETER_MEANS, 3], [ABI.PARAMETER_LOG_SCALES, 3], [ABI.PARAMETER_QUATS, 4]]) {
      const data = new Float32Array(2 * width).fill(NaN);
      await must(
        "tame_gaussians_upload",
        withLengths("tame_gaussians_upload", { gaussians, field, offset: 0, rows: 2, data }),
      );
    }
  }
  await must("tame_render", world.arguments("tame_render"));
  const trainer = await must("tame_trainer_create", {
    ...world.arguments("tame_trainer_create"),
    gaussians: world.trained,
  });
  const state = [
    "tame_trainer_run",
    "tame_trainer_score",
    "tame_trainer_compute",
    "tame_trainer_evaluate",
    "tame_trainer_select",
    "tame_trainer_rank",
    "tame_trainer_draw",
    "tame_trainer_edit_rows",
    "tame_trainer_export",
    "tame_trainer_set_opacity_mode",
  ] as const;
  for (const name of state) await must(name, { ...world.arguments(name), trainer });
  await must("tame_trainer_close", { trainer });
});

function setWord(struct: Argument, offset: number, value: number): void {
  new DataView((struct as Uint8Array<ArrayBuffer>).buffer).setUint32(offset, value, true);
}

function trainerOptions(): Struct<"tame_trainer_options"> {
  return new Struct("tame_trainer_options").set("beta1", 0.9).set("beta2", 0.999).set("epsilon", 1e-15)
    .set("views_per_step", 1);
}

function progress(field: "count" | "opacity_mode" | "live_sh_degree", value: number): Argument {
  return new Struct("tame_progress").set("count", 2).set(field, value).bytes;
}

function draw(field: "count" | "replacement", value: number): Argument {
  return new Struct("tame_draw").set("replacement", 1).set(field, value).bytes;
}

function rowKind(field: keyof typeof STRUCTS["tame_row_kind"], value: number): Argument {
  return new Struct("tame_row_kind").set(field, value).bytes;
}

function changedText(parameter: string, value: string): Arguments {
  const bytes = text(value);
  return { [parameter]: bytes, [`${parameter}_length`]: bytes.length };
}

/** One wrong number or text each: [function, words of the message, change]. */
const WRONG: [(typeof FUNCTIONS)[number], string, Arguments | ((args: Arguments) => void)][] = [
  ["tame_device_get_info", "index", { index: 99 }],
  ["tame_device_profile", "action", { action: 3 }],
  ["tame_device_profile", "profile has struct_size", (args) => setWord(args.profile, 0, 4)],
  ["tame_gaussians_create", "capacity", { capacity: 0 }],
  ["tame_gaussians_create", "capacity", { capacity: 0xFFFFFFFF }],
  ["tame_gaussians_create", "sh_degree", { sh_degree: 4 }],
  ["tame_gaussians_resize", "count", { count: 5 }],
  ["tame_gaussians_upload", "past the end", { offset: 1 }],
  ["tame_gaussians_upload", "past the end", { offset: 0xFFFFFFFF, rows: 1 }],
  ["tame_gaussians_upload", "field", { field: 8 }],
  ["tame_gaussians_download", "too short", { data_length: 51 }],
  ["tame_views_create", "count", { count: 0 }],
  ["tame_views_create", "residency", { residency: 3 }],
  ["tame_views_set", "View 2 does not exist", { index: 2 }],
  ["tame_views_set", "channels", { channels: 2 }],
  ["tame_views_set", "channels", { channels: 5 }],
  ["tame_views_set", "pixels", { channels: 4 }],
  ["tame_views_clear", "View 2 does not exist", { index: 2 }],
  ["tame_render", "format", { format: 3 }],
  ["tame_rasterize_forward", "count", { count: 0xFFFFFFFF }],
  ["tame_rasterize_forward", "means is too short", { count: 0x55555556 >>> 4 }],
  ["tame_knn_mean_dist2", "neighbours", { neighbours: 0 }],
  ["tame_knn_mean_dist2", "neighbours", { neighbours: 17 }],
  ["tame_knn_mean_dist2", "three a point", { points_length: 29 }],
  ["tame_knn_mean_dist2", "points[7]", (args) => (args.points as Float32Array)[7] = NaN],
  ["tame_psnr", "width", { width: 0 }],
  ["tame_psnr", "height", { height: 16385 }],
  ["tame_psnr", "channels", { channels: 5 }],
  ["tame_ssim", "padding", { padding: 2 }],
  ["tame_ssim", "11 x 11", { width: 10 }],
  ["tame_image_loss", "lambda_dssim", { lambda_dssim: 1.5 }],
  ["tame_lpips_create", "net", { net: 2 }],
  ["tame_lpips_create", "weights is too short", { net: ABI.LPIPS_VGG }],
  ["tame_lpips_create", "weights[5]", (args) => (args.weights as Float32Array)[5] = NaN],
  ["tame_lpips_distance", "31 x 31", { width: 30 }],
  ["tame_lpips_distance", "31 x 31", { height: 30 }],
  ["tame_lpips_distance", "height", { height: 16385 }],
  ["tame_lpips_distance", "range", { range: 2 }],
  ["tame_trainer_set_opacity_mode", "mode is 2: expected 0 to 1", { mode: 2 }],
  ["tame_parameter_get_info", "parameter is 6", { parameter: 6 }],
  ["tame_parameter_get_info", "sh_degree", { sh_degree: 4 }],
  ["tame_trainer_create", "views_per_step", { options: trainerOptions().set("views_per_step", 0).bytes }],
  ["tame_trainer_create", "power of two", { options: trainerOptions().set("views_per_step", 3).bytes }],
  ["tame_trainer_create", "views_per_step", { options: trainerOptions().set("views_per_step", 128).bytes }],
  ["tame_trainer_create", "options.state", { options: trainerOptions().set("state", 16).bytes }],
  ["tame_trainer_create", "options.transform", { options: trainerOptions().set("transform", 2).bytes }],
  ["tame_trainer_create", "options.beta1", { options: trainerOptions().set("beta1", 1).bytes }],
  ["tame_trainer_create", "full_gradient_depth", { options: trainerOptions().set("full_gradient_depth", -1).bytes }],
  ["tame_trainer_run", "stride", { stride: STEP_BYTES - 4 }],
  ["tame_trainer_run", "plan is too short", { stride: STEP_BYTES + 4 }],
  ["tame_trainer_run", "control is too short", { n: 0x40000001 }],
  ["tame_trainer_clear_moments", "mask is 64: expected 0 to 63", { mask: 64 }],
  ["tame_trainer_clear_moments", "nobody", changedText("rows", "nobody")],
  ["tame_trainer_column_get_info", "column 22 does not exist: there are 22", { column: 22 }],
  ["tame_trainer_export", "column 22 does not exist", { column: 22 }],
  ["tame_trainer_export", "Rows 1 to 3 of 2 of the column means", { offset: 1 }],
  ["tame_trainer_export", "past the end", { offset: 0xFFFFFFFF }],
  ["tame_trainer_export", "data is too short", { column: 5 }],
  ["tame_trainer_import", "column 22 does not exist", { column: 22 }],
  ["tame_trainer_import", "Rows 0 to 3 of 2 of the column means", { rows: 3 }],
  ["tame_trainer_set_progress", "progress.count is 5: expected 0 to 4", { progress: progress("count", 5) }],
  ["tame_trainer_set_progress", "progress.opacity_mode", { progress: progress("opacity_mode", 2) }],
  ["tame_trainer_set_progress", "progress.live_sh_degree", { progress: progress("live_sh_degree", 2) }],
  ["tame_trainer_compute", "places is 2: expected 0 to 1", { places: 2 }],
  ["tame_trainer_compute", "whole numbers", changedText("column", "visible_steps")],
  ["tame_trainer_compute", 'column is "2nd"', changedText("column", "2nd")],
  ["tame_trainer_compute", 'no column "nobody"', changedText("expression", "1 + nobody")],
  ["tame_trainer_compute", 'no column "nobody"', changedText("rows", "nobody")],
  ["tame_trainer_evaluate", 'expression "1 +" at byte 3', changedText("expression", "1 +")],
  ["tame_trainer_evaluate", "values is too short", { values_length: 1 }],
  ["tame_trainer_sum", 'no column "means"', changedText("expression", "means")],
  ["tame_trainer_select", 'no column "nobody"', changedText("by", "nobody")],
  ["tame_trainer_rank", 'no column "nobody"', changedText("among", "nobody")],
  ["tame_trainer_draw", "draw.replacement", { draw: draw("replacement", 2) }],
  ["tame_trainer_draw", "draw.count", { draw: draw("count", 0xFFFFFFFF) }],
  ["tame_trainer_draw", 'no column "nobody"', changedText("weights", "nobody")],
  ["tame_trainer_edit_rows", "kinds is 4 at row 0: expected a whole number from 0 to 3", changedText("kinds", "4")],
  ["tame_trainer_edit_rows", "kinds is 0.5 at row 0", changedText("kinds", "0.5")],
  ["tame_trainer_edit_rows", "kinds is -1 at row 0", changedText("kinds", "-1")],
  ["tame_trainer_edit_rows", "nan at row 0", changedText("kinds", "0 / 0")],
  ["tame_trainer_edit_rows", "removes every row", changedText("kinds", "2")],
  ["tame_trainer_edit_rows", "n is 0: expected 1 to 16", { n: 0 }],
  ["tame_trainer_edit_rows", "n is 17: expected 1 to 16", { n: 17 }],
  ["tame_trainer_edit_rows", "table is too short", { stride: 0xFFFFFFFF }],
  ["tame_trainer_edit_rows", "table has struct_size", { stride: 4 }],
  ["tame_trainer_edit_rows", "children_last", { edit: new Struct("tame_edit").set("children_last", 2).bytes }],
  ["tame_trainer_edit_rows", "Row kind 0: operation", { table: rowKind("operation", 7), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: place", { table: rowKind("place", 3), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: share", { table: rowKind("share", 4), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: opacity_factor", { table: rowKind("opacity_factor", 1.5), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: offset", { table: rowKind("offset", -1), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: log_scale is inf", { table: rowKind("log_scale", Infinity), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: log_scale_others is nan", { table: rowKind("log_scale_others", NaN), n: 1 }],
  ["tame_trainer_edit_rows", "Row kind 0: clear_moments", { table: rowKind("clear_moments", 2), n: 1 }],
  ["tame_trainer_score", "views_length", { views_length: 0 }],
  ["tame_trainer_score", "views 2 does not exist", (args) => (args.views as Uint32Array)[0] = 2],
  ["tame_trainer_score", "does not exist", (args) => (args.views as Uint32Array)[0] = ABI.NO_VIEW],
  ["tame_trainer_score", "weights is -1", (args) => (args.weights as Float32Array)[ABI.SCORE_EDGE] = -1],
  ["tame_trainer_score", "weights is nan", (args) => (args.weights as Float32Array)[ABI.SCORE_BLEND] = NaN],
  ["tame_trainer_score", "weights is inf", (args) => (args.weights as Float32Array)[ABI.SCORE_VIEW] = Infinity],
  ["tame_trainer_score", "sh_degree", { sh_degree: 2 }],
  ["tame_trainer_score", "background[1]", { green: NaN }],
];

abiTest("every function refuses a number when it is out of range", async () => {
  await using world = await World.open();
  for (const [name, words, change] of WRONG) {
    const args = world.arguments(name);
    if (typeof change === "function") change(args);
    const { status, message } = await call(name, typeof change === "function" ? args : { ...args, ...change });
    assertEquals(status, name === "tame_device_get_info" ? ABI.NO_DEVICE : ABI.INVALID_ARGUMENT, `${name}: ${words}`);
    assertStringIncludes(message, words);
  }
});

abiTest("tame_render() refuses a camera when one of its fields is wrong", async () => {
  await using world = await World.open();
  const wrong: [offset: number, value: number, words: string][] = [
    ...[12, 16, 20, 24, 28, 32, 64, 68].map((offset): [number, number, string] => [offset, NaN, "camera."]),
    [12, 0, "fx"],
    [16, -1, "fy"],
    [24, Infinity, "cy"],
    [28, 0, "near_plane"],
    [32, 1.1, "orthonormal"],
    [36, 0.1, "orthonormal"],
  ];
  for (const [offset, value, words] of wrong) {
    const bytes = camera();
    new DataView(bytes.buffer).setFloat32(offset, value, true);
    const { status, message } = await call("tame_render", { ...world.arguments("tame_render"), camera: bytes });
    assertEquals(status, ABI.INVALID_ARGUMENT, `offset ${offset}: ${value}`);
    assertStringIncludes(message, words);
  }
  for (const [width, height] of [[0, 16], [16, 0], [16385, 1], [0xFFFFFFFF, 0xFFFFFFFF]]) {
    const bytes = camera();
    new DataView(bytes.buffer).setUint32(4, width, true);
    new DataView(bytes.buffer).setUint32(8, height, true);
    const { status } = await call("tame_render", { ...world.arguments("tame_render"), camera: bytes });
    assertEquals(status, ABI.INVALID_ARGUMENT, `${width} x ${height}`);
  }
});

abiTest("tame_trainer_run() names the step and runs none when a step of the plan is wrong", async () => {
  await using world = await World.open();
  const wrong: [field: keyof typeof STRUCTS["tame_step"], value: number | number[], words: string][] = [
    ["iteration", 0, "iteration"],
    ["next_view", 7, "next_view 7 does not exist"],
    ["sh_degree", 2, "sh_degree"],
    ["update_mask", 64, "update_mask"],
    ["flags", 2 * ABI.STEP_LOGIT_PRESSURE, "flags"],
    ["flags", ABI.STEP_SH_ACCUMULATE, "created without TAME_STATE_SH_SUMS"],
    ["flags", ABI.STEP_FRAGMENTS, "created without TAME_STATE_FRAGMENTS"],
    ["flags", ABI.STEP_ROW_BIAS, "created without TAME_STATE_ROW_STEPS"],
    ["flags", ABI.STEP_TRANSFORM, "created without a transform"],
    ["background", [0, 0, Infinity], "background"],
    ["transform_rate", -1, "transform_rate"],
    ["opacity_pressure", NaN, "opacity_pressure"],
    ["scale_pressure", Infinity, "scale_pressure"],
    ["noise", -1, "noise"],
  ];
  const changes: [(args: Arguments) => void, string][] = [
    ...wrong.map(([field, value, words]): [(args: Arguments) => void, string] => [(args) => {
      const step = new Struct("tame_step").set("iteration", 2).set("next_view", ABI.NO_VIEW).set(field, value);
      (args.plan as Uint8Array).set(step.bytes, STEP_BYTES);
    }, words]),
    [(args) => (args.views as Uint32Array)[1] = 2, "view 2 does not exist"],
    [(args) => (args.rates as Float32Array)[ABI.PARAMETERS] = NaN, "rates is nan"],
    [(args) => (args.rates as Float32Array)[2 * ABI.PARAMETERS - 1] = -1, "rates is -1"],
  ];
  for (const [change, words] of changes) {
    const args = world.arguments("tame_trainer_run");
    change(args);
    const { status, message } = await call("tame_trainer_run", args);
    assertEquals(status, ABI.INVALID_ARGUMENT, words);
    assertStringIncludes(message, "Step 1 of the plan");
    assertStringIncludes(message, words);
    assertEquals(args.control, new Int32Array(ABI.CONTROL_LOSSES + 2));
  }
});

abiTest("tame_trainer_run() and tame_trainer_score() refuse a view when it was never set", async () => {
  await using world = await World.open();
  await must("tame_trainer_close", { trainer: world.pointer("trainer") });
  const views = await must("tame_views_create", world.arguments("tame_views_create"));
  const args = { ...world.arguments("tame_trainer_create"), views };
  const trainer = await must("tame_trainer_create", args);
  const { status, message } = await call("tame_trainer_run", { ...world.arguments("tame_trainer_run"), trainer });
  assertEquals(status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(message, "view 0 has no photo");
  const scored = await call("tame_trainer_score", { ...world.arguments("tame_trainer_score"), trainer });
  assertEquals(scored.status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(scored.message, "views 0 has no photo");
  await must("tame_trainer_close", { trainer });
  await must("tame_views_close", { views });
});

abiTest("tame_trainer_run() reads larger records when the stride says so", async () => {
  await using world = await World.open();
  const args = world.arguments("tame_trainer_run");
  const packed = args.plan as Uint8Array;
  const spread = new Uint8Array(2 * 80);
  for (const i of [0, 1]) spread.set(packed.subarray(STEP_BYTES * i, STEP_BYTES * (i + 1)), 80 * i);
  await must("tame_trainer_run", { ...args, plan: spread, plan_bytes: spread.length, stride: 80 });
  assertEquals((args.control as Int32Array)[ABI.CONTROL_ITERATION], 2);
});

abiTest("tame_trainer_run() is cancelled before the first step when the stop word is set", async () => {
  await using world = await World.open();
  const args = world.arguments("tame_trainer_run");
  (args.control as Int32Array)[ABI.CONTROL_STOP] = 1;
  const { status, message } = await call("tame_trainer_run", args);
  assertEquals(status, ABI.CANCELLED);
  assertStringIncludes(message, "Stopped");
  assertEquals((args.control as Int32Array)[ABI.CONTROL_DONE], 0);
});

abiTest("tame_views_set() refuses another size when the view is set", async () => {
  await using world = await World.open();
  const smaller = camera();
  new DataView(smaller.buffer).setUint32(4, 8, true);
  const { status, message } = await call("tame_views_set", { ...world.arguments("tame_views_set"), camera: smaller });
  assertEquals(status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(message, "cannot become 8 x 16");
});

abiTest(
  "structs are accepted when they are larger, and refused when they are smaller, than the library's",
  async () => {
    await using world = await World.open();
    const larger = new Uint8Array(camera().length + 16);
    larger.set(camera());
    new DataView(larger.buffer).setUint32(0, larger.length, true);
    const args = world.arguments("tame_render");
    await must("tame_render", { ...args, camera: larger, camera_bytes: larger.length });
    const sizes = [[0, 80], [79, 80], [84, 80], [80, 79], [80, 0], [0xFFFFFFFF, 80]];
    for (const [stated, bytes] of sizes) {
      const odd = camera();
      new DataView(odd.buffer).setUint32(0, stated, true);
      const { status, message } = await call("tame_render", { ...args, camera: odd, camera_bytes: bytes });
      assertEquals(status, ABI.INVALID_ARGUMENT, `${stated} in ${bytes}`);
      assertStringIncludes(message, "camera has struct_size");
    }
  },
);

abiTest(
  "tame_gaussians_create() says how much is wanted and free when memory is out, and leaves the device usable",
  async () => {
    await using world = await World.open();
    const error = new Struct("tame_error");
    const { symbols } = await openLibrary(testBackend);
    const pointer = symbols.tame_gaussians_create(world.pointer("device"), 1 << 28, 3, error.bytes);
    assertEquals(pointer, null);
    assertEquals(error.number("status"), ABI.OUT_OF_MEMORY);
    assert(error.number("bytes_wanted") > error.number("bytes_free"));
    assertStringIncludes(error.text("message"), "parameters");
    await must("tame_render", world.arguments("tame_render"));
  },
);

abiTest("functions return a status when err is NULL", async () => {
  const { symbols } = await openLibrary(testBackend);
  assertEquals(symbols.tame_device_synchronize(null, null), ABI.INVALID_ARGUMENT);
  assertEquals(await symbols.tame_device_open(null, 0, null), null);
});
