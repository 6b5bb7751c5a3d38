/*
 * tame.h: the C ABI of tame, 3D Gaussian Splatting training.
 *
 * The only public native header. libtame_cpu.so and libtame_cuda.so export exactly these functions.
 *
 * Conventions
 *  - A call that creates an object returns its handle, NULL on failure; every other call returns a tame_status.
 *  - The last parameter of a fallible call is `tame_error *err` (may be NULL). There is no other error state.
 *  - Handles are entries of a generation-checked table, not addresses: a stale, foreign or closed one gives
 *    TAME_INVALID_ARGUMENT. A device runs one call at a time, over all its handles: a second one gives TAME_BUSY.
 *    Children keep their parents alive; closing is deferred until the running call has ended.
 *  - Every array parameter is followed by the number of elements the caller's buffer holds, in units of the array's
 *    type unless named otherwise. A buffer that is too short is rejected before anything is read or written.
 *  - Structs begin with struct_size (set it to sizeof); new fields are added at the end. None holds a pointer.
 *  - Frames as in COLMAP: x right, y down, z forward; x_camera = R x_world + t; R row-major. Quaternions (w, x, y, z).
 *    Pixel (i, j) covers [i, i+1] x [j, j+1]. Images are row-major, top row first, channels interleaved.
 *  - Parameters are raw: log-scale (natural log), un-normalised quaternion, logit opacity.
 */
#ifndef TAME_H
#define TAME_H

#include <stdint.h>

#if defined(__GNUC__)
#define TAME_API __attribute__((visibility("default")))
#else
#define TAME_API
#endif

/*
 * Mark calls that may take long, for bindings that can run a call on a thread other than their event loop's. They
 * expand to nothing.
 */
#define TAME_NONBLOCKING      /* always runs on another thread */
#define TAME_ALSO_NONBLOCKING /* blocking under its own name, on another thread as <name>_async */

