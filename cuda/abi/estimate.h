// Memory of a run that both backends have in common; each adds its own scratch in estimate.cpp or estimate.cu.
#pragma once

#include <cstdint>

#include "../tame.h"

namespace tame {

constexpr double kReserve = 1.25;  // scratch buffers allocate a quarter more than requested

// Quantities that determine scratch; doubles, so that products cannot overflow.
struct RunSize {
  double capacity, pixels, tiles, instances;
};
RunSize size_of_run(const tame_memory_query& query);

// Parameters, moments and statistics; row: floats of a parameter's plane.
void estimate_state(const tame_memory_query& query, uint64_t row, tame_memory_estimate& out);

// Rounded up, and clamped so that the sum of a few fits in 64 bits.
uint64_t whole_bytes(double bytes);

}  // namespace tame
