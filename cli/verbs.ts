// The verbs of the command line; cli.ts loads the module of the one that is asked for.

/** A verb of the command line. */
export interface Verb {
  /** One sentence for --help. */
  readonly summary: string;
  /** Whether it writes files. */
  readonly writes: boolean;
}

/** All verbs by name, in the order of --help. */
export const VERBS = {
  train: { summary: "train Gaussians on a capture", writes: true },
  render: { summary: "render the views of a trained model", writes: true },
  metrics: { summary: "PSNR, SSIM and LPIPS of rendered views", writes: true },
  convert: { summary: "make tame's file of LPIPS weights of PyTorch's", writes: true },
  info: { summary: "what is in a capture or a PLY, and the memory that a budget will take", writes: false },
  doctor: { summary: "which backends this machine can use, and why", writes: false },
  demo: { summary: "write a synthetic capture, train it, render and score it", writes: true },
} as const satisfies Record<string, Verb>;

/** The name of a verb. */
export type VerbName = keyof typeof VERBS;
