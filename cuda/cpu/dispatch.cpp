// Which SIMD level runs.
#include <cstdlib>
#include <cstring>

#include "../abi/failure.h"
#include "kernels.h"

namespace tame::cpu {

namespace baseline {
extern const Kernels kernels;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Kernels kernels;
}
#endif

const Kernels& choose_kernels() {
  const char* wanted = std::getenv("TAME_SIMD");
  const bool any = wanted == nullptr || *wanted == '\0';
  if (!any && std::strcmp(wanted, "baseline") == 0) return baseline::kernels;
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (any) return has_avx2 ? avx2::kernels : baseline::kernels;
  if (std::strcmp(wanted, "avx2") == 0) {
    if (has_avx2) return avx2::kernels;
    fail(TAME_INVALID_ARGUMENT, "TAME_SIMD=avx2, but this processor lacks AVX2 or FMA: unset it, or use baseline");
  }
  fail(TAME_INVALID_ARGUMENT, "TAME_SIMD=\"%.40s\" is not a SIMD level: use baseline or avx2", wanted);
#else
  if (any) return baseline::kernels;
  fail(TAME_INVALID_ARGUMENT, "TAME_SIMD=\"%.40s\" is not a SIMD level of this build: use baseline", wanted);
#endif
}

}  // namespace tame::cpu
