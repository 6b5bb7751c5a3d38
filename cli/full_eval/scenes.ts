// The paper's benchmark: thirteen scenes of three datasets, and the budgets of both settings (Mallick et al. 2024).

/** A dataset's key, also in timing.txt. */
export type Group = "m360" | "tandt" | "db";

/** The two settings of the paper. */
export type PaperMode = "budget" | "big";

/** A dataset of the benchmark. */
export interface PaperDataset {
  readonly group: Group;
  readonly title: string;
  /** The option that names its folder. */
  readonly option: "mipnerf360" | "tanksandtemples" | "deepblending";
}

/** A scene of the benchmark. */
export interface PaperScene {
  readonly name: string;
  readonly group: Group;
  /** Sub-folder of the photos. Default: that of the capture. */
  readonly images?: string;
  /** Budget of the `budget` setting, as a multiple of the capture's points. */
  readonly multiplier: number;
  /** Budget of the `big` setting: the final count of 3D Gaussian Splatting (Kerbl et al. 2023). */
  readonly finalCount: number;
}

/** The datasets, in the order of the tables. */
export const PAPER_DATASETS: readonly PaperDataset[] = [
  { group: "m360", title: "Mip-NeRF 360", option: "mipnerf360" },
  { group: "tandt", title: "Tanks and Temples", option: "tanksandtemples" },
  { group: "db", title: "Deep Blending", option: "deepblending" },
];

/** The scenes, in the order in which one GPU runs them. */
export const PAPER_SCENES: readonly PaperScene[] = [
  { name: "bicycle", group: "m360", images: "images_4", multiplier: 15, finalCount: 5_987_095 },
  { name: "flowers", group: "m360", images: "images_4", multiplier: 15, finalCount: 3_618_411 },
  { name: "garden", group: "m360", images: "images_4", multiplier: 15, finalCount: 5_728_191 },
  { name: "stump", group: "m360", images: "images_4", multiplier: 15, finalCount: 4_867_429 },
  { name: "treehill", group: "m360", images: "images_4", multiplier: 15, finalCount: 3_770_257 },
  { name: "room", group: "m360", images: "images_2", multiplier: 2, finalCount: 1_548_960 },
  { name: "counter", group: "m360", images: "images_2", multiplier: 2, finalCount: 1_190_919 },
  { name: "kitchen", group: "m360", images: "images_2", multiplier: 2, finalCount: 1_803_735 },
  { name: "bonsai", group: "m360", images: "images_2", multiplier: 2, finalCount: 1_252_367 },
  { name: "truck", group: "tandt", multiplier: 2, finalCount: 2_584_171 },
  { name: "train", group: "tandt", multiplier: 2, finalCount: 1_085_480 },
  { name: "drjohnson", group: "db", multiplier: 5, finalCount: 3_273_600 },
  { name: "playroom", group: "db", multiplier: 5, finalCount: 2_326_100 },
];

/** The reference's flags of `train` for a scene in a setting, except the folders. */
export function paperFlags(
  scene: PaperScene,
  options: { mode: PaperMode; optimizerType: string; shLower: boolean },
): string[] {
  const { mode, optimizerType, shLower } = options;
  const budget = mode === "big"
    ? ["--budget", `${scene.finalCount}`, "--densification_interval", "100", "--mode", "final_count"]
    : ["--budget", `${scene.multiplier}`, "--densification_interval", "500", "--mode", "multiplier"];
  return [
    ...(scene.images === undefined ? [] : ["-i", scene.images]),
    ...["--quiet", "--eval", "--test_iterations", "-1", "--optimizer_type", optimizerType],
    ...(shLower ? ["--sh_lower"] : []),
    ...budget,
  ];
}
