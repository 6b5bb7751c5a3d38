// Loads the training photos of a capture as a machine of 16 threads does and tells of its memory: the program that
// memory_test.ts measures.
//
// deno run -A tests/load/load_photos.ts CAPTURE RESOLUTION

import { Views } from "../../ffi/views.ts";
import { loadPhotos } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { testDevice } from "../support/device.ts";

const [capture, resolution] = Deno.args;
using device = await testDevice();
const { train } = await loadScene(capture, { resolution: Number(resolution) });
using views = Views.create(device, { count: train.length });
await loadPhotos(train, { concurrency: 16, onPhoto: (i, photo) => views.set(i, train[i].camera, photo) });
const highest = /^VmHWM:\s*(\d+) kB$/m.exec(await Deno.readTextFile("/proc/self/status"))![1];
console.log(JSON.stringify({ photos: device.memory().byPurpose.photos.live, peak: 1024 * Number(highest) }));
