// Rows of `render`: the model and what differs from its training, and the images.

import { type OptionRow, rowNamed } from "../../base/option.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { MODEL_ROWS } from "../../train/option_table.ts";
import { FOLDER_ROWS } from "./common_rows.ts";

/** An option that is as it was in training unless it is given. */
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
  { ...rowNamed(LOAD_ROWS, "eval"), help: "hold out the test views, also where the model was trained without" },
  {
    ...rowNamed(MODEL_ROWS, "white_background"),
    help: "white background, also where the model was trained on black",
  },
  {
    name: "iteration",
    kind: "integer",
    unit: "N",
    default: -1,
    minimum: 0,
    sentinel: -1,
    help: "which saved PLY; -1: the last",
  },
  { name: "skip_train", kind: "flag", help: "leave out the training views" },
  { name: "skip_test", kind: "flag", help: "leave out the test views" },
  asTrained(rowNamed(LOAD_ROWS, "near")),
] as const satisfies readonly OptionRow[];

/** The images. */
export const IMAGE_ROWS = [
  {
    name: "path",
    kind: "string",
    unit: "orbit|spiral|FILE",
    help:
      "render a camera path instead of the views: orbit around the scene, spiral about the mean camera, or through " +
      "the keyframes of a JSON file, as the guide describes it",
  },
  { name: "frames", kind: "integer", unit: "N", default: 120, minimum: 1, maximum: 99_999, help: "frames of the path" },
  {
    name: "fps",
    kind: "number",
    unit: "N",
    default: 30,
    minimum: 1,
    maximum: 240,
    help: "frames a second of the video",
  },
  { name: "video", kind: "string", choices: ["mp4", "webm"], help: "also a video of the path, made by ffmpeg" },
  { name: "depth", kind: "flag", help: "also depths, as grey PNG files of 16 bits; 0 where there is nothing" },
  {
    name: "depth_scale",
    kind: "number",
    unit: "N",
    default: 1000,
    minimum: 0.001,
    help: "steps of the depths a world unit; 65 535 steps and more are 65 535",
  },
  { name: "alpha", kind: "flag", help: "also opacities, as grey PNG files" },
] as const satisfies readonly OptionRow[];

/** Rows that command lines for other trainers have. */
export const RENDER_COMPATIBILITY_ROWS = [
  { name: "sh_degree", kind: "integer", unit: "N", help: "no effect: the PLY has its degree" },
  { name: "data_device", kind: "string", help: "no effect: photos are read one at a time" },
] as const satisfies readonly OptionRow[];
