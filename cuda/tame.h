/*
 * tame.h: the C ABI of tame, 3D Gaussian Splatting training.
 *
 * The only public native header. libtame_cpu.so and libtame_cuda.so export exactly these functions.
 *
 * Conventions
 *  - A call that creates returns the handle, NULL on failure; every other call returns a tame_status.
 *  - The last parameter of a fallible call is `tame_error *err` (may be NULL). There is no other error state.
 *  - Handles are entries of a generation-checked table, not addresses: a stale, foreign or closed one gives
 *    TAME_INVALID_ARGUMENT. One call at a time per device, over all its handles: a second one gives TAME_BUSY.
 *    Children keep their parents alive; closing is deferred until the running call is over.
 *  - Every array parameter is followed by the number of elements the caller's buffer holds, in units of the array's
 *    type unless named otherwise. A buffer that is too short is refused before anything is read or written.
 *  - Structs begin with struct_size (set it to sizeof) and grow at their end. None holds a pointer.
 *  - Frames as COLMAP: x right, y down, z forward; x_camera = R x_world + t; R row-major. Quaternions (w, x, y, z).
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
 * Marks of calls that may take long, for bindings that can run a call on another thread than their event loop's. They
 * expand to nothing.
 */
#define TAME_NONBLOCKING      /* always run there */
#define TAME_ALSO_NONBLOCKING /* blocking under its own name, and run there as <name>_async */

#ifdef __cplusplus
extern "C" {
#endif

/* Rises with each change of this header. */
#define TAME_ABI_VERSION 5u

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
  char message[488]; /* UTF-8, NUL-terminated, cut at a character */
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
  uint32_t driver_version;     /* as the driver states it (13000 = 13.0); 0 on the CPU backend */
  uint32_t threads;            /* CPU: hardware threads; GPU: multiprocessors */
  uint32_t reserved;
  uint64_t memory_total; /* bytes */
  uint64_t memory_free;  /* bytes */
  char name[128];
  char targets[128]; /* what runs on it: "avx2 (of baseline avx2)", "sm_90 (of sm_80 ... compute_120)" */
} tame_device_info;

TAME_NONBLOCKING
TAME_API tame_status tame_device_get_info(uint32_t index, tame_device_info* info, uint32_t info_bytes, tame_error* err);

typedef struct tame_device_options {
  uint32_t struct_size;
  uint32_t index;
  uint64_t memory_limit; /* bytes for everything the device handle and its children allocate; 0 = no limit */
  uint64_t seed;         /* of every random number drawn natively */
  uint32_t threads;      /* CPU backend: 0 = all hardware threads, at most 256 */
  uint32_t reserved;
} tame_device_options;

TAME_NONBLOCKING
TAME_API tame_device* tame_device_open(const tame_device_options* options, uint32_t options_bytes, tame_error* err);

#define TAME_PURPOSES 8
#define TAME_PURPOSE_PARAMETERS 0 /* Gaussians */
#define TAME_PURPOSE_OPTIMIZER 1  /* Adam moments, accumulated gradients */
#define TAME_PURPOSE_STATISTICS 2 /* density statistics, scores */
#define TAME_PURPOSE_PHOTOS 3     /* training views */
#define TAME_PURPOSE_SPLATS 4     /* per-Gaussian scratch of the rasteriser */
#define TAME_PURPOSE_INSTANCES 5  /* per (tile, splat) scratch */
#define TAME_PURPOSE_IMAGES 6     /* per-pixel scratch */
#define TAME_PURPOSE_OTHER 7      /* k-NN and the rest */

typedef struct tame_memory {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t limit; /* bytes, 0 = none */
  uint64_t live;
  uint64_t peak;
  uint64_t live_by_purpose[TAME_PURPOSES];
  uint64_t peak_by_purpose[TAME_PURPOSES];
} tame_memory;

/* Counted at any time, also while another call runs. reset_peak != 0 sets the peaks to the live values afterwards. */
TAME_API tame_status tame_device_memory(tame_device* device, uint32_t reset_peak, tame_memory* memory,
                                        uint32_t memory_bytes, tame_error* err);

