// The memory plan: exact parts, and the refusal in words.
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import type { View } from "../../base/scene.ts";
import { TameError } from "../../ffi/errors.ts";
import { checkMemory, type MemoryPlan, photoBytes, planMemory, plannedPhoto } from "../../train/plan.ts";

const CAMERA = { fx: 9, fy: 9, cx: 5, cy: 10, rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0] };

function bytesOf(plan: MemoryPlan, purpose: string): number {
  return plan.items.find((item) => item.purpose === purpose)!.bytes;
}

Deno.test("planMemory() counts 720 bytes of training state a Gaussian at degree 3, 900 with summed harmonics", () => {
  for (const [shAccumulation, expected] of [[false, 720], [true, 900]] as const) {
    const plan = planMemory({ photos: [], count: 1000, shDegree: 3, shAccumulation });
    const state = ["parameters", "optimizer", "statistics"].reduce((sum, purpose) => sum + bytesOf(plan, purpose), 0);
    assertEquals(state, expected * 1000);
  }
});

Deno.test("planMemory() counts 3 bytes a pixel of every photo, and scratch for the largest", () => {
  const small = planMemory({ photos: [{ width: 10, height: 20 }], count: 10, shDegree: 0 });
  const both = planMemory({
    photos: [{ width: 10, height: 20 }, { width: 30, height: 40 }],
    count: 10,
    shDegree: 0,
  });
  const large = planMemory({ photos: [{ width: 30, height: 40 }], count: 10, shDegree: 0 });
  assertEquals([small, both, large].map((plan) => bytesOf(plan, "photos")), [600, 4200, 3600]);
  assertEquals(bytesOf(both, "images"), bytesOf(large, "images"));
  assertEquals(both.total, both.items.reduce((sum, item) => sum + item.bytes, 0));
});

Deno.test("planMemory() counts alpha and masks, and of photos on disk what is held", () => {
  const camera = { ...CAMERA, width: 10, height: 20 };
  const view = { name: "a", path: "a.png", camera, original: camera, photo: () => Promise.reject() };
  const views: View[] = [view, { ...view, alpha: true }, { ...view, maskPath: "m" }, {
    ...view,
    alpha: true,
    maskPath: "m",
  }];
  const photos = views.map(plannedPhoto);
  assertEquals(photos.map(photoBytes), [600, 800, 800, 1000]);
  const planned = (input: Partial<Parameters<typeof planMemory>[0]>) =>
    bytesOf(planMemory({ photos, count: 10, shDegree: 0, ...input }), "photos");
  assertEquals(planned({}), 3200);
  assertEquals(planned({ heldPhotoBytes: 1500 }), 1500);
  assertEquals(planned({ heldPhotoBytes: 1e9 }), 3200);
  assertEquals(planned({ backend: "cuda", photosOnDevice: false, heldPhotoBytes: 1500 }), 2 * 1000);
});

Deno.test("planMemory() counts the scores of densification where there is some", () => {
  const input = { photos: [{ width: 10, height: 20 }], count: 1000, shDegree: 0 };
  const [without, densifying] = [planMemory(input), planMemory({ ...input, densifies: true })];
  assertEquals(without.items.map(({ purpose }) => purpose).includes("other"), false);
  assertEquals(bytesOf(densifying, "other"), 48_000);
  assertEquals(bytesOf(densifying, "images") - bytesOf(without, "images"), 8 * 200);
  assertGreater(bytesOf(densifying, "instances"), bytesOf(without, "instances"));
});

Deno.test("planMemory() counts the staged photos alone when a GPU's photos are in host memory", () => {
  const photos = [{ width: 10, height: 20 }, { width: 30, height: 40 }, { width: 30, height: 40 }];
  const photoBytes = (backend: "cpu" | "cuda", photosOnDevice: boolean): number =>
    bytesOf(planMemory({ backend, photos, photosOnDevice, count: 10, shDegree: 0 }), "photos");
  assertEquals(photoBytes("cuda", true), 7800);
  assertEquals(photoBytes("cuda", false), 2 * 3600);
  assertEquals(photoBytes("cpu", false), 7800);
});

Deno.test("planMemory() plans what an H100 was measured to take, and at most a quarter more", () => {
  // Peaks of the README's runs, at degree 3: photos, their size, Gaussians, MiB.
  const densified = { photosOnDevice: true, shAccumulation: true, densifies: true };
  const runs = [
    [50, { width: 133, height: 237 }, 15_059, 22.02, { photosOnDevice: false }],
    [43, { width: 133, height: 237 }, 29_902, 40.3, densified],
    [43, { width: 531, height: 947 }, 112_053, 254.4, densified],
    [65, { width: 797, height: 599 }, 213_520, 369.3, densified],
  ] as const;
  for (const [views, size, count, peak, how] of runs) {
    const photos = new Array(views).fill(size);
    const total = planMemory({ backend: "cuda", photos, count, shDegree: 3, ...how }).total / 2 ** 20;
    assert(total >= peak && total <= 1.25 * peak, `planned ${total}, took ${peak}`);
  }
});

Deno.test("planMemory() makes room for more splats on a GPU when the picture is large", () => {
  const instances = (side: number): number =>
    bytesOf(
      planMemory({ backend: "cuda", photos: [{ width: side, height: side }], count: 100, shDegree: 0 }),
      "instances",
    );
  assert(instances(4096) > 8 * instances(512), `${instances(4096)} and ${instances(512)}`);
});

Deno.test("checkMemory() throws with the numbers when the plan is over the limit, and only then", () => {
  const input = { photos: [{ width: 1000, height: 1000 }], count: 1_000_000, shDegree: 3 };
  const { total } = planMemory(input);
  checkMemory(planMemory(input, total));
  checkMemory(planMemory(input));
  const error = assertThrows(() => checkMemory(planMemory(input, total - 1)), TameError, "photos 2.9 MiB");
  assertEquals([error.status, error.bytesWanted, error.bytesFree], ["out of memory", total, total - 1]);
});
