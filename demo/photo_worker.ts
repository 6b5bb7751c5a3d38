// A worker that takes photos of the demo scene: receives a camera, answers with its pixels.
/// <reference lib="deno.worker" />
import type { Camera } from "../base/scene.ts";
import { photograph } from "./photograph.ts";
import { stillLife } from "./still_life.ts";

const things = stillLife();

self.onmessage = ({ data: camera }: MessageEvent<Camera>) => {
  const pixels = photograph(things, camera);
  self.postMessage(pixels, [pixels.buffer]);
};
