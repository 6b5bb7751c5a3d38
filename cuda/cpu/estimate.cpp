// Memory of a run in the CPU backend's buffers.
#include "../abi/estimate.h"

#include "../abi/backend.h"
#include "kernels.h"
#include "score.h"

namespace tame {

namespace {

// Bytes of a step's scratch, measured on trained captures. They include the reserve and everything that grows with
// tiles, threads and the padding of image rows.
constexpr double kSplatBytes = 98, kInstanceBytes = 70.5, kPixelBytes = 96;

// Lower bounds from the buffers. Splat, radius, rectangle, clamped channels, first tiles, tile count, offset, two sets
// of sort keys and order:
static_assert(kSplatBytes >= kReserve * (sizeof(cpu::Splat) + sizeof(float) + sizeof(TileRectangle) +
                                         2 * sizeof(uint8_t) + 6 * sizeof(uint32_t)));
// tile, order, slot, vectors, gradient:
static_assert(kInstanceBytes >= kReserve * (4 * sizeof(uint32_t) + sizeof(cpu::InstanceGradient)));
// image, transmittance, the loss's filtered maps and gradient:
static_assert(kPixelBytes >= kReserve * (3 + 1 + 9 + 3) * sizeof(float));

// The transformed image.
constexpr double kTransformPixelBytes = kReserve * 3 * sizeof(float);

}  // namespace

void backend::estimate_memory(const tame_memory_query& query, tame_memory_estimate& out) {
  const RunSize size = size_of_run(query);
  estimate_state(query, query.capacity, out);
  out.bytes[TAME_PURPOSE_SPLATS] = whole_bytes(kSplatBytes * size.capacity);
  out.bytes[TAME_PURPOSE_INSTANCES] = whole_bytes(kInstanceBytes * size.instances);
  out.bytes[TAME_PURPOSE_IMAGES] = whole_bytes(kPixelBytes * size.pixels);
  if (query.transform != TAME_TRANSFORM_NONE)
    out.bytes[TAME_PURPOSE_IMAGES] += whole_bytes(kTransformPixelBytes * size.pixels);
  if ((query.state & TAME_STATE_FRAGMENTS) != 0)
    out.bytes[TAME_PURPOSE_INSTANCES] += whole_bytes(kReserve * sizeof(FragmentSums) * size.instances);
  if ((query.flags & TAME_MEMORY_DEPTHS) != 0)
    out.bytes[TAME_PURPOSE_INSTANCES] += whole_bytes(kReserve * sizeof(float) * size.instances);
  if ((query.flags & TAME_MEMORY_SCORES) == 0) return;
  out.bytes[TAME_PURPOSE_INSTANCES] += whole_bytes(kReserve * sizeof(cpu::InstanceScore) * size.instances);
  out.bytes[TAME_PURPOSE_IMAGES] += whole_bytes(cpu::kScoreMaps * sizeof(float) * size.pixels);
  // The scores and the mean gradients, which the trainer allocates, and score()'s own rows.
  out.bytes[TAME_PURPOSE_OTHER] = whole_bytes((2 + cpu::kScoreRows) * sizeof(float) * size.capacity);
}

}  // namespace tame
