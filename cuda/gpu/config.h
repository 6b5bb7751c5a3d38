// The constants of the CUDA backend, each with its reason.
#pragma once

#include <cstdint>

#include "../core/tiles.h"

namespace tame::gpu {

constexpr int kTile = core::kTile;
constexpr int kTilePixels = kTile * kTile;  // one thread a pixel in the forward blend
constexpr int kWarp = 32;
constexpr unsigned kFullWarp = 0xffffffffu;

// A warp blends 8 x 4 pixels: squarer than 16 x 2, so fewer splats touch it.
constexpr int kSubTileWidth = 8, kSubTileHeight = 4;

constexpr int kTileWarps = kTilePixels / kWarp;

// Blocks a multiprocessor of the forward blend, at least: leaves each thread the registers that no target spills.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890)
constexpr int kBlendBlocks = 4;  // 64
#else
constexpr int kBlendBlocks = 5;   // 48
#endif

// Splats between checkpoints, and of a block that replays the blend: a checkpoint is 4 KiB, 16 bytes an instance.
constexpr int kSegment = kTilePixels;
// Blocks a multiprocessor of the replays, at least: leaves each thread the registers that no target spills. Where
// shared memory holds three blocks, more would only cost registers.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ != 800 && __CUDA_ARCH__ != 900
constexpr int kReplayBlocks = 3;  // 80
#else
constexpr int kReplayBlocks = 4;  // 64
#endif

constexpr int kGaussianThreads = 128;  // per-Gaussian kernels, of many registers a thread
// Blocks a multiprocessor of the per-Gaussian kernels, at least: leaves each thread the registers that no target
// spills.
constexpr int kProjectBlocks = 3;        // 168: the loads of the colour's 48 coefficients fly together
constexpr int kOptimizeBlocks = 4;       // 128: a band of the harmonics has its 42 loads under way
constexpr int kSmallRectangle = 16;      // tiles that one lane tests alone; larger rectangles take the whole warp
constexpr uint32_t kScanThreads = 1024;  // a block scans all tiles, another all blocks of Gaussians
// A tile's sort: entries of 8 bytes that a block sorts in shared memory, 16 a thread at most.
constexpr uint32_t kSortThreads = 128, kSortChunk = 2048;
constexpr uint32_t kLargeBlocks = 1024;           // for large splats: as many as a large GPU holds at a time
constexpr int kFewInstances = 32;                 // that one lane sums alone; more take the whole warp
constexpr int kLossWidth = 32, kLossHeight = 16;  // pixels of a block of the loss

// Steps enqueued ahead of the one the host has seen finish: one running, one waiting, one being enqueued.
constexpr uint32_t kStepsAhead = 2;

// First guess of instances a Gaussian; a view that needs more repeats its step with more room.
constexpr uint32_t kFirstInstances = 4;
constexpr uint32_t kLeastRoom = 65536;
constexpr uint32_t first_room(uint32_t gaussians) {
  const uint32_t held = gaussians < UINT32_MAX / kFirstInstances ? gaussians : UINT32_MAX / kFirstInstances;
  return held * kFirstInstances > kLeastRoom ? held * kFirstInstances : kLeastRoom;
}

// Rows that are up- or downloaded at a time: 16 MB of staging at the widest.
constexpr uint32_t kChunkRows = 1u << 16;

// Photos on the device at a time where they stay in host memory: the one in use and the next.
constexpr uint32_t kStages = 2;

// Row alignment of parameter planes, in floats: 128-byte lines.
constexpr uint32_t kPlaneAlignment = 32;

}  // namespace tame::gpu
