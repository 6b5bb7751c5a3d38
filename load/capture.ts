// What a reader is, and what it returns: a capture before any photo is opened.

import type { Coordinates } from "../base/frame.ts";
import type { ImageSize, PointCloud } from "../base/scene.ts";
import type { Intrinsics } from "./lens.ts";
import type { MissingPhotos } from "./missing_photos.ts";
import type { Tracks } from "./tracks.ts";

/** A photo and what the capture says about it. */
export interface PosedPhoto {
  /** Its path in the folder of photos, with its extension and forward slashes: it identifies the photo. */
  name: string;
  /** The photo's file. */
  path: string;
  /** The intrinsics, for the size in which the photo is stored. */
  intrinsics: (stored: ImageSize) => Intrinsics;
  /** Whether the capture does not state the size of the intrinsics, which then follows from their values. */
  unsized?: boolean;
  /** The owner of the intrinsics and the file that states them, for error messages. */
  stated: { name: string; path: string };
  /** World-to-camera rotation, row-major. */
  rotation: number[];
  /** World-to-camera translation. */
  translation: number[];
  /** Its id in the tracks of points, if these name photos by id. */
  imageId?: number;
  /** Whether the capture holds it out for evaluation; undefined if the capture names no test set. */
  test?: boolean;
  /** The photo's mask, if the capture has one. */
  maskPath?: string;
}

/** Points as a file has them, before the capture's frame is taken off. */
export interface CapturePoints extends Omit<PointCloud, "positions" | "shell"> {
  /** 3N coordinates: float64, or float32 if the file has no more. */
  positions: Coordinates;
  /** Which photos show the points, if the capture says so; images are {@linkcode PosedPhoto.imageId}. */
  tracks?: Tracks;
}

/** A capture after reading. */
export interface Capture {
  /** The photos that exist, in the capture's order. */
  photos: PosedPhoto[];
  /** The initial points, if the capture has any. */
  points: CapturePoints | undefined;
  /** Where random points are placed if there are none: in a cube around the origin, or in the cameras' view. */
  fallback: "cube" | "views";
  /** Whether views keep the capture's order instead of the order of their names. */
  ordered: boolean;
  /** What a user should know about how the capture was read, one line each. */
  notices: string[];
}

/** The options of `loadScene` that readers need. */
export interface ReadOptions {
  /** The photos' folder, relative to the capture's. */
  images: string;
  /** Whether views will be held out. */
  eval: boolean;
  /** Whether the capture may name files outside its own folder. */
  allowOutside: boolean;
  /** What to do about missing photos; a format has its own default. */
  missing?: MissingPhotos;
  /** Stops the reading. */
  signal?: AbortSignal;
}

/** Reads captures of one format. */
export interface CaptureReader {
  /** What a capture of this format contains, for the error about a capture that no reader knows. */
  expects: string;
  /**
   * Reads a capture.
   *
   * @param source Absolute path of the capture: a folder or a file
   * @param options What to read
   * @returns The capture; undefined if it is not of this format
   * @throws {DataError} When it is of this format, but damaged
   */
  read(source: string, options: ReadOptions): Promise<Capture | undefined>;
}
