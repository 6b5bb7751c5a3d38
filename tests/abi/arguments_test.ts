// Null and short buffers, wrong numbers and NaN through every function: a status each, and nothing written.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
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
  plan,
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
  "gradient_sums",
  "visible_steps",
  "max_radii",
  "err",
];

function buffersOf(name: (typeof FUNCTIONS)[number]): string[] {
  return headerFunctions.get(name)!.parameters.filter(({ type, name }) => type === "buffer" && name !== "err").map((
    { name },
  ) => name);
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
      const refused = [{ ...args, [length]: least }];
      if (buffer !== "points") refused.push({ ...args, [length]: 0 }); // no points at all are a fair question
      if (!OPTIONAL.includes(buffer)) refused.push({ ...args, [buffer]: null });
      for (const wrong of refused) {
        const { status, message } = await call(name, wrong);
        assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${buffer}`);
        assert(message !== "", `${name}, ${buffer}`);
      }
      assertEquals(outputs.map((view) => new Uint8Array(view.buffer)), before, `${name}, ${buffer}`);
      if (OPTIONAL.includes(buffer)) await must(name, { ...args, [buffer]: null, [length]: 0 });
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
    for (const [field, width] of [[ABI.FIELD_MEANS, 3], [ABI.FIELD_LOG_SCALES, 3], [ABI.FIELD_QUATS, 4]]) {
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
    "tame_trainer_scores",
    "tame_trainer_densify",
    "tame_trainer_prune",
    "tame_trainer_densify_reference",
    "tame_trainer_set_opacity_mode",
  ] as const;
  for (const name of state) await must(name, { ...world.arguments(name), trainer });
  await must("tame_trainer_close", { trainer });
});

function setWord(struct: Argument, offset: number, value: number): void {
  new DataView((struct as Uint8Array<ArrayBuffer>).buffer).setUint32(offset, value, true);
}

function setFloat(struct: Argument, offset: number, value: number): void {
  new DataView((struct as Uint8Array<ArrayBuffer>).buffer).setFloat32(offset, value, true);
}

/** One wrong number each: [function, words of the message, change]. */
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
  ["tame_trainer_reset_opacity", "maximum", { maximum: 1 }],
  ["tame_trainer_reset_opacity", "maximum", { maximum: 0 }],
  ["tame_trainer_set_opacity_mode", "mode is 2: expected 0 to 1", { mode: 2 }],
  ["tame_trainer_run", "stride", { stride: 60 }],
  ["tame_trainer_run", "plan is too short", { stride: 68 }],
  ["tame_trainer_run", "control is too short", { n: 0x40000001 }],
  ["tame_trainer_score", "views_length", { views_length: 0 }],
  ["tame_trainer_score", "views 2 does not exist", (args) => (args.views as Uint32Array)[0] = 2],
  ["tame_trainer_score", "does not exist", (args) => (args.views as Uint32Array)[0] = ABI.NO_VIEW],
  ["tame_trainer_score", "weights is -1", (args) => (args.weights as Float32Array)[ABI.SCORE_EDGE] = -1],
  ["tame_trainer_score", "weights is nan", (args) => (args.weights as Float32Array)[ABI.SCORE_BLEND] = NaN],
  ["tame_trainer_score", "weights is inf", (args) => (args.weights as Float32Array)[ABI.SCORE_VIEW] = Infinity],
  ["tame_trainer_score", "sh_degree", { sh_degree: 2 }],
  ["tame_trainer_score", "background[1]", { green: NaN }],
  ["tame_trainer_scores", "too short", { scores_length: 1 }],
  ["tame_trainer_prune", "options.target is 0", (args) => setWord(args.options, 8, 0)],
  ["tame_trainer_prune", "options.target", (args) => setWord(args.options, 8, 0xFFFFFFFF)],
  ["tame_trainer_prune", "options.min_opacity", (args) => setFloat(args.options, 12, NaN)],
  ["tame_trainer_prune", "options.min_opacity", (args) => setFloat(args.options, 12, 1.5)],
  ["tame_trainer_prune", "options.max_scale", (args) => setFloat(args.options, 16, -1)],
  ["tame_trainer_prune", "options.max_scale", (args) => setFloat(args.options, 16, Infinity)],
  ["tame_trainer_prune", "options.share", (args) => setFloat(args.options, 20, NaN)],
  ["tame_trainer_prune", "options.share", (args) => setFloat(args.options, 20, 1.01)],
  ["tame_trainer_prune", "options has struct_size", (args) => setWord(args.options, 0, 20)],
  ["tame_trainer_prune", "result has struct_size", (args) => setWord(args.result, 0, 8)],
  ["tame_trainer_densify", "options.target is 5: expected 0 to 4", (args) => setWord(args.options, 12, 5)],
  ["tame_trainer_densify", "options.gradient_threshold", (args) => setFloat(args.options, 16, NaN)],
  ["tame_trainer_densify", "options.gradient_threshold", (args) => setFloat(args.options, 16, -1)],
  ["tame_trainer_densify", "options.size_threshold", (args) => setFloat(args.options, 20, Infinity)],
  ["tame_trainer_densify", "options.fill", (args) => setWord(args.options, 24, 2)],
  ["tame_trainer_densify", "result has struct_size", (args) => setWord(args.result, 0, 0)],
  ["tame_trainer_densify_reference", "options.target is 5: expected 0 to 4", (args) => setWord(args.options, 8, 5)],
  ["tame_trainer_densify_reference", "options.gradient_threshold", (args) => setFloat(args.options, 12, NaN)],
  ["tame_trainer_densify_reference", "options.size_threshold", (args) => setFloat(args.options, 16, -1)],
  ["tame_trainer_densify_reference", "options.min_opacity", (args) => setFloat(args.options, 20, 1.5)],
  ["tame_trainer_densify_reference", "options.max_scale", (args) => setFloat(args.options, 24, Infinity)],
  ["tame_trainer_densify_reference", "options.share", (args) => setFloat(args.options, 28, NaN)],
  ["tame_trainer_densify_reference", "result has struct_size", (args) => setWord(args.result, 0, 0)],
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
  const wrong: [offset: number, type: "u32" | "f32", value: number, words: string][] = [
    [0, "u32", 0, "iteration"],
    [4, "u32", 2, "view 2 does not exist"],
    [8, "u32", 7, "next_view 7 does not exist"],
    [12, "u32", 2, "sh_degree"],
    [16, "u32", 64, "update_mask"],
    [20, "u32", 16, "flags"],
    [20, "u32", ABI.STEP_SH_ACCUMULATE, "sh_accumulation"],
    [24, "f32", NaN, "learning_rates"],
    [44, "f32", -1, "learning_rates"],
    [56, "f32", Infinity, "background"],
  ];
  for (const [offset, type, value, words] of wrong) {
    const args = world.arguments("tame_trainer_run");
    const view = new DataView((args.plan as Uint8Array<ArrayBuffer>).buffer);
    if (type === "u32") view.setUint32(64 + offset, value, true);
    else view.setFloat32(64 + offset, value, true);
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
  const packed = plan(2, { views: 2 });
  const spread = new Uint8Array(2 * 80);
  for (const i of [0, 1]) spread.set(packed.subarray(64 * i, 64 * i + 64), 80 * i);
  const args = world.arguments("tame_trainer_run");
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
