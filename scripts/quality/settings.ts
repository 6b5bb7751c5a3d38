// What is trained: captures with their flags and counts of Gaussians.

import type { CaptureName } from "../captures.ts";

/** A capture and how it is trained. */
export interface Setting {
  name: string;
  /** The capture's folder among the real captures. */
  capture: CaptureName;
  /** Sub-folder of its photos. */
  images: string;
  iterations: number;
  flags: readonly string[];
  /** Gaussians at the end. */
  count: number;
  /** The reference implementation's budget for that count, as a multiple of the initial points. */
  multiplier: number;
  /** Whether exposure or white balance vary between photos: PSNR is then judged with and without colour correction. */
  exposureVaries?: boolean;
}

const SHARED = ["--densification_interval=500", "--sh_lower"];

/** Densification for two thirds of 15 000 iterations. */
const HALF_LONG = {
  iterations: 15_000,
  flags: [...SHARED, "--densify_until_iter=10000", "--ho_iteration=10000"],
};

const FULL: readonly Setting[] = [
  {
    name: "fox-C7",
    capture: "fox",
    images: "images_8",
    iterations: 7000,
    flags: [...SHARED, "--densify_until_iter=5000", "--ho_iteration=5000"],
    count: 29_902,
    multiplier: 2,
  },
  {
    name: "fox-B",
    capture: "fox",
    images: "images_2",
    iterations: 30_000,
    flags: SHARED,
    count: 112_053,
    multiplier: 15,
  },
  {
    name: "caliterra-B",
    capture: "caliterra",
    images: "images_2",
    ...HALF_LONG,
    count: 213_520,
    multiplier: 5,
  },
  {
    name: "herzjesu-B",
    capture: "herzjesu",
    images: "images_2",
    ...HALF_LONG,
    count: 99_505, // the reference has not been run on it: five times the points
    multiplier: 5,
    exposureVaries: true,
  },
];

/** A setting with a third of its Gaussians, where what is chosen for the budget matters more. */
function third(setting: Setting): Setting {
  const { name, count, multiplier } = setting;
  return { ...setting, name: `${name}-third`, count: Math.round(count / 3), multiplier: multiplier / 3 };
}

/** All settings: those with the full budget, then the same with a third of it. */
export const SETTINGS: readonly Setting[] = [...FULL, ...FULL.map(third)];