#ifdef __cplusplus
extern "C" {
#endif

/* Incremented with each change of this header. */
#define TAME_ABI_VERSION 12u

typedef int32_t tame_status;
#define TAME_OK 0
#define TAME_INVALID_ARGUMENT 1
#define TAME_OUT_OF_MEMORY 2
#define TAME_NO_DEVICE 3
#define TAME_NO_KERNEL_IMAGE 4
#define TAME_DRIVER_TOO_OLD 5
#define TAME_BUSY 6
#define TAME_CANCELLED 7
#define TAME_IO 8
#define TAME_INTERNAL 9

/* Exactly 512 bytes. bytes_wanted and bytes_free are set with TAME_OUT_OF_MEMORY, else 0. */
typedef struct tame_error {
  int32_t status;
  uint32_t reserved;
  uint64_t bytes_wanted;
  uint64_t bytes_free;
  char message[488]; /* UTF-8, NUL-terminated, cut between characters */
} tame_error;

typedef struct tame_device tame_device;
typedef struct tame_gaussians tame_gaussians;
typedef struct tame_views tame_views;
typedef struct tame_trainer tame_trainer;
typedef struct tame_rasterization tame_rasterization;
typedef struct tame_lpips tame_lpips;

/* ---- Library and devices ------------------------------------------------------------------------------------ */

TAME_API uint32_t tame_abi_version(void);

/* One JSON object, UTF-8, NUL-terminated: {"backend":"cpu","version":...,"compiler":...,"targets":[...]}. */
TAME_API tame_status tame_build_info(char* text, uint32_t text_bytes, tame_error* err);

TAME_API tame_status tame_device_count(uint32_t* count, uint32_t count_length, tame_error* err);

typedef struct tame_device_info {
  uint32_t struct_size;
  uint32_t compute_capability; /* 10 * major + minor; 0 on the CPU backend */
  uint32_t has_code;           /* 1 when this library has machine code or PTX for the device */
  uint32_t driver_version;     /* as the driver reports it (13000 = 13.0); 0 on the CPU backend */
  uint32_t threads;            /* CPU: hardware threads; GPU: multiprocessors */
  uint32_t reserved;
  uint64_t memory_total; /* bytes */
  uint64_t memory_free;  /* bytes */
  char name[128];
  char targets[128]; /* the code that runs on it: "avx2 (of baseline avx2)", "sm_90 (of sm_80 ... compute_120)" */
} tame_device_info;

TAME_NONBLOCKING
TAME_API tame_status tame_device_get_info(uint32_t index, tame_device_info* info, uint32_t info_bytes, tame_error* err);

typedef struct tame_device_options {
  uint32_t struct_size;
  uint32_t index;
  uint64_t memory_limit; /* bytes for everything the device handle and its children allocate; 0 = no limit */
  uint64_t seed;         /* of every random number drawn natively */
  uint32_t threads;      /* host threads, at most 256; 0 = all on the CPU backend, at most 8 on CUDA */
  uint32_t reserved;
} tame_device_options;

TAME_NONBLOCKING
TAME_API tame_device* tame_device_open(const tame_device_options* options, uint32_t options_bytes, tame_error* err);

#define TAME_PURPOSES 9
#define TAME_PURPOSE_PARAMETERS 0 /* Gaussians */
#define TAME_PURPOSE_OPTIMIZER 1  /* Adam moments, accumulated gradients */
#define TAME_PURPOSE_STATISTICS 2 /* density statistics, scores */
#define TAME_PURPOSE_PHOTOS 3     /* training views */
#define TAME_PURPOSE_SPLATS 4     /* per-Gaussian scratch of the rasteriser */
#define TAME_PURPOSE_INSTANCES 5  /* per (tile, splat) scratch */
#define TAME_PURPOSE_IMAGES 6     /* per-pixel scratch */
#define TAME_PURPOSE_OTHER 7      /* k-NN and the rest */
#define TAME_PURPOSE_GRADIENTS 8  /* of a whole step, if it runs unfused or over several views */

typedef struct tame_memory {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t limit; /* bytes, 0 = none */
  uint64_t live;
  uint64_t peak;
  uint64_t live_by_purpose[TAME_PURPOSES];
  uint64_t peak_by_purpose[TAME_PURPOSES];
  uint64_t host_live; /* host memory beside the device's: photos that are not on it, and all that is page-locked; */
  uint64_t host_peak; /* outside the limit, and 0 if the device's memory is the host's */
} tame_memory;

/* Allowed at any time, also while another call runs. reset_peak != 0 sets the peaks to the live values afterwards. */
TAME_API tame_status tame_device_memory(tame_device* device, uint32_t reset_peak, tame_memory* memory,
                                        uint32_t memory_bytes, tame_error* err);

/* What a run does besides training steps, for tame_estimate_memory. */
#define TAME_MEMORY_SCORES 1u  /* Gaussians are scored */
#define TAME_MEMORY_METRICS 2u /* renders are compared with photos */
#define TAME_MEMORY_DEPTHS 4u  /* steps have a depth_weight */

typedef struct tame_memory_query {
  uint32_t struct_size;
  uint32_t flags;          /* TAME_MEMORY_* */
  uint32_t capacity;       /* Gaussians */
  uint32_t sh_degree;      /* 0..3 */
  uint32_t width, height;  /* pixels of the largest view */
  uint32_t state;          /* TAME_STATE_*, as in tame_trainer_options */
  uint32_t views_per_step; /* likewise; 0 means 1 */
  uint64_t instances;      /* largest counted number of (tile, splat) pairs in a view; 0: not counted */
  uint32_t transform;      /* TAME_TRANSFORM_*, as in tame_trainer_options */
  uint32_t views;          /* number of views; only a transform's memory depends on it */
} tame_memory_query;

typedef struct tame_memory_estimate {
  uint32_t struct_size;
  uint32_t exact;         /* bit i: bytes[i] is exact except for padding; else an estimate */
  uint32_t staged_photos; /* photos that the device holds at a time if residency is not DEVICE; 0: all */
  uint32_t reserved;
  uint64_t bytes[TAME_PURPOSES]; /* photos are 0: the caller knows their sizes */
} tame_memory_estimate;

/* Memory that training needs with this library, at the capacity of Gaussians and the largest view. Needs no device. */
TAME_API tame_status tame_estimate_memory(const tame_memory_query* query, uint32_t query_bytes,
                                          tame_memory_estimate* estimate, uint32_t estimate_bytes, tame_error* err);

/* Phases of a step. Scoring passes count under SCORE, except for their forward pass and loss. */
#define TAME_PHASES 7
#define TAME_PHASE_PROJECT 0        /* Gaussians to splats, tiles counted */
#define TAME_PHASE_BIN 1            /* instances to their tiles, each tile sorted by depth */
#define TAME_PHASE_BLEND 2          /* splats to the image */
#define TAME_PHASE_LOSS 3           /* with its gradient */
#define TAME_PHASE_BLEND_BACKWARD 4 /* to one gradient per instance */
#define TAME_PHASE_OPTIMIZE 5       /* from there to the parameters, Adam and statistics included */
#define TAME_PHASE_SCORE 6          /* what each Gaussian contributes */

#define TAME_PROFILE_READ 0  /* only read */
#define TAME_PROFILE_START 1 /* start profiling from zero */
#define TAME_PROFILE_STOP 2  /* stop profiling */

typedef struct tame_profile {
  uint32_t struct_size;
  uint32_t passes; /* forward passes; the counts below are sums over them */
  uint64_t nanoseconds[TAME_PHASES];
  uint64_t pixels;
  uint64_t gaussians;
  uint64_t visible;   /* Gaussians with a radius in the view */
  uint64_t instances; /* (tile, splat) pairs */
  uint64_t evaluated; /* (pixel, splat) pairs that the blend computed, in the groups that the backend computes */
  uint64_t blended;   /* (pixel, splat) pairs that were blended; plain renders may leave them out */
} tame_profile;

/*
 * Returns the profile since TAME_PROFILE_START, zeros if there is none, and then performs `action`. Profiling is off by
 * default and then costs nothing. While it is on, passes also count pairs, which takes time outside every phase. Waits.
 */
TAME_API tame_status tame_device_profile(tame_device* device, uint32_t action, tame_profile* profile,
                                         uint32_t profile_bytes, tame_error* err);

TAME_API tame_status tame_device_synchronize(tame_device* device, tame_error* err);
TAME_API tame_status tame_device_close(tame_device* device, tame_error* err);

/* ---- Random numbers ------------------------------------------------------------------------------------------ */

/*
 * Streams of random numbers (Philox4x32-10, Salmon et al. 2011). A draw is a function of seed, stream, iteration and
 * index: two uses with the same stream and iteration draw the same numbers. The caller's streams are listed here with
 * the library's, so that they stay disjoint.
 */
#define TAME_STREAM_VIEWS 1        /* caller: order of the views within an epoch; iteration: the epoch, from 0 */
#define TAME_STREAM_BACKGROUND 2   /* caller: background of a step; iteration: the step's, or 0 */
#define TAME_STREAM_SCORED_VIEWS 3 /* caller: views that a densification event scores; iterations from 1 */
/* 16 has two uses: initial points are drawn before training, with iteration 0, which no event uses. */
#define TAME_STREAM_FIRST_POINTS 16 /* caller: initial points of a capture without any; iteration 0 only */
#define TAME_STREAM_CLONES 16       /* rows that an event clones; iterations from 1, here and below */
#define TAME_STREAM_SPLITS 17       /* rows that it splits */
#define TAME_STREAM_PRUNED 18       /* rows that it removes */
#define TAME_STREAM_CHILDREN 19     /* means of the children of a split */
#define TAME_STREAM_NOISE 20        /* a step's noise on the means */
#define TAME_STREAM_DEPTHS 21       /* the depth that a step uses of each tile; index: the tile */

/* ---- Nearest neighbours ------------------------------------------------------------------------------------- */

/*
 * mean_dist2[i] = mean squared distance of points[i] to its `neighbours` (1..16) nearest other points; exact, and
 * duplicates count with distance 0. With fewer other points the mean is over all of them (0 for a single point).
 * points: 3 * count floats, finite. batch: queries processed at a time, 0 = all at once. byte_limit: bytes the call
 * may allocate, 0 = the device's own limit; TAME_OUT_OF_MEMORY if the chosen batch needs more.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_knn_mean_dist2(tame_device* device, const float* points, uint32_t points_length,
                                         uint32_t neighbours, uint32_t batch, uint64_t byte_limit, float* mean_dist2,
                                         uint32_t mean_dist2_length, tame_error* err);

/* ---- Gaussians ---------------------------------------------------------------------------------------------- */

/*
 * The parameters of a Gaussian, one row each, in the order of Adam's parameter groups: identifier, name, floats,
 * additional floats for each SH coefficient above degree 0 (K - 1 of them, K = (degree + 1)^2), default learning rate,
 * PLY columns (`#` counts from 0, channel by channel). Stored raw: means in world units; sh_dc [rgb];
 * sh_rest [k][rgb]; opacities as logits; natural logarithms of the scales; quaternions (w, x, y, z).
 */
#define TAME_PARAMETER_TABLE(ROW)                       \
  ROW(MEANS, "means", 3, 0, 1.6e-4f, "x y z")           \
  ROW(SH_DC, "sh_dc", 3, 0, 2.5e-3f, "f_dc_#")          \
  ROW(SH_REST, "sh_rest", 0, 3, 2.5e-4f, "f_rest_#")    \
  ROW(OPACITIES, "opacities", 1, 0, 2.5e-2f, "opacity") \
  ROW(LOG_SCALES, "log_scales", 3, 0, 5e-3f, "scale_#") \
  ROW(QUATS, "quats", 4, 0, 1e-3f, "rot_#")

#define TAME_PARAMETER_IDENTIFIER(identifier, name, floats, sh_floats, rate, ply) TAME_PARAMETER_##identifier,
enum { TAME_PARAMETER_TABLE(TAME_PARAMETER_IDENTIFIER) TAME_PARAMETERS };

typedef struct tame_parameter_info {
  uint32_t struct_size;
  uint32_t floats; /* per Gaussian */
  float rate;      /* default learning rate */
  char name[32];
  char ply_columns[32]; /* as in the table */
} tame_parameter_info;

/* A row of the table for an SH degree, 0..3; TAME_INVALID_ARGUMENT past its end. */
TAME_API tame_status tame_parameter_get_info(uint32_t parameter, uint32_t sh_degree, tame_parameter_info* info,
                                             uint32_t info_bytes, tame_error* err);

/* Fields of uploads and downloads: TAME_PARAMETER_*, or one of these. */
#define TAME_FIELD_SH 256 /* 3 K: [k][rgb], sh_dc and sh_rest together */
/* One PLY vertex: the columns of all parameters, with three zeros (the normal) after the mean: 14 + 3 K. */
#define TAME_FIELD_PLY_ROWS 257

/* count starts at 0; memory for `capacity` rows is allocated here. sh_degree 0..3. */
TAME_ALSO_NONBLOCKING
TAME_API tame_gaussians* tame_gaussians_create(tame_device* device, uint32_t capacity, uint32_t sh_degree,
                                               tame_error* err);
TAME_API tame_status tame_gaussians_count(tame_gaussians* gaussians, uint32_t* count, uint32_t count_length,
                                          tame_error* err);
/* New rows are zero with the identity quaternion. TAME_BUSY while a trainer uses these Gaussians. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_gaussians_resize(tame_gaussians* gaussians, uint32_t count, tame_error* err);
/* Rows offset .. offset + rows - 1 of one field (TAME_PARAMETER_* or TAME_FIELD_*). Upload: TAME_BUSY while a trainer
 * uses these Gaussians. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_gaussians_upload(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                           const float* data, uint32_t data_length, tame_error* err);
TAME_API tame_status tame_gaussians_download(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                             float* data, uint32_t data_length, tame_error* err);
/*
 * Downloads TAME_FIELD_PLY_ROWS of those of the rows whose every parameter is finite, without gaps: a PLY holds no
 * others. count: 1 number, the rows written; data has room for all.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_gaussians_download_finite(tame_gaussians* gaussians, uint32_t offset, uint32_t rows,
                                                    float* data, uint32_t data_length, uint32_t* count,
                                                    uint32_t count_length, tame_error* err);
/* count: 1 number, the Gaussians that have a parameter that is not finite (infinite or NaN). Waits. */
TAME_NONBLOCKING
TAME_API tame_status tame_gaussians_non_finite(tame_gaussians* gaussians, uint32_t* count, uint32_t count_length,
                                               tame_error* err);
TAME_API tame_status tame_gaussians_close(tame_gaussians* gaussians, tame_error* err);

/* ---- Cameras and training views ----------------------------------------------------------------------------- */

/*
 * Which pixels a Gaussian covers, and when it is visible.
 * ALPHA: those where its alpha is at least 1/255. Visible: its alpha reaches that in a tile of 16 x 16 pixels.
 * RECTANGLE: of those, the pixels in tiles of its 3 sigma square (Kerbl et al. 2023). Visible: the square reaches a
 * tile, whatever the alpha there.
 */
#define TAME_COVERAGE_ALPHA 0
#define TAME_COVERAGE_RECTANGLE 1

typedef struct tame_camera {
  uint32_t struct_size;
  uint32_t width;  /* pixels, 1..16384 */
  uint32_t height; /* pixels, 1..16384 */
  float fx, fy;    /* pixels, > 0 */
  float cx, cy;    /* pixels; the image's centre is (width / 2, height / 2) */
  float near_plane;
  float rotation[9]; /* world to camera, row-major, orthonormal */
  float translation[3];
  uint32_t coverage; /* TAME_COVERAGE_* */
  /* 1: anti-aliased. A splat's opacity o is multiplied by sqrt(max(0.005^2, det S / det(S + 0.3 I))), S its 2D
     covariance before the low-pass of 0.3 square pixels, which then does not change the sum of alpha over the pixels
     (Yu et al. 2024, Mip-Splatting, equation 9). What is drawn and visible follows the product. 0: o as it is. */
  uint32_t antialiasing;
} tame_camera;

#define TAME_RESIDENCY_DEVICE 0 /* pixels on the device */
#define TAME_RESIDENCY_PINNED 1 /* pixels in pinned host memory, the next view prefetched */
#define TAME_RESIDENCY_HOST 2   /* pixels in ordinary host memory */

TAME_API tame_views* tame_views_create(tame_device* device, uint32_t count, uint32_t residency, tame_error* err);
/*
 * pixels: width * height * channels bytes, channels 3 (RGB) or 4 (RGB and straight alpha). A step composites a photo
 * with alpha over its own background: rgb * alpha + background * (1 - alpha). mask: width * height bytes, 0 where the
 * pixel is excluded from the loss and the scores, or NULL. The view may be set again with the same size.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_views_set(tame_views* views, uint32_t index, const tame_camera* camera, uint32_t camera_bytes,
                                    const uint8_t* pixels, uint32_t pixels_bytes, uint32_t channels,
                                    const uint8_t* mask, uint32_t mask_bytes, tame_error* err);
/* Frees the photo of a view, which may then be set with any size. */
TAME_API tame_status tame_views_clear(tame_views* views, uint32_t index, tame_error* err);
/*
 * Sets depths that a view of width x height pixels should have, for tame_step.depth_weight. points: n times x, y
 * (pixels, from 0 to below width and height), depth (world units, > 0) and weight (>= 0), in points_length floats. Of
 * the points in one pixel only the nearest counts. Replaces those set before; n may be 0. They stay when the view is
 * set or cleared, and it can only be set with their size.
 */
TAME_API tame_status tame_views_set_depths(tame_views* views, uint32_t index, uint32_t width, uint32_t height,
                                           const float* points, uint32_t points_length, uint32_t n, tame_error* err);
TAME_API tame_status tame_views_close(tame_views* views, tame_error* err);

/* ---- Rendering ---------------------------------------------------------------------------------------------- */

#define TAME_FORMAT_F32 0   /* float, 3 channels, background included, not clamped */
#define TAME_FORMAT_RGB8 1  /* trunc(clamp(255 v + 0.5, 0, 255)) */
#define TAME_FORMAT_RGBA8 2 /* the same over the given background, with alpha as fourth channel */

/*
 * One camera, no gradients. image: width * height * (12, 3 or 4) bytes; alpha and depth: width * height floats or
 * NULL. depth = sum(w z) / max(sum(w), 1e-6). Allowed while a trainer uses the Gaussians. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_render(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes, float red,
                                 float green, float blue, uint32_t format, void* image, uint32_t image_bytes,
                                 float* alpha, uint32_t alpha_length, float* depth, uint32_t depth_length,
                                 tame_error* err);

/*
 * Counts the (tile, splat) pairs of a view of the Gaussians, which determine the scratch that a pass needs. Renders
 * nothing. instances: 1 number. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_count_instances(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes,
                                          uint64_t* instances, uint32_t instances_length, tame_error* err);

/*
 * The differentiable rasteriser on the caller's arrays (all five raw; sh: [n][k][rgb]). Returns a handle that holds
 * what the backward pass needs. alpha and depth may be NULL.
 */
TAME_API tame_rasterization* tame_rasterize_forward(
    tame_device* device, uint32_t count, uint32_t sh_degree, const float* means, uint32_t means_length,
    const float* log_scales, uint32_t log_scales_length, const float* quats, uint32_t quats_length,
    const float* opacities, uint32_t opacities_length, const float* sh, uint32_t sh_length, const tame_camera* camera,
    uint32_t camera_bytes, float red, float green, float blue, float* image, uint32_t image_length, float* alpha,
    uint32_t alpha_length, float* depth, uint32_t depth_length, tame_error* err);
/*
 * d_image: 3 W H floats; d_alpha: W H floats or NULL. The outputs have the shapes of the inputs, d_means2d is
 * 2 * count (pixels); each is overwritten. May be called more than once.
 */
TAME_API tame_status tame_rasterize_backward(tame_rasterization* rasterization, const float* d_image,
                                             uint32_t d_image_length, const float* d_alpha, uint32_t d_alpha_length,
                                             float* d_means, uint32_t d_means_length, float* d_log_scales,
                                             uint32_t d_log_scales_length, float* d_quats, uint32_t d_quats_length,
                                             float* d_opacities, uint32_t d_opacities_length, float* d_sh,
                                             uint32_t d_sh_length, float* d_means2d, uint32_t d_means2d_length,
                                             tame_error* err);
/* radii: count integers, 3 sigma of the longer axis in pixels, rounded up; 0 where the Gaussian is not visible. */
TAME_API tame_status tame_rasterization_radii(tame_rasterization* rasterization, int32_t* radii, uint32_t radii_length,
                                              tame_error* err);
TAME_API tame_status tame_rasterization_close(tame_rasterization* rasterization, tame_error* err);

/* ---- Lenses ------------------------------------------------------------------------------------------------- */

/*
 * Lens models. (x, y) on the plane at depth 1 is imaged at (fx u + cx, fy v + cy); r^2 = x^2 + y^2.
 * BROWN: k1 k2 p1 p2 k3 k4 k5 k6; R = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6),
 *   u = x R + 2 p1 x y + p2 (r^2 + 2 x^2), v = y R + 2 p2 x y + p1 (r^2 + 2 y^2).
 * FISHEYE: k1 k2 p1 p2 k3 k4 s1 s2; x and y are first scaled by atan(r) / r, then as above with
 *   R = 1 + k1 r^2 + k2 r^4 + k3 r^6 + k4 r^8, and s1 r^2 added to u, s2 r^2 to v.
 * FOV: w; (u, v) = (x, y) atan(2 r tan(w / 2)) / (r w).
 * POLYNOMIAL: k1 k2 p1 p2 k3 k4 b; as BROWN with R = 1 + k1 r^2 + k2 r^4 + k3 r^6 + k4 r^8, and b v added to u.
 * DIVISION: k; (u, v) = (x, y) 2 / (1 + sqrt(1 - 4 k r^2)).
 * EUCM: a b; (u, v) = (x, y) / (a sqrt(b r^2 + 1) + 1 - a).
 */
#define TAME_LENS_BROWN 0
#define TAME_LENS_FISHEYE 1
#define TAME_LENS_FOV 2
#define TAME_LENS_POLYNOMIAL 3
#define TAME_LENS_DIVISION 4
#define TAME_LENS_EUCM 5
#define TAME_LENS_COEFFICIENTS 8

typedef struct tame_lens {
  uint32_t struct_size;
  uint32_t model;                              /* TAME_LENS_* */
  uint32_t width, height;                      /* pixels of the photo, 1..16384 */
  double fx, fy;                               /* pixels, > 0 */
  double cx, cy;                               /* pixels, within the photo */
  double coefficients[TAME_LENS_COEFFICIENTS]; /* those of the model first, the others 0 */
  double fov;                                  /* of the pinhole: degrees, 1..170, or 0; see tame_lens_pinhole */
} tame_lens;

typedef struct tame_pinhole {
  uint32_t struct_size;
  uint32_t width, height; /* pixels, 1..16384 */
  uint32_t reserved;
  double fx, fy;
  double cx, cy;
  double photo_fov_x, photo_fov_y; /* degrees that the whole photo sees; set by tame_lens_pinhole, never read */
} tame_pinhole;

/*
 * The pinhole camera for undistorting photos of this lens. It has the same focal lengths, so the centre keeps its
 * scale. Its image is the largest axis-aligned rectangle around the principal point, in whole pixels, that the
 * undistorted photo covers everywhere. If lens.fov is 0, no side is farther from the principal point than twice the
 * photo's; else no side is more than lens.fov / 2 off the axis, so that the picture has 2 tan(fov / 2) focal lengths on
 * each axis at most. Parts of a photo where the lens folds back or sees 90 degrees off its axis do not count.
 *
 * photo_fov_x: the angle off the axis at the left edge of the photo, on the row of the principal point, and that at the
 * right edge, added; photo_fov_y: likewise down its column. A fisheye may see more than 180 degrees.
 */
TAME_API tame_status tame_lens_pinhole(const tame_lens* lens, uint32_t lens_bytes, tame_pinhole* pinhole,
                                       uint32_t pinhole_bytes, tame_error* err);

/*
 * Resamples a photo of the lens's size to a pinhole by cubic convolution; edge pixels are repeated beyond the photo.
 * channels: 1, 3 or 4, interleaved; the fourth is straight alpha. photo and image must not overlap. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_image_undistort(tame_device* device, const tame_lens* lens, uint32_t lens_bytes,
                                          const tame_pinhole* pinhole, uint32_t pinhole_bytes, uint32_t channels,
                                          const uint8_t* photo, uint32_t photo_bytes, uint8_t* image,
                                          uint32_t image_bytes, tame_error* err);

/* ---- Metrics and losses on images --------------------------------------------------------------------------- */

#define TAME_PADDING_SAME 0  /* zero padding, every pixel counts (as in the reference) */
#define TAME_PADDING_VALID 1 /* only windows fully inside the image: width and height at least 11 */

/* Images of width * height * channels floats, interleaved; channels 1..4. Sums in float64. value: 1 double. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_psnr(tame_device* device, uint32_t width, uint32_t height, uint32_t channels, const float* a,
                               uint32_t a_length, const float* b, uint32_t b_length, double* value,
                               uint32_t value_length, tame_error* err);
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_ssim(tame_device* device, uint32_t width, uint32_t height, uint32_t channels,
                               uint32_t padding, const float* a, uint32_t a_length, const float* b, uint32_t b_length,
                               double* value, uint32_t value_length, tame_error* err);
/*
 * (1 - lambda) * mean |a - b| + lambda * (1 - SSIM(a, b)), 3 channels, padding same; gradient: with respect to a,
 * 3 W H floats, or NULL.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_image_loss(tame_device* device, uint32_t width, uint32_t height, float lambda_dssim,
                                     const float* a, uint32_t a_length, const float* b, uint32_t b_length,
                                     double* value, uint32_t value_length, float* gradient, uint32_t gradient_length,
                                     tame_error* err);

/* ---- Learned perceptual similarity (Zhang et al. 2018, LPIPS v0.1) ------------------------------------------ */

#define TAME_LPIPS_VGG 0  /* the 13 convolutions of VGG16; images of at least 16 x 16 pixels */
#define TAME_LPIPS_ALEX 1 /* the 5 convolutions of AlexNet; at least 31 x 31 */
#define TAME_LPIPS_VGG_WEIGHTS 14716160
#define TAME_LPIPS_ALEX_WEIGHTS 2470848

/*
 * weights: for each convolution in order its weights [out][in][row][column] and its biases [out]; then the five linear
 * layers [channel]. All finite. Copied.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_lpips* tame_lpips_create(tame_device* device, uint32_t net, const float* weights, uint32_t weights_length,
                                       tame_error* err);

#define TAME_LPIPS_SIGNED 0 /* values 0..1 are mapped to -1..1, on which the network was trained */
#define TAME_LPIPS_UNIT 1   /* values 0..1 are used as they are, as is usual in papers on Gaussian splatting */

/* Distance of two images, 3 W H floats each; 0 for equal ones. Sums in float64. value: 1 double. Waits. */
TAME_NONBLOCKING
TAME_API tame_status tame_lpips_distance(tame_lpips* lpips, uint32_t width, uint32_t height, uint32_t range,
                                         const float* a, uint32_t a_length, const float* b, uint32_t b_length,
                                         double* value, uint32_t value_length, tame_error* err);
TAME_API tame_status tame_lpips_close(tame_lpips* lpips, tame_error* err);

/* ---- Training ----------------------------------------------------------------------------------------------- */

/* Optional state, allocated when a trainer is created: tame_trainer_options.state. */
#define TAME_STATE_SH_SUMS 1u          /* running sum of the SH_REST gradient, for TAME_STEP_SH_ACCUMULATE */
#define TAME_STATE_FRAGMENTS 2u        /* statistics of fragments, for TAME_STEP_FRAGMENTS */
#define TAME_STATE_ROW_STEPS 4u        /* steps that each Gaussian has taken, for TAME_STEP_ROW_BIAS */
#define TAME_STATE_GRADIENTS 8u        /* gradients of a whole step: steps run unfused, with bit-identical results */
#define TAME_STATE_SMALLEST_SCALES 16u /* a lower bound of each Gaussian's scales, for tame_trainer_limit_scales */

/* Applied to the render before the loss, with parameters for each view. */
#define TAME_TRANSFORM_NONE 0
#define TAME_TRANSFORM_GAINS 1  /* colour c times exp(gain[c]); three log-gains per view, initially 0 */
#define TAME_TRANSFORM_AFFINE 2 /* [1 | 0] + D applied to (r, g, b, 1); the rows of D, 3 x 4 per view, initially 0 */

typedef struct tame_trainer_options {
  uint32_t struct_size;
  float lambda_dssim;
  float beta1, beta2, epsilon; /* Adam */
  uint32_t state;              /* TAME_STATE_* */
  /* 1: gradients ignore the clamp of alpha at 0.99; 0: a clamped alpha has no gradient, which is exact */
  uint32_t pass_clamped_gradient;
  /* world units: the density statistics scale the gradients of Gaussians closer to the camera by
     (depth / full_gradient_depth)^2; 0: no scaling */
  float full_gradient_depth;
  /* 1, 2, 4 .. 64: a step's gradient is the mean over this many views, summed as a balanced binary tree in the order
     of the views. More than 1 needs the memory of log2(views) + 1 times TAME_STATE_GRADIENTS. */
  uint32_t views_per_step;
  uint32_t transform; /* TAME_TRANSFORM_* */
} tame_trainer_options;

TAME_ALSO_NONBLOCKING
TAME_API tame_trainer* tame_trainer_create(tame_gaussians* gaussians, tame_views* views,
                                           const tame_trainer_options* options, uint32_t options_bytes,
                                           tame_error* err);

#define TAME_NO_VIEW 0xFFFFFFFFu
#define TAME_STEP_STATISTICS 1u    /* accumulate density statistics: gradient_sum, visible_steps, max_radius */
#define TAME_STEP_SH_ACCUMULATE 2u /* add this step's SH_REST gradient to the running sum */
/* With SH_ACCUMULATE: step SH_REST with the sum, if update_mask has its bit, and clear the sum in any case. */
#define TAME_STEP_SH_APPLY 4u
#define TAME_STEP_VISIBLE 8u     /* update only Gaussians visible in one of the step's views */
#define TAME_STEP_NO_BIAS 16u    /* Adam without bias correction */
#define TAME_STEP_ROW_BIAS 32u   /* bias correction by the number of steps that each Gaussian has taken */
#define TAME_STEP_FRAGMENTS 64u  /* accumulate the statistics of fragments; see tame_column_info */
#define TAME_STEP_TRANSFORM 128u /* update the transform's parameters for the step's views */
/* Noise and pressures act only on Gaussians visible in one of the step's views. */
#define TAME_STEP_VISIBLE_TERMS 256u
/* opacity_pressure is added to the logit's gradient; no effect on linear opacities. */
#define TAME_STEP_LOGIT_PRESSURE 512u

/* One optimisation step. A parameter whose update_mask bit (1 << TAME_PARAMETER_*) is 0 keeps its values, moments and
 * step count. */
typedef struct tame_step {
  uint32_t iteration; /* 1-based */
  uint32_t next_view; /* to prefetch after the step's own views, or TAME_NO_VIEW */
  uint32_t sh_degree; /* active degree, at most the Gaussians' */
  uint32_t update_mask;
  uint32_t flags;         /* TAME_STEP_* */
  float background[3];    /* rgb */
  float transform_rate;   /* learning rate of the transform's parameters */
  float opacity_pressure; /* added to the loss: opacity_pressure * sum of the used opacities */
  float scale_pressure;   /* added to the loss: scale_pressure * sum of the scales, world units */
  /* After Adam: mean += noise * sigmoid(-100 (opacity - 0.005)) * covariance * xi, xi standard normal, each coordinate
     clamped to one standard deviation of the Gaussian (Kheradmand et al. 2024, section 3.2). */
  float noise;
  /* Added to a view's loss: depth_weight * sum of n share |1 / z - 1 / depth|, over one drawn depth of each tile of 16
     x 16 pixels. n: the depths of the tile; share: the depth's weight divided by the sum of all of the view's, so that
     the mean over the draws is that of all depths; z = sum(w z) / sum(w) of the render at the depth's pixel. Pixels
     where sum(w) is below 0.5 add 0. In world units. */
  float depth_weight;
} tame_step;

/*
 * The control block: int32 words shared with the caller. Native code reads [STOP] before every step (non-zero ends the
 * run with TAME_CANCELLED after the last whole step). After every step it writes the others: the number of completed
 * steps of this run, the last one's iteration, and in [LOSSES + i] the bits of step i's loss (the mean over its views).
 */
#define TAME_CONTROL_STOP 0
#define TAME_CONTROL_DONE 1
#define TAME_CONTROL_ITERATION 2
#define TAME_CONTROL_LOSSES 4

/*
 * Runs n steps in order; plan: n records of `stride` bytes in plan_bytes bytes; views: the views_per_step views of each
 * step; rates: TAME_PARAMETERS learning rates of each step; control: at least TAME_CONTROL_LOSSES + n words. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_run(tame_trainer* trainer, const void* plan, uint32_t plan_bytes, uint32_t n,
                                      uint32_t stride, const uint32_t* views, uint32_t views_length, const float* rates,
                                      uint32_t rates_length, int32_t* control, uint32_t control_length,
                                      tame_error* err);
#define TAME_OPACITY_LOGIT 0  /* used opacity: sigmoid of the trained value */
#define TAME_OPACITY_LINEAR 1 /* used opacity: min(|x|, 1) of the trained value x, which steps clamp to -1..1 */
/*
 * Sets how opacities are trained from now on; a new trainer uses logits. The used values stay, the opacity moments are
 * zeroed, the step count is kept. Uploads and downloads are logits in both modes: of the used value, clamped to
 * 1e-6..1 - 1e-6.
 */
TAME_API tame_status tame_trainer_set_opacity_mode(tame_trainer* trainer, uint32_t mode, tame_error* err);
/*
 * With TAME_STATE_SMALLEST_SCALES: bounds each Gaussian's scales from below by the size of `pixels` pixels (> 0) in
 * the camera that samples it most finely (Yu et al. 2024, Mip-Splatting, section 4.1): pixels * z / max(fx, fy), the
 * least over the cameras in front of whose near plane the mean is, and whose image, enlarged by 15 % on each side,
 * contains it. Gaussians in none have no bound. Smaller scales are raised at once, and to the bound again whenever a
 * step updates them, until the next call. cameras: n records of `stride` bytes in cameras_bytes bytes. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_limit_scales(tame_trainer* trainer, const void* cameras, uint32_t cameras_bytes,
                                               uint32_t n, uint32_t stride, float pixels, tame_error* err);
/* Zeroes the statistics of all kinds. */
TAME_API tame_status tame_trainer_reset_statistics(tame_trainer* trainer, tame_error* err);
/*
 * Zeroes both moments of the parameters in the mask (bits 1 << TAME_PARAMETER_*), for the Gaussians where `rows`, an
 * expression (see below), is not 0; for all if rows_length is 0. Step counts stay.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_clear_moments(tame_trainer* trainer, uint32_t mask, const char* rows,
                                                uint32_t rows_length, tame_error* err);

/* ---- State of a trainer --------------------------------------------------------------------------------------- */

/*
 * Columns that together with tame_progress are a trainer's whole state, in a fixed order: each parameter as stored
 * (opacities in the current mode) under its name, then Adam's moments <name>_m and <name>_v; if the options ask for
 * them, sh_rest_sum, row_steps and smallest_scale (world units, 0 for no bound); the statistics
 *   gradient_sum   norms of the 2D mean's gradient in normalised device coordinates, summed over steps
 *   visible_steps  steps in which the Gaussian was visible
 *   max_radius     largest radius, pixels
 * and, with TAME_STATE_FRAGMENTS, sums over the fragments (the pixels at which a Gaussian was blended) of all views:
 *   fragment_count, weight_sum (blending weights), absolute_gradient_sum (as gradient_sum, of the sums of the absolute
 *   values over a view's fragments: Ye et al. 2024, AbsGS), opacity_gradient_sum and opacity_gradient_square_sum (of
 *   the loss's gradient with respect to a fragment's opacity, divided by the view's largest colour gradient);
 * score; and with a transform, one row per view: transform, transform_m, transform_v, transform_steps.
 */
typedef struct tame_column_info {
  uint32_t struct_size;
  uint32_t values;  /* of 4 bytes each, per row */
  uint32_t integer; /* 1: uint32_t, 0: float */
  uint32_t rows;    /* current number: Gaussians, or views for the transform's columns */
  char name[32];
} tame_column_info;

TAME_API tame_status tame_trainer_column_count(tame_trainer* trainer, uint32_t* count, uint32_t count_length,
                                               tame_error* err);
TAME_API tame_status tame_trainer_column_get_info(tame_trainer* trainer, uint32_t column, tame_column_info* info,
                                                  uint32_t info_bytes, tame_error* err);
/* Rows offset .. offset + rows - 1 of a column, the values of a row together, bit-exact as stored. */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_export(tame_trainer* trainer, uint32_t column, uint32_t offset, uint32_t rows,
                                         void* data, uint32_t data_bytes, tame_error* err);
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_import(tame_trainer* trainer, uint32_t column, uint32_t offset, uint32_t rows,
                                         const void* data, uint32_t data_bytes, tame_error* err);

/*
 * count: 1 number, the Gaussians that have a parameter or a value of the optimiser (moments, sh_rest_sum) that is not
 * finite. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_non_finite(tame_trainer* trainer, uint32_t* count, uint32_t count_length,
                                             tame_error* err);

#define TAME_MOST_PARAMETERS 16

typedef struct tame_progress {
  uint32_t struct_size;
  uint32_t count;                       /* Gaussians */
  uint32_t opacity_mode;                /* TAME_OPACITY_* */
  uint32_t live_sh_degree;              /* highest SH degree that a step has rendered with */
  uint32_t steps[TAME_MOST_PARAMETERS]; /* Adam steps of each parameter */
} tame_progress;

