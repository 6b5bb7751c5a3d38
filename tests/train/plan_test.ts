// The memory plan: exact parts, estimates of both backends, and the error.
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { existsSync } from "@std/fs";
import type { View } from "../../base/scene.ts";
import { TameError } from "../../ffi/errors.ts";
import { type Backend, openFile, searchLibrary } from "../../ffi/library.ts";
import {
  checkMemory,
  type MemoryPlan,
  photoBytes,
  type PlanInput,
  planMemory,
  plannedPhoto,
} from "../../train/plan.ts";

const CAMERA = { fx: 9, fy: 9, cx: 5, cy: 10, rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0] };

/** {@linkcode planMemory} with a library filled in. */
type Planner = (input: Omit<PlanInput, "library">, limit?: number) => MemoryPlan;

/** Registers a test of a backend's plans, which need its library but no device; skipped by name if it is not built. */
async function planTest(backend: Backend, name: string, body: (plan: Planner) => void): Promise<void> {
  const path = await searchLibrary(backend);
  const missing = !existsSync(path);
  Deno.test({
    name: missing ? `${name} [skipped: no build/libtame_${backend}.so: run make build]` : name,
    ignore: missing,
    fn() {
      const library = openFile(path);
      body((input, limit) => planMemory({ library, ...input }, limit));
    },
  });
}

function bytesOf(plan: MemoryPlan, purpose: string): number {
  return plan.items.find((item) => item.purpose === purpose)!.bytes;
}

await planTest(
  "cpu",
  "planMemory() counts 720 bytes of training state per Gaussian at degree 3, 900 with summed harmonics",
  (planned) => {
    for (const [shAccumulation, expected] of [[false, 720], [true, 900]] as const) {
      const plan = planned({ photos: [], count: 1000, shDegree: 3, shAccumulation });
      const state = ["parameters", "optimizer", "statistics"].reduce((sum, purpose) => sum + bytesOf(plan, purpose), 0);
      assertEquals(state, expected * 1000);
    }
  },
);

await planTest(
  "cpu",
  "planMemory() counts 3 bytes per pixel of every photo, and scratch for the largest",
  (planned) => {
    const of = (photos: PlanInput["photos"]) => planned({ photos, count: 10, shDegree: 0 });
    const [first, second] = [{ width: 10, height: 20 }, { width: 30, height: 40 }];
    const [small, both, large] = [of([first]), of([first, second]), of([second])];
    assertEquals([small, both, large].map((plan) => bytesOf(plan, "photos")), [600, 4200, 3600]);
    assertEquals(bytesOf(both, "images"), bytesOf(large, "images"));
    assertEquals(both.total, both.items.reduce((sum, item) => sum + item.bytes, 0));
  },
);

await planTest("cpu", "planMemory() counts the exposures of the photos, and a transformed image", (planned) => {
  const photos = Array(100).fill({ width: 64, height: 48 });
  const of = (transform: PlanInput["transform"]) => planned({ photos, count: 10, shDegree: 0, transform });
  const [none, gains, affine] = [of("none"), of("gains"), of("affine")];
  const more = (plan: MemoryPlan, purpose: string) => bytesOf(plan, purpose) - bytesOf(none, purpose);
  assertEquals([more(gains, "optimizer"), more(affine, "optimizer")], [100 * 4 * (3 * 3 + 1), 100 * 4 * (3 * 12 + 1)]);
  assertEquals([more(gains, "images"), more(affine, "images")], Array(2).fill(1.25 * 3 * 4 * 64 * 48));
});

/** 10 x 20 pixels each: plain, with alpha, with a mask, with both. */
function variousPhotos(): Required<PlanInput["photos"][0]>[] {
  const camera = { ...CAMERA, width: 10, height: 20 };
  const view: View = { name: "a", path: "a.png", camera, original: camera, photo: () => Promise.reject() };
  const views: View[] = [
    view,
    { ...view, alpha: true },
    { ...view, maskPath: "m" },
    { ...view, alpha: true, maskPath: "m" },
  ];
  return views.map(plannedPhoto);
}

