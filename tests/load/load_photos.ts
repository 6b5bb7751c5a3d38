// Brings the training photos of a capture to a device as training does on a machine of 16 threads, and tells of its
// memory: the program that memory_test.ts measures.
//
// deno run -A tests/load/load_photos.ts CAPTURE RESOLUTION

import { loadScene } from "../../load/scene.ts";
import { ArrivingPhotos } from "../../train/arriving_photos.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { testDevice } from "../support/device.ts";

const [capture, resolution] = Deno.args;
using device = await testDevice();
const { train } = await loadScene(capture, { resolution: Number(resolution) });
using photos = ArrivingPhotos.open(device, train, resolveTrainOptions({ iterations: train.length }), 16);
for (let first = 1; first <= train.length;) first = await photos.ready(first, train.length) + 1;
const highest = /^VmHWM:\s*(\d+) kB$/m.exec(await Deno.readTextFile("/proc/self/status"))![1];
console.log(JSON.stringify({ photos: device.memory().byPurpose.photos.live, peak: 1024 * Number(highest) }));