TAME_API tame_status tame_trainer_get_progress(tame_trainer* trainer, tame_progress* progress, uint32_t progress_bytes,
                                               tame_error* err);
/*
 * Call before an import: sets the count of Gaussians, at most their capacity, and the rest. Rows beyond the old count
 * are undefined until they are imported.
 */
TAME_API tame_status tame_trainer_set_progress(tame_trainer* trainer, const tame_progress* progress,
                                               uint32_t progress_bytes, tame_error* err);

/* ---- Choosing and changing Gaussians -------------------------------------------------------------------------- */

/* Weights of the score's terms (Mallick et al. 2024, Taming 3DGS). */
#define TAME_SCORE_TERMS 12
#define TAME_SCORE_VIEW 0     /* factor of a whole view, times its loss */
#define TAME_SCORE_EDGE 1     /* the photo's edges, in the pixel weights */
#define TAME_SCORE_ERROR 2    /* the absolute error, in the pixel weights */
#define TAME_SCORE_GRADIENT 3 /* mean density gradient */
#define TAME_SCORE_DISTANCE 4 /* pixels from the 2D mean, summed over contributions */
#define TAME_SCORE_OPACITY 5  /* used opacity */
#define TAME_SCORE_DEPTH 6    /* camera depth */
#define TAME_SCORE_LOSS 7     /* pixel weights, summed over contributions */
#define TAME_SCORE_RADIUS 8   /* 3 sigma radius in pixels */
#define TAME_SCORE_SCALE 9    /* product of the three scales */
#define TAME_SCORE_COUNT 10   /* number of contributions */
#define TAME_SCORE_BLEND 11   /* blending weights, summed over contributions */

