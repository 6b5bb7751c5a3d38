// Replaces the rows of Gaussians and of the planes that follow them (moments, statistics), plane by plane.
#include "../core/rows.h"
#include "gaussians.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

struct DeviceEdit {
  const uint32_t* sources;
  const uint8_t* roles;
  const uint32_t* shares;  // or null: kUsualShares
  uint32_t count;
  uint32_t iteration, round;
  uint64_t seed;
  RowRoles table;
};

// keeps: bit k says whether rows of role k keep their moments.
__global__ void gather_kernel(const uint32_t* sources, const uint8_t* roles, uint32_t count, uint64_t keeps,
                              const uint32_t* plane, uint32_t* out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] = (keeps >> roles[i] & 1) != 0 ? plane[sources[i]] : 0u;
}

__global__ void change_rows_kernel(const __grid_constant__ DeviceEdit edit, Planes p, Layout layout) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= edit.count) return;
  core::change_row(p, layout, i, edit.table.roles[edit.roles[i]],
                   edit.shares != nullptr ? edit.shares[i] : kUsualShares, edit.seed, edit.iteration, edit.round,
                   edit.sources[i]);
}

uint64_t roles_that_keep_moments(const RowRoles& table) {
  static_assert(kUnchanged < 64, "a bit for each role");
  uint64_t bits = 0;
  for (uint32_t k = 0; k <= kUnchanged; ++k) bits |= uint64_t(table.roles[k].keeps_moments) << k;
  return bits;
}

template <class T>
void send(const DeviceBuffer<T>& to, const T* from, cudaStream_t stream) {
  if (to.size() != 0)
    check(cudaMemcpyAsync(to.data(), from, to.bytes(), cudaMemcpyHostToDevice, stream), "upload rows");
}

}  // namespace

void GpuGaussians::edit(const RowEdit& edit, const std::vector<MovedPlane>& others) {
  device_->use([&] {
    Ledger& ledger = device_->ledger();
    const cudaStream_t stream = device_->stream();
    const uint32_t count = edit.size(), blocks = blocks_for(count, kThreads);
    const DeviceBuffer<uint32_t> sources(ledger, TAME_PURPOSE_OTHER, count);
    const DeviceBuffer<uint8_t> roles(ledger, TAME_PURPOSE_OTHER, count);
    const DeviceBuffer<uint32_t> shares(ledger, TAME_PURPOSE_OTHER, edit.shares.size());
    const DeviceBuffer<uint32_t> scratch(ledger, TAME_PURPOSE_OTHER, count);
    send(sources, edit.sources.data(), stream);
    send(roles, edit.roles.data(), stream);
    send(shares, edit.shares.data(), stream);
    device_->stream().wait();

    const uint64_t keeps = roles_that_keep_moments(edit.table);
    std::vector<MovedPlane> moved = others;
    for (int k = 0; k < layout_.planes(); ++k) moved.push_back({planes().plane(k), false});
    for (const MovedPlane& plane : moved) {
      gather_kernel<<<blocks, kThreads, 0, stream>>>(sources.data(), roles.data(), count,
                                                     plane.only_kept ? keeps : ~uint64_t(0),
                                                     static_cast<const uint32_t*>(plane.at), scratch.data());
      check_launch("launch gather_kernel");
      check(cudaMemcpyAsync(plane.at, scratch.data(), scratch.bytes(), cudaMemcpyDeviceToDevice, stream), "move rows");
    }
    const DeviceEdit rows = {sources.data(), roles.data(), shares.data(), count,
                             edit.iteration, edit.round,   device_->seed, edit.table};
    change_rows_kernel<<<blocks, kThreads, 0, stream>>>(rows, planes(), layout_);
    check_launch("launch change_rows_kernel");
    device_->stream().wait();
    count_ = count;
  });
}

}  // namespace tame::gpu
