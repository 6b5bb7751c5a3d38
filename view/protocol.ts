// The messages between the viewer's server and its page: types alone, which the page imports too.

import type { Camera } from "../base/scene.ts";

/** What a frame shows. */
export type FrameMode = "color" | "depth" | "opacity";

/** What the page can ask of a run. */
export type RunAction = "pause" | "resume" | "stop" | "save" | "evaluate";

/** A camera of the page: a pinhole and its pose. */
export type PageCamera = Pick<
  Camera,
  "width" | "height" | "fx" | "fy" | "cx" | "cy" | "rotation" | "translation"
>;

/** What a client sends, as JSON. */
export type ClientMessage =
  /** Show this camera until the next `look`. While it is `moving`, speed counts, then detail. */
  | { type: "look"; camera: PageCamera; mode: FrameMode; moving: boolean }
  /** Nobody looks. */
  | { type: "hide" }
  /** A frame is on the screen, the next one may come. */
  | { type: "shown"; frame: number }
  | { type: "control"; action: RunAction }
  /** Send the centres of the splats, once. */
  | { type: "centres" };

/** A point of the charts. */
export interface Sample {
  iteration: number;
  /** Moving average of the loss. */
  loss: number;
  /** Number of Gaussians. */
  count: number;
  /** Bytes on the device. */
  memory: number;
  /** Iterations per second of wall-clock time; null before it is known. */
  rate: number | null;
}

/** The mean PSNR of an evaluation. */
export interface Score {
  iteration: number;
  set: "test" | "train";
  /** In dB. */
  psnr: number;
}

/** A line of the log. */
export interface LogEntry {
  iteration: number;
  /** Type of the event that it describes. */
  kind: string;
  text: string;
}

/** A view with its PSNR at the last evaluation. */
export interface ScoredView {
  /** Index in {@linkcode PageScene.views}. */
  view: number;
  /** In dB. */
  psnr: number;
}

/** What a run is doing. */
export type Phase = "loading" | "training" | "paused" | "exporting" | "finished" | "stopped" | "failed";

/** Facts that change with each step. */
export interface Status {
  phase: Phase;
  iteration: number;
  /** Number of iterations of the run; 0 while it is unknown. */
  iterations: number;
  /** Seconds to the last iteration at the present speed; null while that is unknown. */
  remaining: number | null;
  /** The file that is exported after the run, and the share of it that is done, 0 to 1, where that is known. */
  exporting: { file: string; share: number | null } | null;
  /** Share of the wall-clock time that frames took lately, 0 to 1. */
  frameShare: number;
  /** Open pages. */
  clients: number;
}

/** What the server sends as JSON. */
export type ServerMessage =
  /** Everything so far; the first message, and again when the capture is loaded. */
  | {
    type: "hello";
    /** Of this run; another one may be at the same address later. */
    run: string;
    /** Whether the capture is loaded, so that `scene.json` can be fetched. */
    scene: boolean;
    status: Status;
    samples: Sample[];
    scores: Score[];
    log: LogEntry[];
    worst: ScoredView[];
  }
  | { type: "status"; status: Status }
  /** A new point of the charts. After `thinned`, only every other earlier one is kept. */
  | { type: "sample"; sample: Sample; thinned: boolean }
  | { type: "score"; score: Score }
  | { type: "log"; entry: LogEntry }
  | { type: "worst"; worst: ScoredView[] }
  /** A frame that could not be rendered. */
  | { type: "problem"; text: string };

/** The JSON before the payload of a binary message. */
export type BinaryHeader =
  /** Payload: a JPEG file. */
  | {
    type: "frame";
    frame: number;
    iteration: number;
    width: number;
    height: number;
    mode: FrameMode;
    /** Whether it has all the detail that it will get. */
    refined: boolean;
    /** What rendering it took. */
    milliseconds: number;
  }
  /** A render of a view. Payload: a JPEG file. */
  | { type: "thumbnail"; view: number; iteration: number }
  /** Payload: x, y, z of each splat's centre, then red, green, blue (0 to 1) of each, as 32-bit floats. */
  | { type: "centres"; count: number; iteration: number };

/** What `scene.json` has. */
export interface PageScene {
  /** Path of the capture. */
  source: string;
  /** Held-out views, then training views. */
  views: { name: string; set: "train" | "test"; camera: PageCamera }[];
  /** Radius of the cameras' region, in world units. */
  extent: number;
  /** Common up direction. */
  up: readonly number[];
  /** The point that the cameras look at. */
  target: readonly number[];
  /** Where the computation runs, and why. */
  device: string;
}