/* What a run does beside plain steps, as its memory is asked for. */
#define TAME_MEMORY_SH_ACCUMULATION 1u /* sh_accumulation in the trainer's options */
#define TAME_MEMORY_SCORES 2u          /* Gaussians are scored */
#define TAME_MEMORY_METRICS 4u         /* renders are compared with photos */

typedef struct tame_memory_query {
  uint32_t struct_size;
  uint32_t flags;         /* TAME_MEMORY_* */
  uint32_t capacity;      /* Gaussians */
  uint32_t sh_degree;     /* 0..3 */
  uint32_t width, height; /* pixels of the largest view */
  uint64_t instances;     /* the most (tile, splat) pairs known of a view; 0: none were counted */
} tame_memory_query;

typedef struct tame_memory_estimate {
  uint32_t struct_size;
  uint32_t exact;         /* bit i: bytes[i] is what is taken, but for padding; else an estimate */
  uint32_t staged_photos; /* photos that the device holds at a time where residency is not DEVICE; 0: all */
  uint32_t reserved;
  uint64_t bytes[TAME_PURPOSES]; /* photos 0: their sizes are the caller's to know */
} tame_memory_estimate;

/* What training will take on a device of this library, at the most Gaussians and the largest view. Needs no device. */
TAME_API tame_status tame_estimate_memory(const tame_memory_query* query, uint32_t query_bytes,
                                          tame_memory_estimate* estimate, uint32_t estimate_bytes, tame_error* err);

/* Where the time of a step goes. Scoring passes are under SCORE but for their forward and loss. */
#define TAME_PHASES 7
#define TAME_PHASE_PROJECT 0        /* Gaussians to splats, tiles counted */
#define TAME_PHASE_BIN 1            /* instances to their tiles, each tile sorted by depth */
#define TAME_PHASE_BLEND 2          /* the picture */
#define TAME_PHASE_LOSS 3           /* with its gradient */
#define TAME_PHASE_BLEND_BACKWARD 4 /* to one gradient an instance */
#define TAME_PHASE_OPTIMIZE 5       /* from there to the parameters, Adam and statistics included */
#define TAME_PHASE_SCORE 6          /* what each Gaussian contributes */

#define TAME_PROFILE_READ 0  /* go on as before */
#define TAME_PROFILE_START 1 /* gather from zero */
#define TAME_PROFILE_STOP 2  /* gather no more */

typedef struct tame_profile {
  uint32_t struct_size;
  uint32_t passes; /* forward passes; the counts below are sums over them */
  uint64_t nanoseconds[TAME_PHASES];
  uint64_t pixels;
  uint64_t gaussians;
  uint64_t visible;   /* Gaussians with a radius in the view */
  uint64_t instances; /* (tile, splat) pairs */
  uint64_t evaluated; /* (pixel, splat) pairs that the blend computed, in the groups that the backend computes */
  uint64_t blended;   /* (pixel, splat) pairs that took part; a render alone may leave them out */
} tame_profile;

/*
 * Gives what was gathered since TAME_PROFILE_START, zeros if nothing was, and then does what `action` says. Gathering
 * is off at first and costs nothing then. While it is on a pass takes longer by the counting of pairs, which is in no
 * phase's time. Waits.
 */
TAME_API tame_status tame_device_profile(tame_device* device, uint32_t action, tame_profile* profile,
                                         uint32_t profile_bytes, tame_error* err);

TAME_API tame_status tame_device_synchronize(tame_device* device, tame_error* err);
TAME_API tame_status tame_device_close(tame_device* device, tame_error* err);

/* ---- Random numbers ------------------------------------------------------------------------------------------ */

/*
 * Streams of random numbers (Philox4x32-10, Salmon et al. 2011). A draw is a function of seed, stream, iteration and
 * index: two uses whose stream and iteration are the same draw the same numbers. The caller's streams stand here with
 * the library's, so that none of them meet.
 */
