// Takes all photos of the demo scene at once, one worker for each core. A photo depends on its camera alone, so the
// number of cores changes no byte.
import type { Camera } from "../base/scene.ts";

/** Photographs with every camera; passes each photo (8-bit RGB) on as soon as it is taken, in any order. */
export async function photographAll(
  cameras: readonly Camera[],
  onPhoto: (index: number, pixels: Uint8Array) => Promise<void>,
): Promise<void> {
  const workers = Array.from(
    { length: Math.min(cameras.length, navigator.hardwareConcurrency) },
    () => new Worker(new URL("./photo_worker.ts", import.meta.url), { type: "module" }),
  );
  let next = 0;
  try {
    await Promise.all(workers.map(async (worker) => {
      while (next < cameras.length) {
        const index = next++;
        await onPhoto(index, await takePhoto(worker, cameras[index]));
      }
    }));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function takePhoto(worker: Worker, camera: Camera): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Demo photo failed: ${event.message}`));
    };
    worker.postMessage(camera);
  });
}
