// What the memory of a run follows from, on either backend; each adds its own scratch in estimate.cpp or estimate.cu.
#pragma once

#include <cstdint>

#include "../tame.h"

namespace tame {

constexpr double kReserve = 1.25;  // scratch buffers take a quarter more than asked

// Quantities that scratch grows with; doubles, in which products of any query fit.
struct RunSize {
  double capacity, pixels, tiles, instances;
};
RunSize size_of_run(const tame_memory_query& query);

// Parameters, moments and statistics; row: floats of a parameter's plane.
void estimate_state(const tame_memory_query& query, uint64_t row, tame_memory_estimate& out);

// Rounded up, and cut where no sum of a few would fit 64 bits.
uint64_t whole_bytes(double bytes);

}  // namespace tame