#define TAME_STREAM_VIEWS 1        /* caller: order of the views within an epoch; iteration: the epoch, from 0 */
#define TAME_STREAM_BACKGROUND 2   /* caller: background of a step; iteration: the step's, or 0 */
#define TAME_STREAM_SCORED_VIEWS 3 /* caller: views that a densification event scores; iterations from 1 */
/* 16 has two uses. First points are drawn before training begins, as iteration 0, and no event has that. */
#define TAME_STREAM_FIRST_POINTS 16 /* caller: first points of a capture without any; iteration 0 alone */
#define TAME_STREAM_CLONES 16       /* rows that an event clones; iterations from 1, here and below */
#define TAME_STREAM_SPLITS 17       /* rows that it splits */
#define TAME_STREAM_PRUNED 18       /* rows that it removes */
#define TAME_STREAM_CHILDREN 19     /* where the children of a split stand */

/* ---- Nearest neighbours ------------------------------------------------------------------------------------- */

/*
 * mean_dist2[i] = mean squared distance of points[i] to its `neighbours` (1..16) nearest other points; exact, and
 * duplicates count with distance 0. With fewer other points the mean is over those there are (0 for a lone point).
 * points: 3 * count floats, finite. batch: queries worked on at a time, 0 = all at once. byte_limit: bytes the call
 * may allocate, 0 = the device's own limit; TAME_OUT_OF_MEMORY when the chosen batch needs more.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_knn_mean_dist2(tame_device* device, const float* points, uint32_t points_length,
                                         uint32_t neighbours, uint32_t batch, uint64_t byte_limit, float* mean_dist2,
                                         uint32_t mean_dist2_length, tame_error* err);

/* ---- Gaussians ---------------------------------------------------------------------------------------------- */

#define TAME_FIELD_MEANS 0      /* 3 per Gaussian, world units */
#define TAME_FIELD_SH_DC 1      /* 3: [rgb], the degree-0 coefficient */
#define TAME_FIELD_SH_REST 2    /* 3 (K-1): [k][rgb], K = (degree + 1)^2 */
#define TAME_FIELD_OPACITIES 3  /* 1, logit */
#define TAME_FIELD_LOG_SCALES 4 /* 3 */
#define TAME_FIELD_QUATS 5      /* 4: (w, x, y, z) */
#define TAME_FIELD_SH 6         /* 3 K: [k][rgb], both SH fields in one */
/* One PLY vertex: x y z, 3 normals (0), f_dc_0..2, f_rest (channel-major), opacity, scale_0..2, rot_0..3. */
#define TAME_FIELD_PLY_ROWS 7 /* 14 + 3 K */

/* count starts at 0; memory for `capacity` rows is taken here. sh_degree 0..3. */
TAME_ALSO_NONBLOCKING
TAME_API tame_gaussians* tame_gaussians_create(tame_device* device, uint32_t capacity, uint32_t sh_degree,
                                               tame_error* err);
TAME_API tame_status tame_gaussians_count(tame_gaussians* gaussians, uint32_t* count, uint32_t count_length,
                                          tame_error* err);
/* New rows are zero with the identity quaternion. Refused (TAME_BUSY) while a trainer lives on these Gaussians. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_gaussians_resize(tame_gaussians* gaussians, uint32_t count, tame_error* err);
/* Rows offset .. offset + rows - 1 of one field. Upload is refused (TAME_BUSY) while a trainer lives. */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_gaussians_upload(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                           const float* data, uint32_t data_length, tame_error* err);
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_gaussians_download(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                             float* data, uint32_t data_length, tame_error* err);
TAME_API tame_status tame_gaussians_close(tame_gaussians* gaussians, tame_error* err);

/* ---- Cameras and training views ----------------------------------------------------------------------------- */

typedef struct tame_camera {
  uint32_t struct_size;
  uint32_t width;  /* pixels, 1..16384 */
  uint32_t height; /* pixels, 1..16384 */
  float fx, fy;    /* pixels, > 0 */
  float cx, cy;    /* pixels; the image's centre is (width / 2, height / 2) */
  float near_plane;
  float rotation[9]; /* world to camera, row-major, orthonormal */
  float translation[3];
} tame_camera;

#define TAME_RESIDENCY_DEVICE 0 /* pixels on the device */
#define TAME_RESIDENCY_PINNED 1 /* pixels in pinned host memory, the next view prefetched */
#define TAME_RESIDENCY_HOST 2   /* pixels in ordinary host memory */

