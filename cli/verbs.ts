// The verbs of the command line; cli.ts loads the module of the verb that is run.

/** A verb of the command line. */
export interface Verb {
  /** One sentence for --help. */
  readonly summary: string;
  /** Whether it writes files. */
  readonly writes: boolean;
  /** Whether it only prints, and needs none of Deno's permissions. Default false. */
  readonly onlyPrints?: boolean;
}

/** All verbs by name, in the order of --help. */
export const VERBS = {
  train: { summary: "train Gaussians on a capture", writes: true },
  render: { summary: "render the views of a trained model", writes: true },
  metrics: { summary: "compute PSNR, SSIM and LPIPS of rendered views", writes: true },
  export: { summary: "export a model to SPZ, SOG, HTML, GLB and other formats of viewers", writes: true },
  view: { summary: "show finished models on a page, beside each other or alone", writes: false },
  convert: { summary: "make a capture of photos with COLMAP; convert LPIPS weights", writes: true },
  info: { summary: "show what is in a capture or a file of splats, and the memory that a budget needs", writes: false },
  doctor: { summary: "show which backends this machine can use, and why", writes: false },
  demo: { summary: "write a synthetic capture, train it, render and score it", writes: true },
  completion: {
    summary: "print a script that completes commands in bash, zsh or fish",
    writes: false,
    onlyPrints: true,
  },
} as const satisfies Record<string, Verb>;

/** The name of a verb. */
export type VerbName = keyof typeof VERBS;
