// The verbs: one file each, loaded when asked for, so that --help and a slip of the pen need no permission.

/** A verb of the command line. */
export interface Verb {
  /** One sentence for --help. */
  readonly summary: string;
  /** Whether it writes files. */
  readonly writes: boolean;
  /** Its module. `run` takes the arguments after the verb and resolves to the exit code. */
  load(): Promise<{ run(argv: string[]): Promise<number> }>;
}

/** All verbs by name. */
export const VERBS = {
  train: { summary: "train Gaussians on a capture", writes: true, load: () => import("./train.ts") },
  render: { summary: "render the views of a trained model", writes: true, load: () => import("./render.ts") },
  metrics: { summary: "PSNR, SSIM and LPIPS of rendered views", writes: true, load: () => import("./metrics.ts") },
  convert: {
    summary: "make tame's file of LPIPS weights of PyTorch's",
    writes: true,
    load: () => import("./convert.ts"),
  },
  info: {
    summary: "what is in a capture or a PLY, and the memory that a budget will take",
    writes: false,
    load: () => import("./info.ts"),
  },
  doctor: { summary: "which backends this machine can use, and why", writes: false, load: () => import("./doctor.ts") },
  demo: {
    summary: "write a synthetic capture, train it, render and score it",
    writes: true,
    load: () => import("./demo.ts"),
  },
} as const satisfies Record<string, Verb>;