TAME_API tame_views* tame_views_create(tame_device* device, uint32_t count, uint32_t residency, tame_error* err);
/*
 * pixels: width * height * channels bytes, channels 3 (RGB) or 4 (RGB and straight alpha). A step composites a photo
 * with alpha over its own background: rgb * alpha + background * (1 - alpha). mask: width * height bytes, 0 where the
 * pixel is left out of the loss and the scores, or NULL. The view may be set again with the same size.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_views_set(tame_views* views, uint32_t index, const tame_camera* camera, uint32_t camera_bytes,
                                    const uint8_t* pixels, uint32_t pixels_bytes, uint32_t channels,
                                    const uint8_t* mask, uint32_t mask_bytes, tame_error* err);
/* Frees the photo of a view, which may then be set with any size. */
TAME_API tame_status tame_views_clear(tame_views* views, uint32_t index, tame_error* err);
TAME_API tame_status tame_views_close(tame_views* views, tame_error* err);

/* ---- Rendering ---------------------------------------------------------------------------------------------- */

#define TAME_FORMAT_F32 0   /* float, 3 channels, background included, not clamped */
#define TAME_FORMAT_RGB8 1  /* trunc(clamp(255 v + 0.5, 0, 255)) */
#define TAME_FORMAT_RGBA8 2 /* the same over the background given, with alpha as fourth channel */

/*
 * One camera, no gradients. image: width * height * (12, 3 or 4) bytes; alpha and depth: width * height floats or
 * NULL. depth = sum(w z) / max(sum(w), 1e-6). Allowed while a trainer lives. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_render(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes, float red,
                                 float green, float blue, uint32_t format, void* image, uint32_t image_bytes,
                                 float* alpha, uint32_t alpha_length, float* depth, uint32_t depth_length,
                                 tame_error* err);

/*
 * The (tile, splat) pairs that a view of the Gaussians makes: what the scratch of a pass over it grows with. Makes no
 * picture. instances: 1 number. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_count_instances(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes,
                                          uint64_t* instances, uint32_t instances_length, tame_error* err);

/*
 * The differentiable rasteriser on caller arrays (all five raw, as TAME_FIELD_*; sh: [n][k][rgb]). Returns a handle
 * that holds what the backward pass needs. alpha and depth may be NULL.
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
/* radii: count integers, 0 where the Gaussian is not visible (3 sigma, rectangle of 16-pixel tiles not empty). */
TAME_API tame_status tame_rasterization_radii(tame_rasterization* rasterization, int32_t* radii, uint32_t radii_length,
                                              tame_error* err);
TAME_API tame_status tame_rasterization_close(tame_rasterization* rasterization, tame_error* err);

/* ---- Lenses ------------------------------------------------------------------------------------------------- */

/*
 * Lens models. With x, y on the plane at depth 1, r^2 = x^2 + y^2, and (x, y) landing at (fx u + cx, fy v + cy):
 * BROWN: k1 k2 p1 p2 k3 k4 k5 k6; R = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6),
 *   u = x R + 2 p1 x y + p2 (r^2 + 2 x^2), v = y R + 2 p2 x y + p1 (r^2 + 2 y^2).
 * FISHEYE: k1 k2 p1 p2 k3 k4 s1 s2; x and y are first scaled by atan(r) / r, then as above with
 *   R = 1 + k1 r^2 + k2 r^4 + k3 r^6 + k4 r^8, and s1 r^2 added to u, s2 r^2 to v.
 * FOV: w; (u, v) = (x, y) atan(2 r tan(w / 2)) / (r w).
 */
#define TAME_LENS_BROWN 0
#define TAME_LENS_FISHEYE 1
#define TAME_LENS_FOV 2
#define TAME_LENS_COEFFICIENTS 8

typedef struct tame_lens {
  uint32_t struct_size;
  uint32_t model;                              /* TAME_LENS_* */
  uint32_t width, height;                      /* pixels of the photo, 1..16384 */
  double fx, fy;                               /* pixels, > 0 */
  double cx, cy;                               /* pixels, within the photo */
  double coefficients[TAME_LENS_COEFFICIENTS]; /* those of the model first, the others 0 */
} tame_lens;

typedef struct tame_pinhole {
  uint32_t struct_size;
  uint32_t width, height; /* pixels, 1..16384 */
  uint32_t reserved;
  double fx, fy;
  double cx, cy;
} tame_pinhole;

