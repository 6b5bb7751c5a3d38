// Generated from cuda/tame.h by `deno task generate`; do not edit.
//
// Handles are `pointer` and arrays `buffer`, so that a path-scoped --allow-ffi is enough. The header marks what is
// nonblocking; a function that is wanted both ways stands here a second time, as <name>_async.

/** The symbol table of libtame_cpu and libtame_cuda. */
export const SYMBOLS = {
  tame_abi_version: {
    parameters: [],
    result: "u32",
  },
  tame_build_info: {
    parameters: [
      "buffer", // text
      "u32", // text_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_device_count: {
    parameters: [
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_device_get_info: {
    parameters: [
      "u32", // index
      "buffer", // info
      "u32", // info_bytes
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_device_open: {
    parameters: [
      "buffer", // options
      "u32", // options_bytes
      "buffer", // err
    ],
    result: "pointer",
    nonblocking: true,
  },
  tame_device_memory: {
    parameters: [
      "pointer", // device
      "u32", // reset_peak
      "buffer", // memory
      "u32", // memory_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_estimate_memory: {
    parameters: [
      "buffer", // query
      "u32", // query_bytes
      "buffer", // estimate
      "u32", // estimate_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_device_profile: {
    parameters: [
      "pointer", // device
      "u32", // action
      "buffer", // profile
      "u32", // profile_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_device_synchronize: {
    parameters: [
      "pointer", // device
      "buffer", // err
    ],
    result: "i32",
  },
  tame_device_close: {
    parameters: [
      "pointer", // device
      "buffer", // err
    ],
    result: "i32",
  },
  tame_knn_mean_dist2: {
    parameters: [
      "pointer", // device
      "buffer", // points
      "u32", // points_length
      "u32", // neighbours
      "u32", // batch
      "u64", // byte_limit
      "buffer", // mean_dist2
      "u32", // mean_dist2_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_parameter_get_info: {
    parameters: [
      "u32", // parameter
      "u32", // sh_degree
      "buffer", // info
      "u32", // info_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_gaussians_create: {
    parameters: [
      "pointer", // device
      "u32", // capacity
      "u32", // sh_degree
      "buffer", // err
    ],
    result: "pointer",
  },
  tame_gaussians_create_async: {
    parameters: [
      "pointer", // device
      "u32", // capacity
      "u32", // sh_degree
      "buffer", // err
    ],
    result: "pointer",
    name: "tame_gaussians_create",
    nonblocking: true,
  },
  tame_gaussians_count: {
    parameters: [
      "pointer", // gaussians
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_gaussians_resize: {
    parameters: [
      "pointer", // gaussians
      "u32", // count
      "buffer", // err
    ],
    result: "i32",
  },
  tame_gaussians_resize_async: {
    parameters: [
      "pointer", // gaussians
      "u32", // count
      "buffer", // err
    ],
    result: "i32",
    name: "tame_gaussians_resize",
    nonblocking: true,
  },
  tame_gaussians_upload: {
    parameters: [
      "pointer", // gaussians
      "u32", // field
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_gaussians_upload_async: {
    parameters: [
      "pointer", // gaussians
      "u32", // field
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_length
      "buffer", // err
    ],
    result: "i32",
    name: "tame_gaussians_upload",
    nonblocking: true,
  },
  tame_gaussians_download: {
    parameters: [
      "pointer", // gaussians
      "u32", // field
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_gaussians_download_finite: {
    parameters: [
      "pointer", // gaussians
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_length
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_gaussians_non_finite: {
    parameters: [
      "pointer", // gaussians
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_gaussians_close: {
    parameters: [
      "pointer", // gaussians
      "buffer", // err
    ],
    result: "i32",
  },
  tame_views_create: {
    parameters: [
      "pointer", // device
      "u32", // count
      "u32", // residency
      "buffer", // err
    ],
    result: "pointer",
  },
  tame_views_set: {
    parameters: [
      "pointer", // views
      "u32", // index
      "buffer", // camera
      "u32", // camera_bytes
      "buffer", // pixels
      "u32", // pixels_bytes
      "u32", // channels
      "buffer", // mask
      "u32", // mask_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_views_set_async: {
    parameters: [
      "pointer", // views
      "u32", // index
      "buffer", // camera
      "u32", // camera_bytes
      "buffer", // pixels
      "u32", // pixels_bytes
      "u32", // channels
      "buffer", // mask
      "u32", // mask_bytes
      "buffer", // err
    ],
    result: "i32",
    name: "tame_views_set",
    nonblocking: true,
  },
  tame_views_clear: {
    parameters: [
      "pointer", // views
      "u32", // index
      "buffer", // err
    ],
    result: "i32",
  },
  tame_views_set_depths: {
    parameters: [
      "pointer", // views
      "u32", // index
      "u32", // width
      "u32", // height
      "buffer", // points
      "u32", // points_length
      "u32", // n
      "buffer", // err
    ],
    result: "i32",
  },
  tame_views_close: {
    parameters: [
      "pointer", // views
      "buffer", // err
    ],
    result: "i32",
  },
  tame_render: {
    parameters: [
      "pointer", // gaussians
      "buffer", // camera
      "u32", // camera_bytes
      "f32", // red
      "f32", // green
      "f32", // blue
      "u32", // format
      "buffer", // image
      "u32", // image_bytes
      "buffer", // alpha
      "u32", // alpha_length
      "buffer", // depth
      "u32", // depth_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_count_instances: {
    parameters: [
      "pointer", // gaussians
      "buffer", // camera
      "u32", // camera_bytes
      "buffer", // instances
      "u32", // instances_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_rasterize_forward: {
    parameters: [
      "pointer", // device
      "u32", // count
      "u32", // sh_degree
      "buffer", // means
      "u32", // means_length
      "buffer", // log_scales
      "u32", // log_scales_length
      "buffer", // quats
      "u32", // quats_length
      "buffer", // opacities
      "u32", // opacities_length
      "buffer", // sh
      "u32", // sh_length
      "buffer", // camera
      "u32", // camera_bytes
      "f32", // red
      "f32", // green
      "f32", // blue
      "buffer", // image
      "u32", // image_length
      "buffer", // alpha
      "u32", // alpha_length
      "buffer", // depth
      "u32", // depth_length
      "buffer", // err
    ],
    result: "pointer",
  },
  tame_rasterize_backward: {
    parameters: [
      "pointer", // rasterization
      "buffer", // d_image
      "u32", // d_image_length
      "buffer", // d_alpha
      "u32", // d_alpha_length
      "buffer", // d_means
      "u32", // d_means_length
      "buffer", // d_log_scales
      "u32", // d_log_scales_length
      "buffer", // d_quats
      "u32", // d_quats_length
      "buffer", // d_opacities
      "u32", // d_opacities_length
      "buffer", // d_sh
      "u32", // d_sh_length
      "buffer", // d_means2d
      "u32", // d_means2d_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_rasterization_radii: {
    parameters: [
      "pointer", // rasterization
      "buffer", // radii
      "u32", // radii_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_rasterization_close: {
    parameters: [
      "pointer", // rasterization
      "buffer", // err
    ],
    result: "i32",
  },
  tame_lens_pinhole: {
    parameters: [
      "buffer", // lens
      "u32", // lens_bytes
      "buffer", // pinhole
      "u32", // pinhole_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_image_undistort: {
    parameters: [
      "pointer", // device
      "buffer", // lens
      "u32", // lens_bytes
      "buffer", // pinhole
      "u32", // pinhole_bytes
      "u32", // channels
      "buffer", // photo
      "u32", // photo_bytes
      "buffer", // image
      "u32", // image_bytes
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_psnr: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "u32", // channels
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_psnr_async: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "u32", // channels
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // err
    ],
    result: "i32",
    name: "tame_psnr",
    nonblocking: true,
  },
  tame_ssim: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "u32", // channels
      "u32", // padding
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_ssim_async: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "u32", // channels
      "u32", // padding
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // err
    ],
    result: "i32",
    name: "tame_ssim",
    nonblocking: true,
  },
  tame_image_loss: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "f32", // lambda_dssim
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // gradient
      "u32", // gradient_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_image_loss_async: {
    parameters: [
      "pointer", // device
      "u32", // width
      "u32", // height
      "f32", // lambda_dssim
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // gradient
      "u32", // gradient_length
      "buffer", // err
    ],
    result: "i32",
    name: "tame_image_loss",
    nonblocking: true,
  },
  tame_lpips_create: {
    parameters: [
      "pointer", // device
      "u32", // net
      "buffer", // weights
      "u32", // weights_length
      "buffer", // err
    ],
    result: "pointer",
  },
  tame_lpips_create_async: {
    parameters: [
      "pointer", // device
      "u32", // net
      "buffer", // weights
      "u32", // weights_length
      "buffer", // err
    ],
    result: "pointer",
    name: "tame_lpips_create",
    nonblocking: true,
  },
  tame_lpips_distance: {
    parameters: [
      "pointer", // lpips
      "u32", // width
      "u32", // height
      "u32", // range
      "buffer", // a
      "u32", // a_length
      "buffer", // b
      "u32", // b_length
      "buffer", // value
      "u32", // value_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_lpips_close: {
    parameters: [
      "pointer", // lpips
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_create: {
    parameters: [
      "pointer", // gaussians
      "pointer", // views
      "buffer", // options
      "u32", // options_bytes
      "buffer", // err
    ],
    result: "pointer",
  },
  tame_trainer_create_async: {
    parameters: [
      "pointer", // gaussians
      "pointer", // views
      "buffer", // options
      "u32", // options_bytes
      "buffer", // err
    ],
    result: "pointer",
    name: "tame_trainer_create",
    nonblocking: true,
  },
  tame_trainer_run: {
    parameters: [
      "pointer", // trainer
      "buffer", // plan
      "u32", // plan_bytes
      "u32", // n
      "u32", // stride
      "buffer", // views
      "u32", // views_length
      "buffer", // rates
      "u32", // rates_length
      "buffer", // control
      "u32", // control_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_set_opacity_mode: {
    parameters: [
      "pointer", // trainer
      "u32", // mode
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_limit_scales: {
    parameters: [
      "pointer", // trainer
      "buffer", // cameras
      "u32", // cameras_bytes
      "u32", // n
      "u32", // stride
      "f32", // pixels
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_reset_statistics: {
    parameters: [
      "pointer", // trainer
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_clear_moments: {
    parameters: [
      "pointer", // trainer
      "u32", // mask
      "buffer", // rows
      "u32", // rows_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_column_count: {
    parameters: [
      "pointer", // trainer
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_column_get_info: {
    parameters: [
      "pointer", // trainer
      "u32", // column
      "buffer", // info
      "u32", // info_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_export: {
    parameters: [
      "pointer", // trainer
      "u32", // column
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_bytes
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_import: {
    parameters: [
      "pointer", // trainer
      "u32", // column
      "u32", // offset
      "u32", // rows
      "buffer", // data
      "u32", // data_bytes
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_non_finite: {
    parameters: [
      "pointer", // trainer
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_get_progress: {
    parameters: [
      "pointer", // trainer
      "buffer", // progress
      "u32", // progress_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_set_progress: {
    parameters: [
      "pointer", // trainer
      "buffer", // progress
      "u32", // progress_bytes
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_score: {
    parameters: [
      "pointer", // trainer
      "buffer", // views
      "u32", // views_length
      "buffer", // weights
      "u32", // weights_length
      "u32", // sh_degree
      "f32", // red
      "f32", // green
      "f32", // blue
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_compute: {
    parameters: [
      "pointer", // trainer
      "buffer", // column
      "u32", // column_length
      "buffer", // expression
      "u32", // expression_length
      "buffer", // rows
      "u32", // rows_length
      "u32", // places
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_evaluate: {
    parameters: [
      "pointer", // trainer
      "buffer", // expression
      "u32", // expression_length
      "buffer", // values
      "u32", // values_length
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_evaluate_async: {
    parameters: [
      "pointer", // trainer
      "buffer", // expression
      "u32", // expression_length
      "buffer", // values
      "u32", // values_length
      "buffer", // err
    ],
    result: "i32",
    name: "tame_trainer_evaluate",
    nonblocking: true,
  },
  tame_trainer_sum: {
    parameters: [
      "pointer", // trainer
      "buffer", // expression
      "u32", // expression_length
      "buffer", // sum
      "u32", // sum_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_drop_columns: {
    parameters: [
      "pointer", // trainer
      "buffer", // err
    ],
    result: "i32",
  },
  tame_trainer_select: {
    parameters: [
      "pointer", // trainer
      "buffer", // column
      "u32", // column_length
      "buffer", // by
      "u32", // by_length
      "buffer", // among
      "u32", // among_length
      "u32", // count
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_rank: {
    parameters: [
      "pointer", // trainer
      "buffer", // column
      "u32", // column_length
      "buffer", // by
      "u32", // by_length
      "buffer", // among
      "u32", // among_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_draw: {
    parameters: [
      "pointer", // trainer
      "buffer", // column
      "u32", // column_length
      "buffer", // weights
      "u32", // weights_length
      "buffer", // among
      "u32", // among_length
      "buffer", // draw
      "u32", // draw_bytes
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_edit_rows: {
    parameters: [
      "pointer", // trainer
      "buffer", // kinds
      "u32", // kinds_length
      "buffer", // copies
      "u32", // copies_length
      "buffer", // table
      "u32", // table_bytes
      "u32", // n
      "u32", // stride
      "buffer", // edit
      "u32", // edit_bytes
      "buffer", // count
      "u32", // count_length
      "buffer", // err
    ],
    result: "i32",
    nonblocking: true,
  },
  tame_trainer_close: {
    parameters: [
      "pointer", // trainer
      "buffer", // err
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of an opened library. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The arguments of a function, but for the error that comes last. */
export type Arguments<Name extends keyof Symbols> = Parameters<Symbols[Name]> extends [...infer Rest, unknown] ? Rest
  : never;
