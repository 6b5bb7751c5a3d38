// What the server tells the page of finished models: types alone, which the page imports too.

import type { Frame } from "../base/frame.ts";
import type { PageScene } from "./protocol.ts";

/** How pages can get some Gaussians. */
export interface SplatForm {
  /** A PLY of floats, or PlayCanvas's SOG, which loses a little and is about a seventh as large. */
  name: "ply" | "sog";
  /** Size of the file; null before it is encoded. */
  bytes: number | null;
  /** About how long it takes to encode; 0 if there is nothing to encode. */
  seconds: number;
}

/** What is known of some Gaussians. */
export interface SplatFacts {
  /** Number of Gaussians. */
  count: number;
  /** Degree of the spherical harmonics. */
  shDegree: number;
  /** Whether they are to be rendered anti-aliased. */
  antialiased: boolean;
  /** Frame of their coordinates. */
  frame: Frame;
  /** Size of the file. */
  bytes: number;
  /** Whether pages cannot read the file itself. */
  converted?: boolean;
  /** The forms in which pages can get them, the first is the most exact. */
  forms: SplatForm[];
}

/** Gaussians of a model. */
export interface SavedSplats extends SplatFacts {
  /** Iteration after which they were saved; null of a file that is in no model folder. */
  iteration: number | null;
  /** Mean scores of the test views by metric; null is an infinite PSNR. Empty if they are not scored. */
  scores: Record<string, number | null>;
  /** PSNR of each test view, in the order of the views; empty if they are not scored. */
  psnr: (number | null)[];
}

/** Views, and where their cameras stand. */
export type PageCameras = Omit<PageScene, "source" | "device">;

/** A model of the page. */
export interface PageModel {
  /** Path of the folder or file. */
  path: string;
  /** Its saved Gaussians. */
  saved: SavedSplats[];
  /** Index of those to show first. */
  first: number;
  /** The capture's cameras; absent without a cameras.json. */
  cameras?: PageCameras;
  /** Distance of the near plane. */
  near: number;
  /** Whether the background is white instead of black. */
  white: boolean;
  /** How it was trained; absent if the folder does not say. */
  run?: { device: string; seconds: number };
}

/** What `models.json` has. */
export interface PageModels {
  /** One model, or two. */
  models: PageModel[];
  /** The form that is shown first, where there is a choice. */
  form: SplatForm["name"];
}