/*
 * The pinhole that a photo behind this lens becomes: the same focal lengths, so that the middle keeps its scale, and
 * of the undistorted photo the largest upright rectangle around the principal point, in whole pixels, that the photo
 * covers everywhere; no side is farther from the principal point than twice the photo's. Parts of a photo where the
 * lens folds back or sees 90 degrees off its axis do not count.
 */
TAME_API tame_status tame_lens_pinhole(const tame_lens* lens, uint32_t lens_bytes, tame_pinhole* pinhole,
                                       uint32_t pinhole_bytes, tame_error* err);

/*
 * Resamples a photo of the lens's size to a pinhole, by cubic convolution; the edge is repeated where the photo ends.
 * channels: 1, 3 or 4, interleaved; of four the last is alpha, not multiplied into the others. photo and image must not
 * overlap. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_image_undistort(tame_device* device, const tame_lens* lens, uint32_t lens_bytes,
                                          const tame_pinhole* pinhole, uint32_t pinhole_bytes, uint32_t channels,
                                          const uint8_t* photo, uint32_t photo_bytes, uint8_t* image,
                                          uint32_t image_bytes, tame_error* err);

/* ---- Metrics and losses on images --------------------------------------------------------------------------- */

#define TAME_PADDING_SAME 0  /* zero padding, every pixel counts (the reference's) */
#define TAME_PADDING_VALID 1 /* only windows wholly inside: width and height at least 11 */

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
 * weights: of each convolution in order [out][in][row][column], then its biases [out]; after the last the five linear
 * layers [channel]. All finite. Copied.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_lpips* tame_lpips_create(tame_device* device, uint32_t net, const float* weights, uint32_t weights_length,
                                       tame_error* err);

#define TAME_LPIPS_SIGNED 0 /* values 0..1 become -1..1, which the network was trained on */
#define TAME_LPIPS_UNIT 1   /* values 0..1 go in as they are, the habit of Gaussian splatting papers */

/* Distance of two images, 3 W H floats each; 0 for equal ones. Sums in float64. value: 1 double. Waits. */
TAME_NONBLOCKING
TAME_API tame_status tame_lpips_distance(tame_lpips* lpips, uint32_t width, uint32_t height, uint32_t range,
                                         const float* a, uint32_t a_length, const float* b, uint32_t b_length,
                                         double* value, uint32_t value_length, tame_error* err);
TAME_API tame_status tame_lpips_close(tame_lpips* lpips, tame_error* err);

/* ---- Training ----------------------------------------------------------------------------------------------- */

/* Parameter groups, in the order of TAME_FIELD_*: one bit each in update_mask, one learning rate each. */
#define TAME_GROUPS 6
#define TAME_GROUP_MEANS 0
#define TAME_GROUP_SH_DC 1
#define TAME_GROUP_SH_REST 2
#define TAME_GROUP_OPACITIES 3
#define TAME_GROUP_LOG_SCALES 4
#define TAME_GROUP_QUATS 5

typedef struct tame_trainer_options {
  uint32_t struct_size;
  float lambda_dssim;
  float beta1, beta2, epsilon; /* Adam */
  uint32_t sh_accumulation;    /* 1: take memory for TAME_STEP_SH_ACCUMULATE */
  /* 1: gradients pass alpha's cap of 0.99 as if it were not there, 0: where it holds there is none, as is true */
  uint32_t pass_clamped_gradient;
  /* world units: in the density statistics gradients of Gaussians nearer to the camera count less, by the square of
     depth / full_gradient_depth; 0: all count alike */
  float full_gradient_depth;
} tame_trainer_options;

TAME_ALSO_NONBLOCKING
TAME_API tame_trainer* tame_trainer_create(tame_gaussians* gaussians, tame_views* views,
                                           const tame_trainer_options* options, uint32_t options_bytes,
                                           tame_error* err);

#define TAME_NO_VIEW 0xFFFFFFFFu
#define TAME_STEP_STATISTICS 1u    /* accumulate density statistics */
#define TAME_STEP_SH_ACCUMULATE 2u /* add this step's SH_REST gradient to the running sum */
/* With SH_ACCUMULATE: step SH_REST with the sum, if update_mask has its bit, and clear it in any case. */
#define TAME_STEP_SH_APPLY 4u
#define TAME_STEP_SPARSE 8u /* only visible Gaussians step, without bias correction */