/*
 * Scores every Gaussian by its importance in the given views, each rendered once over the background: replaces the
 * column `score`. weights: TAME_SCORE_TERMS, not negative. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_score(tame_trainer* trainer, const uint32_t* views, uint32_t views_length,
                                        const float* weights, uint32_t weights_length, uint32_t sh_degree, float red,
                                        float green, float blue, tame_error* err);

/*
 * An expression has one float value per Gaussian. Operands: numbers, columns of the state by name (`name.k` for value k
 * of columns with several values), `used_opacity`, and columns made by the calls below. Operators by increasing
 * precedence: `|`, `&`; `< <= > >= == !=`, which give 1 or 0; `+ -`; `* /`; unary `- !`; parentheses. Functions: min,
 * max, exp, log, sqrt, abs, floor, sigmoid, logit, choose(condition, a, b). All arithmetic is 32-bit, in the order
 * written. Texts are UTF-8 of the given length, at most 4096 bytes; an error names the byte where parsing failed.
 *
 * A column that is neither state nor `used_opacity` is scratch of the trainer, one float per Gaussian: created by the
 * first call that names it as its result, kept until tame_trainer_drop_columns. Edits of rows move its values with
 * their rows, unless it was created with TAME_COLUMN_STAYS.
 */
#define TAME_COLUMN_FOLLOWS 0 /* an edit moves values with their rows; new rows get those of their source */
#define TAME_COLUMN_STAYS 1   /* an edit leaves values in place, truncated or padded with 0 */

