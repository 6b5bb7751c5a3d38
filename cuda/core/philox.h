// Counter-based random numbers: Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw, SC 2011); base/random.ts
// generates the same numbers. A draw is a pure function of seed, stream (TAME_STREAM_*), iteration and index.
#pragma once

#include <cstdint>

#include "../tame.h"
#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr uint32_t kDrawChildren = TAME_STREAM_CHILDREN;

struct Philox {
  uint32_t words[4];
};

TAME_FN Philox philox(uint64_t seed, uint32_t stream, uint32_t iteration, uint32_t index, uint32_t part = 0) {
  uint32_t c[4] = {index, iteration, stream, part}, k[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t low = uint64_t(0xd2511f53u) * c[0], high = uint64_t(0xcd9e8d57u) * c[2];
    const uint32_t next[4] = {uint32_t(high >> 32) ^ c[1] ^ k[0], uint32_t(high), uint32_t(low >> 32) ^ c[3] ^ k[1],
                              uint32_t(low)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k[0] += 0x9e3779b9u;
    k[1] += 0xbb67ae85u;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

// Uniform in (0, 1), ends excluded.
TAME_FN float uniform(uint32_t word) {
  return (float(word >> 9) + 0.5f) * (1.f / 8388608.f);
}

// Two independent standard normals (Box and Muller 1958).
TAME_FN void normals(uint32_t first, uint32_t second, float out[2]) {
  const float radius = sqrt(-2.f * log(uniform(first))), angle = 6.28318530717958648f * uniform(second);
  out[0] = radius * ::cosf(angle);
  out[1] = radius * ::sinf(angle);
}

// Mean of a child of a split: mean + R (scale * xi), xi standard normal (Kerbl et al. 2023).
TAME_FN void child_mean(const float scale[3], const float unit_rotation[9], const Philox& draw, float mean[3]) {
  float xi[4];
  normals(draw.words[0], draw.words[1], xi);
  normals(draw.words[2], draw.words[3], xi + 2);
  for (int k = 0; k < 3; ++k)
    for (int j = 0; j < 3; ++j) mean[k] += unit_rotation[3 * k + j] * scale[j] * xi[j];
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
