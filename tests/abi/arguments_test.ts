// NULL and short buffers, wrong numbers and NaN for every function: each call gives a status and writes nothing.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ABI, type STRUCTS } from "../../ffi/abi.ts";
import { openLibrary } from "../../ffi/library.ts";
import { Struct } from "../../ffi/struct.ts";
import { testBackend } from "../support/device.ts";
import { headerFunctions } from "./header.ts";
import { abiTest, type Arguments, call, FUNCTIONS, must, withLengths } from "./call.ts";
import { camera, STEP_BYTES } from "./valid.ts";
import { World } from "./world.ts";

/** Optional buffers, which may be NULL. */
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

/** Whether a buffer is a text: a shorter one is another valid text. */
function isText(args: Arguments, buffer: string): boolean {
  return `${buffer}_length` in args && args[buffer] instanceof Uint8Array;
}

for (const name of FUNCTIONS.filter((name) => !name.endsWith("_close"))) {
  abiTest(`${name}() succeeds when its arguments are right`, async () => {
    await using world = await World.open();
    await must(name, world.arguments(name));
  });
}

abiTest("every function rejects a buffer that is NULL or too short, and writes nothing", async () => {
  await using world = await World.open();
  for (const name of FUNCTIONS) {
    for (const buffer of buffersOf(name)) {
      const args = world.arguments(name);
      const length = `${buffer}_length` in args ? `${buffer}_length` : `${buffer}_bytes`;
      const least = name === "tame_build_info" ? 8 : Number(args[length]) - 1;
      const outputs = Object.values(args).filter((value) => ArrayBuffer.isView(value));
      const before = outputs.map((view) => new Uint8Array(view.buffer.slice(0)));
      const optional = OPTIONAL.includes(buffer);
      const rejected: Arguments[] = [];
      if (isText(args, buffer)) rejected.push({ ...args, [buffer]: null }, { ...args, [length]: 4097 });
      else rejected.push({ ...args, [length]: least });
      // Zero points are allowed, and an optional text may be empty.
      if (buffer !== "points" && !(isText(args, buffer) && optional)) rejected.push({ ...args, [length]: 0 });
      if (!optional) rejected.push({ ...args, [buffer]: null });
      for (const wrong of rejected) {
        const { status, message } = await call(name, wrong);
        assertEquals(status, ABI.INVALID_ARGUMENT, `${name}, ${buffer}`);
        assert(message !== "", `${name}, ${buffer}`);
      }
      assertEquals(outputs.map((view) => new Uint8Array(view.buffer)), before, `${name}, ${buffer}`);
      if (optional) await must(name, { ...args, [buffer]: null, [length]: 0 });
    }
  }
});

abiTest("every function rejects a buffer that is not aligned", async () => {
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

abiTest("every function returns a status when its floats are NaN or infinite", async () => {
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

abiTest("tame_render() and the trainer's functions return a status when all Gaussians are NaN", async () => {
  await using world = await World.open();
  for (const gaussians of [world.pointer("gaussians"), world.trained]) {
    // They can be changed only while no trainer uses them.
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
    "tame_trainer_limit_scales",
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

abiTest("tame_render() rejects a camera when one of its fields is wrong", async () => {
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
  for (const [field, offset] of [["coverage", 80], ["antialiasing", 84]] as const) {
    for (const value of [2, 0xFFFFFFFF]) {
      const bytes = camera();
      new DataView(bytes.buffer).setUint32(offset, value, true);
      const { status, message } = await call("tame_render", { ...world.arguments("tame_render"), camera: bytes });
      assertEquals(status, ABI.INVALID_ARGUMENT);
      assertStringIncludes(message, `camera.${field} is ${value}: expected 0 to 1`);
    }
  }
  for (const [width, height] of [[0, 16], [16, 0], [16385, 1], [0xFFFFFFFF, 0xFFFFFFFF]]) {
    const bytes = camera();
    new DataView(bytes.buffer).setUint32(4, width, true);
    new DataView(bytes.buffer).setUint32(8, height, true);
    const { status } = await call("tame_render", { ...world.arguments("tame_render"), camera: bytes });
    assertEquals(status, ABI.INVALID_ARGUMENT, `${width} x ${height}`);
  }
});

abiTest("tame_trainer_run() reports the wrong step of a plan and runs none", async () => {
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
    ["depth_weight", -1, "depth_weight"],
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

abiTest("tame_trainer_run() and tame_trainer_score() reject a view that was never set", async () => {
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

abiTest("tame_trainer_limit_scales() rejects a wrong camera, and a trainer without smallest scales", async () => {
  await using world = await World.open();
  const args = world.arguments("tame_trainer_limit_scales");
  const stride = args.stride as number;
  const cameras = (args.cameras as Uint8Array<ArrayBuffer>).slice();
  new DataView(cameras.buffer).setFloat32(stride + 12, NaN, true);
  for (
    const [change, words] of [
      [{ cameras }, "camera.fx"],
      [{ n: 0 }, "n is 0"],
      [{ n: 3 }, "cameras is too short"],
      [{ pixels: 0 }, "pixels is 0"],
      [{ pixels: -1 }, "pixels is -1"],
    ] as const
  ) {
    const { status, message } = await call("tame_trainer_limit_scales", { ...args, ...change });
    assertEquals(status, ABI.INVALID_ARGUMENT, words);
    assertStringIncludes(message, words);
  }
  await must("tame_trainer_close", { trainer: world.pointer("trainer") });
  const create: Arguments = { ...world.arguments("tame_trainer_create"), gaussians: world.trained };
  new DataView((create.options as Uint8Array<ArrayBuffer>).buffer).setUint32(20, 0, true);
  const trainer = await must("tame_trainer_create", create);
  const { status, message } = await call("tame_trainer_limit_scales", { ...args, trainer });
  assertEquals(status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(message, "created without TAME_STATE_SMALLEST_SCALES");
  await must("tame_trainer_close", { trainer });
});

abiTest("tame_trainer_run() reads larger records with a larger stride", async () => {
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

abiTest("tame_views_set() rejects another size than that of a view's depths, until these are removed", async () => {
  await using world = await World.open();
  const clear = { ...world.arguments("tame_views_clear"), index: 0 };
  const depths = world.arguments("tame_views_set_depths");
  const smaller = camera();
  new DataView(smaller.buffer).setUint32(4, 8, true);
  const set = { ...world.arguments("tame_views_set"), camera: smaller, pixels: new Uint8Array(3 * 8 * 16), mask: null };
  await must("tame_views_set_depths", depths);
  await must("tame_views_clear", clear);
  const { status, message } = await call("tame_views_set", set);
  assertEquals([status, message], [
    ABI.INVALID_ARGUMENT,
    "View 0 is 8 x 16 pixels, its depths are those of 16 x 16",
  ]);
  await must("tame_views_set_depths", { ...depths, points: null, points_length: 0, n: 0 });
  await must("tame_views_set", set);
});

abiTest("tame_views_set() rejects another size for a view that is set", async () => {
  await using world = await World.open();
  const smaller = camera();
  new DataView(smaller.buffer).setUint32(4, 8, true);
  const { status, message } = await call("tame_views_set", { ...world.arguments("tame_views_set"), camera: smaller });
  assertEquals(status, ABI.INVALID_ARGUMENT);
  assertStringIncludes(message, "cannot become 8 x 16");
});

abiTest(
  "structs larger than the library's are accepted, smaller ones are rejected",
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
  "tame_gaussians_create() reports wanted and free bytes when out of memory, and leaves the device usable",
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
