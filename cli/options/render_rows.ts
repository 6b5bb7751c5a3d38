// Rows of `render`: the model, what differs from its training, and the images.

import { type OptionRow, rowNamed } from "../../base/option.ts";
import { LARGEST_SIDE } from "../../eval/paths.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { MODEL_ROWS } from "../../train/option_table.ts";
import { FOLDER_ROWS } from "./common_rows.ts";

/** An option whose default is its value in training. */
function asTrained<const Row extends OptionRow>(row: Row): Omit<Row, "default"> & { readonly help: string } {
  const { default: _, ...rest } = row;
  return { ...rest, help: `${row.help}; unset: as the model was trained` };
}

/** What is rendered. */
export const RENDERED_ROWS = [
  { ...rowNamed(FOLDER_ROWS, "model_path"), help: "folder of the trained model" },
  asTrained(rowNamed(FOLDER_ROWS, "source_path")),
  asTrained(rowNamed(LOAD_ROWS, "images")),
  asTrained(rowNamed(LOAD_ROWS, "resolution")),
  { ...rowNamed(LOAD_ROWS, "eval"), help: "hold out the test views, also if the model was trained without --eval" },
  asTrained(rowNamed(LOAD_ROWS, "test_every")),
  asTrained(rowNamed(LOAD_ROWS, "test_offset")),
  {
    ...rowNamed(MODEL_ROWS, "white_background"),
    help: "white background, also if the model was trained on black",
  },
  {
    name: "iteration",
    kind: "integer",
    unit: "N",
    default: -1,
    minimum: 0,
    sentinel: -1,
    help: "iteration of the saved PLY; -1: the last",
  },
  { name: "skip_train", kind: "flag", help: "leave out the training views" },
  { name: "skip_test", kind: "flag", help: "leave out the test views" },
  asTrained(rowNamed(LOAD_ROWS, "near")),
  { ...rowNamed(LOAD_ROWS, "allow_outside"), help: `${rowNamed(LOAD_ROWS, "allow_outside").help}; as trained, if set` },
  asTrained(rowNamed(LOAD_ROWS, "missing")),
  asTrained(rowNamed(LOAD_ROWS, "undistort_fov")),
] as const satisfies readonly OptionRow[];

/** The images. */
export const IMAGE_ROWS = [
  {
    name: "path",
    kind: "string",
    unit: "orbit|spiral|FILE",
    help:
      "render a camera path instead of the views: an orbit around the scene, a spiral about the central camera, or a " +
      "path through the keyframes of a JSON file, see docs/guide/render.md",
  },
  {
    name: "width",
    kind: "integer",
    unit: "N",
    minimum: 1,
    maximum: LARGEST_SIDE,
    help: "width of the path's frames in pixels, their height follows; unset: as the photos were trained",
  },
  { name: "frames", kind: "integer", unit: "N", default: 120, minimum: 1, maximum: 99_999, help: "frames of the path" },
  {
    name: "fps",
    kind: "number",
    unit: "N",
    default: 30,
    minimum: 1,
    maximum: 240,
    help: "frames per second of the video",
  },
  { name: "video", kind: "string", choices: ["mp4", "webm"], help: "also encode the path as a video, with ffmpeg" },
  {
    name: "no_exposure",
    kind: "flag",
    help: "render views with the mean look of all photos, not with the exposure of each, if the model has learnt that",
  },
  { name: "depth", kind: "flag", help: "also write depths as 16-bit grey PNG files; 0 where nothing is rendered" },
  {
    name: "depth_scale",
    kind: "number",
    unit: "N",
    default: 1000,
    minimum: 0.001,
    help: "PNG values of --depth per unit of the capture; larger values than 65 535 are clamped",
  },
  { name: "alpha", kind: "flag", help: "also write opacities as grey PNG files" },
] as const satisfies readonly OptionRow[];

/** Rows that command lines for other trainers may contain. */
export const RENDER_COMPATIBILITY_ROWS = [
  { name: "sh_degree", kind: "integer", unit: "N", help: "no effect: the PLY determines the degree" },
  { name: "data_device", kind: "string", help: "no effect: photos are read one at a time" },
] as const satisfies readonly OptionRow[];
