// Scenes on which image and gradients must agree closely with the oracle, each with a check that it tests what it
// claims.
import type { ReferenceRasterization } from "../reference/rasterizer.ts";
import { benignScene, coincidentScene, guardedScene, type TestScene } from "../reference/scenes.ts";

/** A scene, and a condition on the oracle's result that shows that the scene tests what it claims. */
export interface BenignCase {
  name: string;
  scene: () => TestScene;
  holds?: (reference: ReferenceRasterization) => boolean;
}

/** All have a random background and an off-centre principal point. */
export const BENIGN_CASES: BenignCase[] = [
  ...[0, 1, 2, 3].map((shDegree): BenignCase => ({
    name: `SH degree ${shDegree}`,
    scene: () => benignScene({ seed: 100 + shDegree, count: 250, shDegree }),
  })),
  ...[[1, 1], [5, 47], [17, 33], [64, 48], [63, 16]].map(([width, height]): BenignCase => ({
    name: `${width} x ${height} pixels`,
    scene: () =>
      benignScene({
        seed: 200 + width,
        count: 60,
        shDegree: 1,
        width,
        height,
        sigmas: [0.6, 6],
        opacities: [0.05, 0.5],
      }),
  })),
  {
    name: "fine splats",
    scene: () => benignScene({ seed: 301, count: 300, shDegree: 0, sigmas: [0.5, 1.2] }),
  },
  {
    name: "wide splats",
    scene: () => benignScene({ seed: 302, count: 40, shDegree: 0, sigmas: [8, 28], opacities: [0.05, 0.5] }),
  },
  {
    name: "more than 96 transparent splats in a pixel",
    scene: () =>
      benignScene({
        seed: 303,
        count: 170,
        shDegree: 0,
        width: 35,
        height: 21,
        sigmas: [8, 20],
        opacities: [0.01, 0.06],
      }),
    holds: ({ deepest }) => deepest > 3 * 32,
  },
  {
    name: "pixels that stop early",
    scene: () => benignScene({ seed: 304, count: 100, shDegree: 0, sigmas: [3, 10], opacities: [0.9, 0.98] }),
    holds: ({ stopped, alpha }) => stopped > alpha.length / 4,
  },
  {
    name: "alphas clamped at 0.99",
    scene: () => benignScene({ seed: 305, count: 40, shDegree: 1, sigmas: [1, 8], opacities: [0.985, 0.9999] }),
    holds: ({ alpha }) => alpha.some((value) => value > 0.99),
  },
  {
    name: "centres beyond the Jacobian's guard",
    scene: () => guardedScene({ seed: 306, count: 80, shDegree: 2, sigmas: [1, 5] }),
  },
  ...([[0.2, 0.6], [0.5, 10]] as [number, number][]).map((sigmas): BenignCase => ({
    name: `anti-aliased splats of ${sigmas.join(" to ")} pixels`,
    scene: () => {
      const scene = benignScene({ seed: 308, count: 150, shDegree: 1, sigmas, opacities: [0.3, 0.95] });
      return { ...scene, camera: { ...scene.camera, antialiasing: true } };
    },
    holds: ({ footprints }) => footprints.filter(({ factor }) => factor < 0.8).length > 8,
  })),
  {
    name: "centres that coincide",
    scene: () => coincidentScene({ seed: 307, count: 120, shDegree: 1 }),
  },
];