/*
 * column = expression, for the Gaussians where `rows` is not 0, or for all if rows_length is 0. The others keep their
 * values, so with `rows` a scratch column must exist already. State columns of floats can be written, and
 * `used_opacity`, which is clamped to 1e-6..1 - 1e-6 and stored in the current mode.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_compute(tame_trainer* trainer, const char* column, uint32_t column_length,
                                          const char* expression, uint32_t expression_length, const char* rows,
                                          uint32_t rows_length, uint32_t places, tame_error* err);
/* The values of an expression, one per Gaussian. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_trainer_evaluate(tame_trainer* trainer, const char* expression, uint32_t expression_length,
                                           float* values, uint32_t values_length, tame_error* err);
/* The sum of the values, float64: of rows i, i + 8, i + 16 .. for i = 0 .. 7, and then of these eight sums in order. */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_sum(tame_trainer* trainer, const char* expression, uint32_t expression_length,
                                      double* sum, uint32_t sum_length, tame_error* err);
/* Drops the scratch columns. */
TAME_API tame_status tame_trainer_drop_columns(tame_trainer* trainer, tame_error* err);

/*
 * column = 1 for the `count` Gaussians with the smallest values of the expression `by` among those where `among` is not
 * 0 (all if among_length is 0), 0 elsewhere. NaN counts as 0; ties go to the lower row.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_select(tame_trainer* trainer, const char* column, uint32_t column_length,
                                         const char* by, uint32_t by_length, const char* among, uint32_t among_length,
                                         uint32_t count, tame_error* err);
/* column = the rank of each Gaussian in that order, from 0; for those not in `among`, their number. Exact to 2^24. */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_rank(tame_trainer* trainer, const char* column, uint32_t column_length,
                                       const char* by, uint32_t by_length, const char* among, uint32_t among_length,
                                       tame_error* err);

