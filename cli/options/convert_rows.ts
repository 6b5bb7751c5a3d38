// Rows of `convert`: photos through COLMAP, and LPIPS weights.

import type { OptionRow } from "../../base/option.ts";
import { COLMAP_MODELS } from "../../load/colmap_model.ts";

/** Photos to a capture. */
export const PHOTO_ROWS = [
  {
    name: "source_path",
    short: "s",
    kind: "path",
    unit: "FOLDER",
    help: "folder of photos, or one with the photos in its folder input; the same as the argument FOLDER",
  },
  {
    name: "camera",
    kind: "string",
    default: "OPENCV",
    choices: COLMAP_MODELS.map(({ name }) => name),
    help: "COLMAP's camera model, the same for all photos",
  },
  {
    name: "matching",
    kind: "string",
    default: "auto",
    choices: ["auto", "exhaustive", "sequential"],
    help: "compare each photo with all others, or with its neighbours by name, as of a video; auto: exhaustive up to " +
      "300 photos",
  },
  { name: "resize", kind: "flag", help: "also write images_2, images_4 and images_8, the photos at 1/2, 1/4 and 1/8" },
  { name: "no_gpu", kind: "flag", help: "extract and match features on the CPU, as COLMAP without CUDA does anyway" },
  { name: "skip_matching", kind: "flag", help: "use the COLMAP model that is in the folder distorted/sparse" },
  {
    name: "colmap_executable",
    kind: "string",
    unit: "PROGRAM",
    default: "colmap",
    help: "COLMAP's program: a path, or a name on PATH",
  },
  { name: "magick_executable", kind: "string", unit: "PROGRAM", help: "no effect: photos are reduced without it" },
] as const satisfies readonly OptionRow[];

/** PyTorch's weights to a file. */
export const WEIGHT_ROWS = [
  { name: "backbone", kind: "path", unit: "FILE", help: "torchvision's VGG16 or AlexNet: .pth or safetensors" },
  { name: "linear", kind: "path", unit: "FILE", help: "LPIPS's linear layers for it, version 0.1" },
] as const satisfies readonly OptionRow[];

/** What either writes. */
export const OUTPUT_ROWS = [
  {
    name: "output",
    short: "o",
    kind: "path",
    unit: "PATH",
    help:
      "capture to write; unset: FOLDER itself if the photos are in its folder input, else FOLDER_capture beside it. " +
      "Of LPIPS weights: the file to write",
  },
] as const satisfies readonly OptionRow[];
