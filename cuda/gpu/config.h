// The constants of the CUDA backend, each with its reason.
#pragma once

#include <cstdint>

#include "../core/tiles.h"

namespace tame::gpu {

constexpr int kTile = core::kTile;
constexpr int kTilePixels = kTile * kTile;  // one thread per pixel in the forward blend
constexpr int kWarp = 32;
constexpr unsigned kFullWarp = 0xffffffffu;

// A warp blends 8 x 4 pixels: closer to a square than 16 x 2, so fewer splats touch it.
constexpr int kSubTileWidth = 8, kSubTileHeight = 4;

constexpr int kTileWarps = kTilePixels / kWarp;

// Minimum blocks per multiprocessor of the forward blend: leaves each thread enough registers that no target spills.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890)
constexpr int kBlendBlocks = 4;  // 64 registers
#else
constexpr int kBlendBlocks = 5;   // 48
#endif

// Splats between checkpoints, and of a block that replays the blend: a checkpoint is 4 KiB, 16 bytes per instance.
constexpr int kSegment = kTilePixels;
// Minimum blocks per multiprocessor of the replays: leaves each thread enough registers that no target spills. If
// shared memory has space for three blocks, a higher minimum would only cost registers.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ != 900
constexpr int kReplayBlocks = 3;  // 80
#else
constexpr int kReplayBlocks = 4;  // 64
#endif
// Warps whose sums are loaded together when they are added: more take registers that the rest of a replay needs.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 1200
constexpr int kSumUnroll = 1;
#else
constexpr int kSumUnroll = 4;
#endif
// Splats of a round of a replay: more take shared memory that smaller GPUs lack, and make the warps of a block wait
// less often for one another.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 800 || __CUDA_ARCH__ == 900)
constexpr int kReplayRound = 64, kReplayBytes = 48 * 1024;
#else
constexpr int kReplayRound = 32, kReplayBytes = 32 * 1024;  // three blocks fit 100 KiB
#endif
// With sums over fragments, which need more registers and memory.
constexpr int kFragmentBlocks = 2, kFragmentBytes = 40 * 1024;

constexpr int kGaussianThreads = 128;  // per-Gaussian kernels, with many registers per thread
// Minimum blocks per multiprocessor of the per-Gaussian kernels: leaves each thread enough registers that no target
// spills.
constexpr int kProjectBlocks = 3;        // 168 registers: the loads of the colour's 48 coefficients overlap
constexpr int kGradientBlocks = 6;       // 80 registers
constexpr int kAdamBlocks = 8;           // 64: the loads of many threads overlap
constexpr int kAdamAllBlocks = 6;        // 80: with all options of a step
constexpr int kSmallRectangle = 16;      // tiles that one lane tests alone; larger rectangles use the whole warp
constexpr uint32_t kScanThreads = 1024;  // one block scans all tiles, another all blocks of Gaussians
// A tile's sort: entries of 8 bytes that a block sorts in shared memory, at most 16 per thread.
constexpr uint32_t kSortThreads = 128, kSortChunk = 2048;
constexpr uint32_t kLargeBlocks = 1024;  // for large splats: as many as are resident on a large GPU
constexpr int kFewInstances = 32;        // that one lane sums alone; more use the whole warp

// Pixels of a block of the loss, which has all three channels. Where that gives fewer blocks than kLossFewBlocks, it
// has fewer rows and one channel: then there are enough blocks for the multiprocessors of a large GPU.
constexpr int kLossThreads = 256, kLossWidth = 32, kLossHeight = 32, kLossLeastHeight = 16;
constexpr uint32_t kLossFewBlocks = 256;
// Minimum blocks per multiprocessor: leaves each thread enough registers that no target spills.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ != 900
constexpr int kLossPartialsBlocks = 3;  // 80
#else
constexpr int kLossPartialsBlocks = 4;                      // 64
#endif
constexpr int kLossGradientBlocks = 4;

// Steps enqueued beyond the last one that the host has seen finish: one running, one waiting, one being enqueued.
constexpr uint32_t kStepsAhead = 2;

// Initial capacity of instances per Gaussian; a view that needs more repeats its step with a larger one.
constexpr uint32_t kFirstInstances = 4;
constexpr uint32_t kLeastInstances = 65536;
constexpr uint32_t first_capacity(uint32_t gaussians) {
  const uint32_t clamped = gaussians < UINT32_MAX / kFirstInstances ? gaussians : UINT32_MAX / kFirstInstances;
  return clamped * kFirstInstances > kLeastInstances ? clamped * kFirstInstances : kLeastInstances;
}

// Rows that are uploaded or downloaded at a time: at most 16 MB of staging.
constexpr uint32_t kChunkRows = 1u << 16;

// Photos on the device at a time if they stay in host memory: the one in use and the next.
constexpr uint32_t kStages = 2;

// Row alignment of parameter planes, in floats: 128-byte lines.
constexpr uint32_t kPlaneAlignment = 32;

}  // namespace tame::gpu
