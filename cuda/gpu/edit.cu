// See edit.h.
#include "../core/activations.h"
#include "../core/philox.h"
#include "edit.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

__global__ void gather_kernel(const uint32_t* plane, const uint32_t* sources, const uint8_t* kinds, uint32_t count,
                              bool only_kept, uint32_t* out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] = only_kept && !keeps_moments(kinds[i]) ? 0u : plane[sources[i]];
}

__global__ void new_rows_kernel(Planes p, Layout layout, const uint32_t* sources, const uint8_t* kinds, uint32_t count,
                                uint64_t seed, uint32_t iteration, uint32_t round) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  if (kinds[i] == kThinRow || kinds[i] == kThinCloneRow) {
    float& opacity = p.plane(layout.opacity())[i];
    opacity = core::shared_opacity(layout.linear_opacity, opacity);
  }
  if (kinds[i] != kSplitRow && kinds[i] != kSplitRow2) return;
  float mean[3], scale[3], quat[4], unit[4], r[9];
  for (int k = 0; k < 3; ++k) mean[k] = p.plane(Layout::means() + k)[i];
  for (int k = 0; k < 3; ++k) scale[k] = core::exp(p.plane(layout.log_scales() + k)[i]);
  for (int k = 0; k < 4; ++k) quat[k] = p.plane(layout.quats() + k)[i];
  core::normalize(quat, unit);
  core::rotation(unit, r);
  const uint32_t part = 2 * round + (kinds[i] == kSplitRow2 ? 1u : 0u);
  core::child_mean(scale, r, core::philox(seed, core::kDrawChildren, iteration, sources[i], part), mean);
  for (int k = 0; k < 3; ++k) p.plane(Layout::means() + k)[i] = mean[k];
  for (int k = 0; k < 3; ++k) p.plane(layout.log_scales() + k)[i] -= core::kChildShrink;
}

}  // namespace

RowEditor::RowEditor(GpuDevice& device, const RowEdit& edit)
    : device_(device),
      count_(edit.size()),
      sources_(device.ledger(), TAME_PURPOSE_OTHER, count_),
      kinds_(device.ledger(), TAME_PURPOSE_OTHER, count_),
      scratch_(device.ledger(), TAME_PURPOSE_OTHER, count_) {
  const cudaStream_t stream = device.stream();
  check(cudaMemcpyAsync(sources_.data(), edit.sources.data(), sources_.bytes(), cudaMemcpyHostToDevice, stream),
        "upload rows");
  check(cudaMemcpyAsync(kinds_.data(), edit.kinds.data(), kinds_.bytes(), cudaMemcpyHostToDevice, stream),
        "upload rows");
  device.stream().wait();
}

void RowEditor::gather(bool only_kept, float* plane) {
  const cudaStream_t stream = device_.stream();
  gather_kernel<<<blocks_for(count_, kThreads), kThreads, 0, stream>>>(
      reinterpret_cast<const uint32_t*>(plane), sources_.data(), kinds_.data(), count_, only_kept,
      reinterpret_cast<uint32_t*>(scratch_.data()));
  check_launch("launch gather_kernel");
  check(cudaMemcpyAsync(plane, scratch_.data(), scratch_.bytes(), cudaMemcpyDeviceToDevice, stream), "move rows");
}

void RowEditor::gather(uint32_t* plane) {
  gather(false, reinterpret_cast<float*>(plane));
}

void RowEditor::place_new_rows(Planes planes, const Layout& layout, uint32_t iteration, uint32_t round) {
  new_rows_kernel<<<blocks_for(count_, kThreads), kThreads, 0, device_.stream()>>>(
      planes, layout, sources_.data(), kinds_.data(), count_, device_.seed, iteration, round);
  check_launch("launch new_rows_kernel");
}

}  // namespace tame::gpu
