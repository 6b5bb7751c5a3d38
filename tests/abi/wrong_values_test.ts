// One wrong number or text for each function's parameters and structs: rejected with a message that names it.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ABI, type STRUCTS } from "../../ffi/abi.ts";
import { Struct } from "../../ffi/struct.ts";
import { abiTest, type Argument, type Arguments, call, type FUNCTIONS } from "./call.ts";
import { STEP_BYTES, text } from "./valid.ts";
import { World } from "./world.ts";

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

function draw(field: "count" | "replacement" | "iteration", value: number): Argument {
  return new Struct("tame_draw").set("replacement", 1).set("iteration", 1).set(field, value).bytes;
}

function rowKind(field: keyof typeof STRUCTS["tame_row_kind"], value: number): Argument {
  return new Struct("tame_row_kind").set(field, value).bytes;
}

function changedText(parameter: string, value: string): Arguments {
  const bytes = text(value);
  return { [parameter]: bytes, [`${parameter}_length`]: bytes.length };
}

/** One wrong number or text each: [function, part of the message, change]. */
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
  ["tame_gaussians_download_finite", "too short", { data_length: 51 }],
  ["tame_gaussians_download_finite", "past the end", { offset: 1 }],
  ["tame_views_create", "count", { count: 0 }],
  ["tame_views_create", "residency", { residency: 3 }],
  ["tame_views_set", "View 2 does not exist", { index: 2 }],
  ["tame_views_set", "channels", { channels: 2 }],
  ["tame_views_set", "channels", { channels: 5 }],
  ["tame_views_set", "pixels", { channels: 4 }],
  ["tame_views_clear", "View 2 does not exist", { index: 2 }],
  ["tame_views_set_depths", "View 2 does not exist", { index: 2 }],
  ["tame_views_set_depths", "its depths are those of 8 x 16", { width: 8 }],
  ["tame_views_set_depths", "width", { width: 0 }],
  ["tame_views_set_depths", "points is too short", { n: 3 }],
  ...[[0, 16, 2, 1], [-1, 0, 2, 1], [NaN, 0, 2, 1], [0, 0, 0, 1], [0, 0, Infinity, 1], [0, 0, 2, -1]].map((point) =>
    ["tame_views_set_depths", "Depth 0 is", { points: new Float32Array(point), points_length: 4, n: 1 }] as [
      "tame_views_set_depths",
      string,
      Arguments,
    ]
  ),
  ["tame_render", "format", { format: 3 }],
  ["tame_rasterize_forward", "count", { count: 0xFFFFFFFF }],
  ["tame_rasterize_forward", "means is too short", { count: 0x55555556 >>> 4 }],
  ["tame_knn_mean_dist2", "neighbours", { neighbours: 0 }],
  ["tame_knn_mean_dist2", "neighbours", { neighbours: 17 }],
  ["tame_knn_mean_dist2", "three per point", { points_length: 29 }],
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
  ["tame_trainer_create", "options.state", { options: trainerOptions().set("state", 32).bytes }],
  ["tame_trainer_limit_scales", "cameras", { stride: 8 }],
  ["tame_trainer_limit_scales", "cameras", { stride: 0 }],
  ["tame_trainer_create", "options.transform", { options: trainerOptions().set("transform", 3).bytes }],
  ["tame_trainer_create", "options.beta1", { options: trainerOptions().set("beta1", 1).bytes }],
  ["tame_trainer_create", "full_gradient_depth", { options: trainerOptions().set("full_gradient_depth", -1).bytes }],
  ["tame_trainer_run", "stride", { stride: STEP_BYTES - 4 }],
  ["tame_trainer_run", "plan is too short", { stride: STEP_BYTES + 4 }],
  ["tame_trainer_run", "control is too short", { n: 0x40000001 }],
  ["tame_trainer_clear_moments", "mask is 64: expected 0 to 63", { mask: 64 }],
  ["tame_trainer_clear_moments", "nobody", changedText("rows", "nobody")],
  ["tame_trainer_column_get_info", "column 23 does not exist: there are 23", { column: 23 }],
  ["tame_trainer_export", "column 23 does not exist", { column: 23 }],
  ["tame_trainer_export", "Rows 1 to 3 of 2 of the column means", { offset: 1 }],
  ["tame_trainer_export", "past the end", { offset: 0xFFFFFFFF }],
  ["tame_trainer_export", "data is too short", { column: 5 }],
  ["tame_trainer_import", "column 23 does not exist", { column: 23 }],
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
  ["tame_trainer_draw", "draw.iteration is 0", { draw: draw("iteration", 0) }],
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

abiTest("every function rejects a number that is out of range", async () => {
  await using world = await World.open();
  for (const [name, words, change] of WRONG) {
    const args = world.arguments(name);
    if (typeof change === "function") change(args);
    const { status, message } = await call(name, typeof change === "function" ? args : { ...args, ...change });
    assertEquals(status, name === "tame_device_get_info" ? ABI.NO_DEVICE : ABI.INVALID_ARGUMENT, `${name}: ${words}`);
    assertStringIncludes(message, words);
  }
});