/* One optimisation step. A group whose update_mask bit is 0 keeps its values, moments and step count. */
typedef struct tame_step {
  uint32_t iteration; /* 1-based */
  uint32_t view;      /* index into the views */
  uint32_t next_view; /* to prefetch, or TAME_NO_VIEW */
  uint32_t sh_degree; /* active degree, at most the Gaussians' */
  uint32_t update_mask;
  uint32_t flags; /* TAME_STEP_* */
  float learning_rates[TAME_GROUPS];
  float background[3]; /* rgb */
  float reserved;
} tame_step;

/*
 * The control block: int32 words shared with the caller. Native code reads [STOP] before every step (non-zero ends the
 * run with TAME_CANCELLED after the last whole step) and writes the others after each: DONE steps of this run,
 * ITERATION of the last, and the loss of step i as the bits of a float in [LOSSES + i].
 */
#define TAME_CONTROL_STOP 0
#define TAME_CONTROL_DONE 1
#define TAME_CONTROL_ITERATION 2
#define TAME_CONTROL_LOSSES 4

/*
 * Runs n steps in order; plan: n records of `stride` bytes in plan_bytes bytes; control: at least
 * TAME_CONTROL_LOSSES + n words. Meant to be called nonblocking. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_run(tame_trainer* trainer, const void* plan, uint32_t plan_bytes, uint32_t n,
                                      uint32_t stride, int32_t* control, uint32_t control_length, tame_error* err);
/* logit := logit(min(sigmoid(logit), maximum)); the opacity moments are zeroed, the step count kept. */
TAME_API tame_status tame_trainer_reset_opacity(tame_trainer* trainer, float maximum, tame_error* err);
#define TAME_OPACITY_LOGIT 0  /* used: sigmoid of what is trained */
#define TAME_OPACITY_LINEAR 1 /* used: min(|x|, 1) of the x that is trained, which steps keep in -1..1 */
/*
 * What opacities are trained as from now on; logits when the trainer is made. Used values stay, the opacity moments are
 * zeroed, the step count kept. Uploads and downloads are logits either way: of the used value, held to 1e-6..1 - 1e-6.
 */
TAME_API tame_status tame_trainer_set_opacity_mode(tame_trainer* trainer, uint32_t mode, tame_error* err);
/*
 * Density statistics since the start, one per Gaussian: sums of the norm of the 2D mean's gradient in normalised device
 * coordinates, number of visible steps, largest radius in pixels. Each buffer count long, or NULL.
 */
TAME_API tame_status tame_trainer_statistics(tame_trainer* trainer, float* gradient_sums, uint32_t gradient_sums_length,
                                             uint32_t* visible_steps, uint32_t visible_steps_length, float* max_radii,
                                             uint32_t max_radii_length, tame_error* err);
/* Zeroes the density statistics. */
TAME_API tame_status tame_trainer_reset_statistics(tame_trainer* trainer, tame_error* err);

/* ---- Densification ------------------------------------------------------------------------------------------ */

/* Weights of the score's terms (Mallick et al. 2024, Taming 3DGS). */
#define TAME_SCORE_TERMS 12
#define TAME_SCORE_VIEW 0     /* of a whole view, times its loss */
#define TAME_SCORE_EDGE 1     /* of the photo's edges in the pixel weights */
#define TAME_SCORE_ERROR 2    /* of the absolute error in the pixel weights */
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
 * Scores every Gaussian by its importance in the views named, each rendered once over the background: replaces the
 * scores of an earlier call. weights: TAME_SCORE_TERMS, not negative. Meant to be called nonblocking. Waits.
 */
TAME_NONBLOCKING
TAME_API tame_status tame_trainer_score(tame_trainer* trainer, const uint32_t* views, uint32_t views_length,
                                        const float* weights, uint32_t weights_length, uint32_t sh_degree, float red,
                                        float green, float blue, tame_error* err);