await planTest("cpu", "planMemory() counts alpha and masks, and only held photos when they stay on disk", (planned) => {
  const photos = variousPhotos();
  assertEquals(photos.map(photoBytes), [600, 800, 800, 1000]);
  const bytes = (heldPhotoBytes?: number) =>
    bytesOf(planned({ photos, count: 10, shDegree: 0, heldPhotoBytes }), "photos");
  assertEquals([bytes(), bytes(1500), bytes(1e9)], [3200, 1500, 3200]);
});

await planTest("cuda", "planMemory() counts the two largest photos when a GPU copies them from disk", (planned) => {
  const input = { photos: variousPhotos(), count: 10, shDegree: 0, photosOnDevice: false, heldPhotoBytes: 1500 };
  assertEquals(bytesOf(planned(input), "photos"), 2 * 1000);
  assertEquals(planned(input).hostBytes, 1500);
});

await planTest("cpu", "planMemory() counts the scores of densification if the run densifies", (planned) => {
  const input = { photos: [{ width: 10, height: 20 }], count: 1000, shDegree: 0 };
  const [without, densifying] = [planned(input), planned({ ...input, densifies: true })];
  assertEquals(without.items.map(({ purpose }) => purpose).includes("other"), false);
  assertEquals(bytesOf(densifying, "other"), 48_000);
  assertEquals(bytesOf(densifying, "images") - bytesOf(without, "images"), 8 * 200);
  assertGreater(bytesOf(densifying, "instances"), bytesOf(without, "instances"));
});

for (
  const [backend, onDevice, expected] of [["cuda", true, 7800], ["cuda", false, 7200], ["cpu", false, 7800]] as const
) {
  await planTest(
    backend,
    `planMemory() counts ${expected} bytes of photos when they are ${onDevice ? "" : "not "}on the ${backend} device`,
    (planned) => {
      const photos = [{ width: 10, height: 20 }, { width: 30, height: 40 }, { width: 30, height: 40 }];
      const plan = planned({ photos, photosOnDevice: onDevice, count: 10, shDegree: 0 });
      assertEquals(bytesOf(plan, "photos"), expected);
      assertEquals(plan.hostBytes, backend === "cuda" && !onDevice ? 7800 : 0);
    },
  );
}

await planTest(
  "cuda",
  "planMemory() plans what an H100 was measured to need, and at most a quarter more",
  (planned) => {
    // Peaks of the README's runs, at degree 3: photos, their size, Gaussians, MiB.
    const densified = { photosOnDevice: true, shAccumulation: true, densifies: true };
    const runs = [
      [50, { width: 133, height: 237 }, 15_059, 21.99, { photosOnDevice: false }],
      [43, { width: 133, height: 237 }, 29_902, 40.3, densified],
      [43, { width: 531, height: 947 }, 112_053, 262.1, densified],
      [65, { width: 797, height: 599 }, 213_520, 366.7, densified],
    ] as const;
    for (const [views, size, count, peak, how] of runs) {
      const photos = new Array(views).fill(size);
      const total = planned({ photos, count, shDegree: 3, ...how }).total / 2 ** 20;
      assert(total >= peak && total <= 1.25 * peak, `planned ${total}, took ${peak}`);
    }
  },
);

await planTest("cuda", "planMemory() has capacity for more splats on a GPU when the image is large", (planned) => {
  const instances = (side: number): number =>
    bytesOf(planned({ photos: [{ width: side, height: side }], count: 100, shDegree: 0 }), "instances");
  assert(instances(4096) > 8 * instances(512), `${instances(4096)} and ${instances(512)}`);
});

