// Replaces the rows of Gaussians and of the planes that follow them (moments, statistics), plane by plane.
#include "../core/rows.h"
#include "gaussians.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

struct DeviceEdit {
  const uint32_t* sources;
  const uint8_t* roles;
  const uint32_t* shares;  // or null
  uint32_t count;
  const RowRoles* table;
};

__global__ void gather_kernel(DeviceEdit edit, const uint32_t* plane, bool only_kept, uint32_t* out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= edit.count) return;
  out[i] = only_kept && !edit.table->roles[edit.roles[i]].keeps_moments ? 0u : plane[edit.sources[i]];
}

__global__ void change_rows_kernel(DeviceEdit edit, Planes p, Layout layout, uint64_t seed, uint32_t iteration,
                                   uint32_t round) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= edit.count) return;
  core::change_row(p, layout, i, edit.table->roles[edit.roles[i]], edit.shares != nullptr ? edit.shares[i] : 1, seed,
                   iteration, round, edit.sources[i]);
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
    const DeviceBuffer<RowRoles> table(ledger, TAME_PURPOSE_OTHER, 1);
    const DeviceBuffer<uint32_t> scratch(ledger, TAME_PURPOSE_OTHER, count);
    send(sources, edit.sources.data(), stream);
    send(roles, edit.roles.data(), stream);
    send(shares, edit.shares.data(), stream);
    send(table, &edit.table, stream);
    device_->stream().wait();

    const DeviceEdit rows = {sources.data(), roles.data(), shares.data(), count, table.data()};
    std::vector<MovedPlane> moved = others;
    for (int k = 0; k < layout_.planes(); ++k) moved.push_back({planes().plane(k), false});
    for (const MovedPlane& plane : moved) {
      gather_kernel<<<blocks, kThreads, 0, stream>>>(rows, static_cast<const uint32_t*>(plane.at), plane.only_kept,
                                                     scratch.data());
      check_launch("launch gather_kernel");
      check(cudaMemcpyAsync(plane.at, scratch.data(), scratch.bytes(), cudaMemcpyDeviceToDevice, stream), "move rows");
    }
    change_rows_kernel<<<blocks, kThreads, 0, stream>>>(rows, planes(), layout_, device_->seed, edit.iteration,
                                                        edit.round);
    check_launch("launch change_rows_kernel");
    device_->stream().wait();
    count_ = count;
  });
}

}  // namespace tame::gpu