typedef struct tame_draw {
  uint32_t struct_size;
  uint32_t count; /* Gaussians to draw */
  /* 0: each at most once, with probability proportional to its weight among those that are left (exponential races,
     Efraimidis and Spirakis 2006); those of weight 0 after all others. 1: with replacement, by weights in whole units
     of 2^-20 of the largest; nothing is drawn if all are 0 */
  uint32_t replacement;
  uint32_t stream, iteration, round; /* of the random numbers; stream: TAME_STREAM_* */
} tame_draw;

/* column = how often each Gaussian of `among` is drawn. weights: an expression; negative values and NaN count as 0,
 * with replacement infinite ones as well. */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_draw(tame_trainer* trainer, const char* column, uint32_t column_length,
                                       const char* weights, uint32_t weights_length, const char* among,
                                       uint32_t among_length, const tame_draw* draw, uint32_t draw_bytes,
                                       tame_error* err);

/* What an edit does with a row. */
#define TAME_ROW_KEEP 0
#define TAME_ROW_REMOVE 1
#define TAME_ROW_COPY 2      /* it stays, and copies of it are appended */
#define TAME_ROW_SPLIT 3     /* two children replace it */
#define TAME_ROW_ADD_CHILD 4 /* it stays unchanged, and a child is appended */
/* It becomes a copy of a GIVE_COPIES row. Those rows, in their order, each give as many copies as `copies` says. */
#define TAME_ROW_RELOCATE 5
#define TAME_ROW_GIVE_COPIES 6 /* it stays, and RELOCATE rows become copies of it */