// Photos, parameters, optimizer, statistics, splats, instances, images, other: of a run with everything, and of a plain
// one whose first Gaussians cover many tiles.
for (
  const [backend, everything, crowded] of [
    [
      "cpu",
      [2_933_028, 1_876_440, 4_938_000, 148_140, 1_209_810, 37_229_396, 52_297_128, 592_560],
      [921_600, 165_200, 330_400, 8400, 68_600, 35_250_000, 29_491_200],
    ],
    [
      "cuda",
      [2_933_028, 1_877_504, 4_940_800, 148_140, 1_172_775, 34_358_379, 44_373_816, 14_079_996],
      [921_600, 166_144, 332_288, 8400, 66_500, 41_261_458, 24_648_000, 8_601_600],
    ],
  ] as const
) {
  await planTest(backend, `planMemory() returns these numbers for ${backend}`, (planned) => {
    const bytes = (input: Omit<PlanInput, "library">) => planned(input).items.map((item) => item.bytes);
    const photos = [{ width: 640, height: 480 }, { width: 531, height: 947, channels: 4 }];
    const events = { shAccumulation: true, densifies: true, evaluates: true };
    assertEquals(bytes({ photos, count: 12_345, shDegree: 2, ...events }), [...everything]);
    const input = { photos: photos.slice(0, 1), count: 700, shDegree: 3, evaluates: true };
    assertEquals(bytes({ ...input, firstInstances: 500_000 }), [...crowded]);
  });
}

await planTest(
  "cpu",
  "checkMemory() throws with the numbers when the plan exceeds the limit, and only then",
  (planned) => {
    const input = { photos: [{ width: 1000, height: 1000 }], count: 1_000_000, shDegree: 3 };
    const { total } = planned(input);
    checkMemory(planned(input, total));
    checkMemory(planned(input));
    const error = assertThrows(() => checkMemory(planned(input, total - 1)), TameError, "photos 2.9 MiB");
    assertEquals([error.status, error.bytesWanted, error.bytesFree], ["out of memory", total, total - 1]);
  },
);

for (const backend of ["cpu", "cuda"] as const) {
  await planTest(
    backend,
    `planMemory() has room on ${backend} for renders between steps, for smaller ones if need be`,
    (planned) => {
      const photos = [{ width: 640, height: 480 }];
      const of = (renderPixels: number, limit?: number) =>
        planned({ photos, count: 10_000, shDegree: 3, renderPixels }, limit);
      const [none, large] = [of(0), of(2 ** 22)];
      assertEquals([none.renderPixels, large.renderPixels], [undefined, 2 ** 22]);
      // Image, transmittance and depth.
      assertGreater(bytesOf(large, "images") - bytesOf(none, "images"), 5 * 4 * 2 ** 22);
      assertGreater(bytesOf(large, "instances"), bytesOf(none, "instances"));
      for (const purpose of ["photos", "parameters", "optimizer", "splats"]) {
        assertEquals(bytesOf(large, purpose), bytesOf(none, purpose));
      }
      const between = of(2 ** 22, none.total + (large.total - none.total) / 3);
      assert(between.total <= between.limit && between.renderPixels! < 2 ** 22 && between.renderPixels! >= 2 ** 18);
      const least = of(2 ** 22, none.total);
      assertEquals([least.total, least.renderPixels], [none.total, 2 ** 14], "looking keeps no run from starting");
      // Pairs count only where memory is short.
      assertEquals([none.renderPairs, large.renderPairs], [undefined, undefined]);
      const [tight, roomy] = [of(2 ** 22, large.total), of(2 ** 22, 1.1 * large.total)].map((plan) =>
        plan.renderPairs!
      );
      assertGreater(tight, 200 * 2 ** 22 / 256, "the usual number");
      assertGreater(roomy, tight);
    },
  );
  await planTest(
    backend,
    `planMemory() counts depths of ${backend} with the photos, and a gradient of each pair`,
    (planned) => {
      const input = { photos: [{ width: 100, height: 50 }], count: 1000, shDegree: 0, firstInstances: 200_000 };
      const [without, plan] = [planned(input), planned({ ...input, depthBytes: 480 })];
      assertEquals(bytesOf(plan, "photos"), bytesOf(without, "photos") + 480);
      assertEquals(plan.items.find(({ purpose }) => purpose === "photos")!.exact, false);
      const pairs = (bytesOf(plan, "instances") - bytesOf(without, "instances")) / 4;
      assert(pairs >= 200_000 && pairs <= 1.25 * 200_000 + 1, `${pairs} gradients`);
    },
  );
}
