// Rows about the capture: where it is, how its photos are read.

import { DEFAULT_NEAR } from "../../base/scene.ts";
import type { OptionRow, OptionValue } from "../option.ts";

/** Pixels across that a photo may have at most. */
export const WIDEST = 16_384;

export function inFrontOfCamera(value: OptionValue): string | undefined {
  return value === 0 ? "the near plane lies in front of the camera" : undefined;
}

export function noZeroWidth(value: OptionValue): string | undefined {
  return value === 0 ? "a photo cannot be 0 wide" : undefined;
}

export const CAPTURE_ROWS = [
  { name: "source_path", short: "s", kind: "string", unit: "PATH", default: "", help: "folder of the capture" },
  {
    name: "model_path",
    short: "m",
    kind: "string",
    unit: "PATH",
    default: "",
    help: "folder to write; empty: ./output/<random name>",
  },
] as const satisfies readonly OptionRow[];

export const PHOTO_ROWS = [
  {
    name: "images",
    short: "i",
    kind: "string",
    unit: "NAME",
    default: "images",
    help: "sub-folder of the capture that holds the photos; a transforms.json names its own unless this is given",
  },
  {
    name: "resolution",
    short: "r",
    kind: "integer",
    unit: "N",
    default: -1,
    minimum: -1,
    maximum: WIDEST,
    help: "1, 2, 4, 8: divide the photos' size by this; -1: at most 1600 wide; any other: this width",
    refuse: noZeroWidth,
  },
  { name: "eval", kind: "flag", help: "hold out the capture's test set, else every 8th photo" },
] as const satisfies readonly OptionRow[];

export const INIT_ROWS = [
  {
    name: "init",
    kind: "string",
    unit: "FILE",
    help: "PLY to start from instead of the capture's points: of points, or of Gaussians, which are taken as they are",
  },
] as const satisfies readonly OptionRow[];

export const BACKGROUND_ROWS = [
  { name: "white_background", short: "w", kind: "flag", help: "white background instead of black" },
] as const satisfies readonly OptionRow[];

export const SH_DEGREE_ROWS = [
  {
    name: "sh_degree",
    kind: "integer",
    unit: "N",
    default: 3,
    minimum: 0,
    maximum: 3,
    help: "highest degree of the spherical harmonics",
  },
] as const satisfies readonly OptionRow[];

export const DATA_DEVICE_ROWS = [
  {
    name: "data_device",
    kind: "string",
    choices: ["cuda", "cpu", "disk"],
    default: "cuda",
    help: "where the photos live: on the training device, in host memory, or in their files, decoded as needed",
  },
  {
    name: "photo_cache",
    kind: "bytes",
    unit: "BYTES",
    default: 2 ** 31,
    minimum: 1,
    help: "with --data_device disk: the most host memory for decoded photos (8G, 512M)",
  },
] as const satisfies readonly OptionRow[];

export const NEAR_ROWS = [
  {
    name: "near",
    kind: "number",
    unit: "DEPTH",
    default: DEFAULT_NEAR,
    minimum: 0,
    help: "near plane in world units",
    refuse: inFrontOfCamera,
  },
] as const satisfies readonly OptionRow[];
