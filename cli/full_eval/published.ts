// Published results for the tables of the benchmark, each with its source. What a source does not state is absent. None
// of them was measured with tame.

import type { Measures } from "./measures.ts";
import type { Group, PaperMode } from "./scenes.ts";

/** Measures of a scene, or means of a dataset, from another source. */
export interface Reference {
  /** The method. */
  method: string;
  /** Who measured it, and on which GPU. */
  source: string;
  measures: Measures;
}

const PAPER = "per-scene PSNR of the paper (Mallick et al. 2024, one RTX A4500), as NerfBaselines transcribes it";
const NERFBASELINES =
  "NerfBaselines, official code with --sh_lower; LPIPS of values in [-1, 1], so not comparable with ours; " +
  "GPU not stated";
const FASTGS = "FastGS (arXiv 2511.04283, table 1), all on one RTX 4090";

/** PSNR of the paper's `budget` setting, in dB. */
const PAPER_PSNR: Record<string, number> = {
  bicycle: 24.97,
  flowers: 21.18,
  garden: 27.45,
  stump: 26.04,
  treehill: 23.04,
  room: 31.39,
  counter: 28.59,
  kitchen: 31.14,
  bonsai: 31.8,
};

/** PSNR, SSIM, LPIPS, seconds and GB of the `budget` setting. */
type SceneRow = [psnr: number, ssim: number, lpips: number, seconds: number, gb: number];
const NERFBASELINES_ROWS: Record<string, SceneRow> = {
  bicycle: [24.75, 0.712, 0.336, 316, 9.15],
  flowers: [21.1, 0.551, 0.438, 291, 6.18],
  garden: [27.42, 0.858, 0.145, 500, 8.1],
  stump: [25.95, 0.734, 0.336, 252, 5.35],
  treehill: [23.02, 0.623, 0.443, 318, 6.58],
  room: [31.41, 0.906, 0.321, 340, 11.28],
  counter: [28.53, 0.897, 0.283, 397, 9.88],
  kitchen: [30.92, 0.921, 0.172, 450, 10.91],
  bonsai: [31.86, 0.935, 0.271, 367, 10.8],
};
const NERFBASELINES_MEAN: SceneRow = [27.22, 0.793, 0.305, 359, 8.69];

/** Minutes, PSNR, SSIM, LPIPS and millions of Gaussians: means of a dataset. */
type MeanRow = [minutes: number, psnr: number, ssim: number, lpips: number, millions: number];
const FASTGS_ROWS: Record<string, Record<Group, MeanRow>> = {
  "3DGS (re-run by FastGS)": {
    m360: [20.93, 27.53, 0.812, 0.221, 2.63],
    db: [19.77, 29.71, 0.903, 0.241, 2.46],
    tandt: [11.34, 23.71, 0.85, 0.17, 1.57],
  },
  "Taming 3DGS (re-run by FastGS)": {
    m360: [5.36, 27.48, 0.794, 0.261, 0.68],
    db: [3.06, 29.5, 0.894, 0.278, 0.29],
    tandt: [2.71, 23.89, 0.833, 0.214, 0.32],
  },
  "FastGS": {
    m360: [1.93, 27.56, 0.797, 0.261, 0.4],
    db: [1.28, 30.03, 0.901, 0.27, 0.22],
    tandt: [1.32, 24.15, 0.839, 0.21, 0.24],
  },
  "FastGS-Big": {
    m360: [3.58, 27.93, 0.82, 0.216, 1.15],
    db: [2.0, 30.12, 0.907, 0.243, 0.65],
    tandt: [2.03, 24.39, 0.855, 0.175, 0.54],
  },
};
/** The methods that each setting is compared with: 3D Gaussian Splatting has the counts of `big`. */
const METHODS: Record<PaperMode, string[]> = {
  budget: ["Taming 3DGS (re-run by FastGS)", "FastGS"],
  big: ["3DGS (re-run by FastGS)", "FastGS-Big"],
};

const MIB_PER_GB = 1e9 / 2 ** 20;

/** Published results of a scene in a setting. */
export function publishedScene(scene: string, mode: PaperMode): Reference[] {
  if (mode === "big") return [];
  const rows: Reference[] = [];
  if (scene in PAPER_PSNR) rows.push(paper({ psnr: PAPER_PSNR[scene] }));
  if (scene in NERFBASELINES_ROWS) rows.push(nerfBaselines(NERFBASELINES_ROWS[scene]));
  return rows;
}

/** Published means of a dataset in a setting. */
export function publishedMeans(group: Group, mode: PaperMode): Reference[] {
  const own = mode === "budget" && group === "m360" ? [paper({ psnr: 27.29 }), nerfBaselines(NERFBASELINES_MEAN)] : [];
  return [
    ...own,
    ...METHODS[mode].map((method) => {
      const [minutes, psnr, ssim, lpips, millions] = FASTGS_ROWS[method][group];
      const measures = { psnr, ssim, lpips, gaussians: millions * 1e6, trainSeconds: 60 * minutes };
      return { method, source: FASTGS, measures };
    }),
  ];
}

function paper(measures: Measures): Reference {
  return { method: "Taming 3DGS (paper)", source: PAPER, measures };
}

function nerfBaselines([psnr, ssim, lpips, trainSeconds, gb]: SceneRow): Reference {
  const measures = { psnr, ssim, lpips, trainSeconds, peakMemoryMiB: gb * MIB_PER_GB };
  return { method: "Taming 3DGS (NerfBaselines)", source: NERFBASELINES, measures };
}
