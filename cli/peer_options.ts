// Options of other trainers' command lines, and what does the same here.

/** For the error about an unknown option: what to use instead, by name, with `_` between words and in lower case. */
const INSTEAD: Readonly<Record<string, string>> = {
  // gsplat's simple_trainer.py
  data_dir: "--source_path FOLDER",
  data_factor: "--images images_N, or --resolution N",
  result_dir: "--model_path FOLDER",
  max_steps: "--iterations N",
  steps_scaler: "--iterations N: the schedule follows",
  eval_steps: "--test_iterations N …",
  save_steps: "--save_iterations N …",
  ply_steps: "--save_iterations N …",
  cap_max: "--mode final_count --budget N",
  mcmc: "--strategy mcmc",
  antialiased: "--antialiasing",
  random_bkgd: "--random_background",
  ssim_lambda: "--lambda_dssim X",
  batch_size: "--views_per_step N",
  refine_start_iter: "--densify_from_iter N",
  refine_stop_iter: "--densify_until_iter N",
  refine_every: "--densification_interval N",
  reset_every: "--opacity_reset_interval N",
  grow_grad2d: "--densify_grad_threshold X",
  absgrad: "--strategy absgrad",
  ckpt: "--start_checkpoint FILE, or --resume",
  // nerfstudio's ns-train
  data: "--source_path FOLDER",
  output_dir: "--model_path FOLDER",
  max_num_iterations: "--iterations N",
  downscale_factor: "--resolution N",
  load_dir: "--resume",
  load_checkpoint: "--start_checkpoint FILE",
  eval_mode: "--eval",
  // brush
  total_steps: "--iterations N",
  max_splats: "--mode final_count --budget N",
  max_resolution: "--resolution N: a width of N pixels",
  eval_split_every: "--eval --test_every N",
  eval_every: "--test_iterations N …",
  export_every: "--save_iterations N …",
  export_path: "--model_path FOLDER",
  growth_stop_iter: "--densify_until_iter N",
  ssim_weight: "--lambda_dssim X",
  start_iter: "--resume",
  with_viewer: "--view",
  // LichtFeld Studio
  data_path: "--source_path FOLDER",
  output_path: "--model_path FOLDER",
  max_cap: "--mode final_count --budget N",
  resize_factor: "--resolution N",
  // 3DGS of 2024
  disable_viewer: "not needed: there is no page without --view",
  // several
  masks: "not needed: a folder `masks` or `mask` beside the photos is found",
  mask_dir: "not needed: a folder `masks` or `mask` beside the photos is found",
  export_ply: "not needed: every save writes point_cloud.ply",
  gpu: "--device N",
  output: "--model_path FOLDER",
  input: "--source_path FOLDER",
  max_gaussians: "--mode final_count --budget N",
  num_iters: "--iterations N",
  steps: "--iterations N",
};

/**
 * What does here what an option does in another trainer.
 *
 * @param spelling The option as it was written; of a dotted name the last part counts
 * @param known Names of the verb's options
 * @returns What to write instead; undefined if there is nothing, or the verb does not have it
 */
export function insteadOf(spelling: string, known: readonly string[]): string | undefined {
  const name = spelling.replace(/^--?/, "").split(".").at(-1)!.replaceAll("-", "_").toLowerCase();
  if (!Object.hasOwn(INSTEAD, name)) return undefined;
  const named = INSTEAD[name].match(/(?<=--)\w+/g) ?? [];
  if (!named.every((option) => known.includes(option))) return undefined;
  return INSTEAD[name].startsWith("-") ? `use ${INSTEAD[name]}` : INSTEAD[name];
}

/** Names of the options that {@linkcode insteadOf} knows. */
export const PEER_OPTIONS: readonly string[] = Object.keys(INSTEAD);
