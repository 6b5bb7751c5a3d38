// See runtime.h.
#include <string>

#include "runtime.h"

namespace tame::gpu {

void check(cudaError_t error, const char* doing) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // forgets it, unless it is sticky
  const std::string text = std::string("Cannot ") + doing + ": " + cudaGetErrorString(error);
  switch (error) {
    case cudaErrorMemoryAllocation: {
      size_t free = 0, total = 0;
      cudaMemGetInfo(&free, &total);
      throw Failure(TAME_OUT_OF_MEMORY, text, 0, free);
    }
    case cudaErrorNoDevice:
      throw Failure(TAME_NO_DEVICE, "No CUDA device: the driver sees no NVIDIA GPU");
    case cudaErrorInsufficientDriver: {
      int driver = 0;
      cudaDriverGetVersion(&driver);
      if (driver == 0) throw Failure(TAME_NO_DEVICE, "No NVIDIA driver on this machine: install one to use CUDA");
      throw Failure(TAME_DRIVER_TOO_OLD, "The NVIDIA driver supports CUDA " + std::to_string(driver / 1000) + "." +
                                             std::to_string(driver % 1000 / 10) + ", but this build needs CUDA " +
                                             std::to_string(CUDART_VERSION / 1000) + "." +
                                             std::to_string(CUDART_VERSION % 1000 / 10) + ": update the driver");
    }
    default:
      // Every call returns a sticky error again: the process's context on this GPU is unusable.
      if (cudaFree(nullptr) == cudaSuccess) throw Failure(TAME_INTERNAL, text);
      throw Poisoned(TAME_INTERNAL, text + "; this process cannot use the GPU any more: restart it");
  }
}

}  // namespace tame::gpu