#define TAME_PLACE_SAME 0
#define TAME_PLACE_RANDOM 1    /* means of children are drawn from the Gaussian */
#define TAME_PLACE_LONG_AXIS 2 /* mean +- offset * scale along the longest axis (the first of equal ones) */

/* Opacities of the n rows of one source. */
#define TAME_SHARE_NONE 0    /* as the source's */
#define TAME_SHARE_OPACITY 1 /* 1 - (1 - o)^(1/n): together as opaque as the source (Bulo et al. 2024, equation 9) */
#define TAME_SHARE_VOLUME 2  /* that, with scales that preserve opacity along a ray (Kheradmand et al. 2024) */
#define TAME_SHARE_FACTOR 3  /* o * opacity_factor */

typedef struct tame_row_kind {
  uint32_t struct_size;
  uint32_t operation;     /* TAME_ROW_* */
  uint32_t place;         /* TAME_PLACE_*, of children */
  uint32_t share;         /* TAME_SHARE_*: of a split's children, of a row and its copies, of an added child only */
  float opacity_factor;   /* with TAME_SHARE_FACTOR */
  float offset;           /* with TAME_PLACE_LONG_AXIS, in scales */
  float log_scale;        /* added to the children's longest log-scale; with TAME_PLACE_RANDOM to all three */
  float log_scale_others; /* to the other two, with TAME_PLACE_LONG_AXIS */
  uint32_t clear_moments; /* 1: also of the row that stays; new rows and children always start without */
} tame_row_kind;

