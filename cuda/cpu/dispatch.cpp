// Chooses the SIMD level.
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
namespace avx512 {
extern const Kernels kernels;
}
#endif

namespace {

// Whether the processor supports a level, i.e. the flags with which the Makefile compiles it.
bool runs(const Kernels& kernels) {
#if defined(__x86_64__)
  if (&kernels == &baseline::kernels) return true;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return false;
  return &kernels == &avx2::kernels || (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
#else
  return &kernels == &baseline::kernels;
#endif
}

}  // namespace

const Kernels& choose_kernels() {
#if defined(__x86_64__)
  const Kernels* const levels[] = {&avx512::kernels, &avx2::kernels, &baseline::kernels};
#else
  const Kernels* const levels[] = {&baseline::kernels};
#endif
  const char* wanted = std::getenv("TAME_SIMD");
  const bool any = wanted == nullptr || *wanted == '\0';
  for (const Kernels* kernels : levels) {
    if (!any && std::strcmp(wanted, kernels->level) != 0) continue;
    if (runs(*kernels)) return *kernels;
    if (!any) fail(TAME_INVALID_ARGUMENT, "TAME_SIMD=%s, but this processor lacks it: unset TAME_SIMD", wanted);
  }
  fail(TAME_INVALID_ARGUMENT, "TAME_SIMD=\"%.40s\" is not a SIMD level of this build: use one of %s", wanted,
       TAME_CPU_LEVELS);
}

}  // namespace tame::cpu