/* The scores, one per Gaussian; 0 before the first call of tame_trainer_score. */
TAME_API tame_status tame_trainer_scores(tame_trainer* trainer, float* scores, uint32_t scores_length, tame_error* err);

typedef struct tame_prune_options {
  uint32_t struct_size;
  uint32_t iteration; /* of the random draw */
  uint32_t target;    /* rows to be left at most, at least 1 */
  float min_opacity;  /* weak: used opacity below this ... */
  float max_scale;    /* ... or longest axis above this, world units */
  float share;        /* 0..1: see tame_trainer_prune */
} tame_prune_options;

typedef struct tame_prune_result {
  uint32_t struct_size;
  uint32_t weak;
  uint32_t count; /* rows left */
} tame_prune_result;

/*
 * Removes rows: share * (number of weak rows) are drawn among all rows, without replacement, by 1 / (1e-6 + score), and
 * the weak ones of those go; then, above the target, the rows of the lowest scores. The order of the rest stays.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_trainer_prune(tame_trainer* trainer, const tame_prune_options* options,
                                        uint32_t options_bytes, tame_prune_result* result, uint32_t result_bytes,
                                        tame_error* err);

typedef struct tame_densify_options {
  uint32_t struct_size;
  uint32_t iteration;       /* of the random draws */
  uint32_t round;           /* 0, 1, 2 ...: of repeated calls in one iteration */
  uint32_t target;          /* rows wanted, at most the Gaussians' capacity */
  float gradient_threshold; /* candidates: mean density gradient at least this */
  float size_threshold;     /* longest axis up to this: cloned, above: split; world units */
  uint32_t fill;            /* 1: where the candidates do not suffice, take the next-highest gradients; of these, a
                               cloned row and its copy share the opacity, so that both cover what the one did */
} tame_densify_options;

typedef struct tame_densify_result {
  uint32_t struct_size;
  uint32_t candidates;
  uint32_t cloned; /* rows copied */
  uint32_t split;  /* rows replaced by two of 1 / 1.6 their size, at places drawn from them */
  uint32_t filled; /* of those two, rows that were no candidates */
  uint32_t count;  /* rows now */
} tame_densify_result;

/*
 * Grows towards the target, by at most the number of rows there are: call again with the next round where the count
 * falls short. Candidates are drawn without replacement by score. New rows have no moments; every row keeps the scores
 * and statistics of the one it comes from. A copy has its row's opacity o; where the row was no candidate both get
 * 1 - sqrt(1 - o), which together cover what the row did.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_trainer_densify(tame_trainer* trainer, const tame_densify_options* options,
                                          uint32_t options_bytes, tame_densify_result* result, uint32_t result_bytes,
                                          tame_error* err);

typedef struct tame_reference_options {
  uint32_t struct_size;
  uint32_t iteration;       /* of the random draws */
  uint32_t target;          /* rows wanted at most, at most the Gaussians' capacity */
  float gradient_threshold; /* these four as in tame_densify_options and tame_prune_options */
  float size_threshold;
  float min_opacity;
  float max_scale;
  float share;
} tame_reference_options;

typedef struct tame_reference_result {
  uint32_t struct_size;
  uint32_t candidates;
  uint32_t cloned;
  uint32_t split;
  uint32_t filled; /* of those two, rows that were no candidates */
  uint32_t weak;   /* after growth */
  uint32_t pruned;
  uint32_t count; /* rows now */
} tame_reference_result;

/*
 * A whole event as the authors' implementation of Mallick et al. 2024 carries it out, for comparison with it: growth
 * first, by at most the number of candidates, in shares rounded down; where too few of a set have a positive score, any
 * row stands in. Then share * (number of weak rows) are drawn among all rows, each by the score that stood at its place
 * before growth, the rows beyond last, and the weak ones of those go. Kept rows stand before clones, first and second
 * children.
 */
TAME_ALSO_NONBLOCKING
TAME_API tame_status tame_trainer_densify_reference(tame_trainer* trainer, const tame_reference_options* options,
                                                    uint32_t options_bytes, tame_reference_result* result,
                                                    uint32_t result_bytes, tame_error* err);

TAME_API tame_status tame_trainer_close(tame_trainer* trainer, tame_error* err);

#ifdef __cplusplus
}
#endif

#endif /* TAME_H */