#define TAME_MOST_ROW_KINDS 16

typedef struct tame_edit {
  uint32_t struct_size;
  uint32_t iteration, round; /* of the random numbers for children's means */
  /* 0: a first child takes its parent's row. 1: children come after all other rows, first ones before second ones */
  uint32_t children_last;
} tame_edit;

/*
 * Replaces the rows. kinds: an expression for a row's kind, an index into table: n records of `stride` bytes, at most
 * TAME_MOST_ROW_KINDS. copies: an expression for the number of copies of COPY and GIVE_COPIES (1 if copies_length is
 * 0). Rows that stay keep their order; appended rows follow in the order of their sources. New rows get the statistics
 * and score of their source. More rows than the capacity give TAME_INVALID_ARGUMENT and change nothing. count: 1
 * number, the new number of rows.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_edit_rows(tame_trainer* trainer, const char* kinds, uint32_t kinds_length,
                                            const char* copies, uint32_t copies_length, const void* table,
                                            uint32_t table_bytes, uint32_t n, uint32_t stride, const tame_edit* edit,
                                            uint32_t edit_bytes, uint32_t* count, uint32_t count_length,
                                            tame_error* err);

TAME_API tame_status tame_trainer_close(tame_trainer* trainer, tame_error* err);

#ifdef __cplusplus
}
#endif

#endif /* TAME_H */
