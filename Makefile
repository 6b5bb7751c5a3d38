# tame: builds the native libraries and installs Deno if it is missing. `make help` lists the targets.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

DENO_VERSION := 2.9.6
DENO ?= $(shell command -v deno 2>/dev/null || echo $(CURDIR)/.deno/bin/deno)
NVCC ?= $(shell command -v nvcc 2>/dev/null || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
CXX ?= g++
# Where what is compiled lies; `make arm64` has its own.
BUILD ?= build
export DENO_NO_UPDATE_CHECK := 1

VERSION := $(shell sed -n 's/.*"version": "\(.*\)".*/\1/p' deno.json)
WARNINGS := -Wall -Wextra -Wno-psabi
# -ffp-contract=off: multiply-adds are fused only where the code says so, so that forward and backward passes agree to
# the bit. -fno-math-errno, -fno-trapping-math: neither is observed here, and both block vectorisation.
CXXFLAGS := -std=c++17 -O3 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off \
  -fno-math-errno -fno-trapping-math -pthread $(WARNINGS) -DTAME_VERSION='"$(VERSION)"'
HEADERS := $(wildcard cuda/*.h cuda/abi/*.h cuda/core/*.h cuda/cpu/*.h cuda/cpu/*.inl cuda/gpu/*.h cuda/gpu/*.cuh)
ABI_SOURCES := $(wildcard cuda/abi/*.cpp)
CPU_SOURCES := $(filter-out cuda/cpu/kernels.cpp,$(wildcard cuda/cpu/*.cpp))
OBJECTS := $(patsubst cuda/%.cpp,$(BUILD)/obj/%.o,$(ABI_SOURCES) $(CPU_SOURCES))
X86 := $(filter x86_64%,$(shell $(CXX) -dumpmachine))
LEVELS := baseline $(if $(X86),avx2 avx512)
FLAGS_baseline :=
FLAGS_avx2 := -mavx2 -mfma
# g++ 12 finds uninitialised variables in its own AVX-512 header.
FLAGS_avx512 := $(FLAGS_avx2) -mavx512f -mavx512dq -mavx512bw -mavx512vl -Wno-uninitialized -Wno-maybe-uninitialized
OBJECTS += $(patsubst %,$(BUILD)/obj/cpu/kernels_%.o,$(LEVELS))

# As many jobs as there are processors, unless -j is given.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# A stage is one line, the first time that one of its files is compiled; V=1 prints the commands.
Q := $(if $(V),,@)
stage = $(if $(SAID_$1),,$(eval SAID_$1 := 1)$(info $2$(if $(V),, (V=1 prints the commands))))

SHELL := /bin/bash
.PHONY: FORCE help build cpu cuda arm64 kernels ceilings deno demo test check splats portable dist packages binary release serve clean
help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1	\2/p' Makefile

build: cpu $(if $(NVCC),cuda) ## both libraries; CUDA if nvcc is found
	@$(if $(NVCC),:,echo "skipped: build/libtame_cuda.so (no nvcc on PATH: install the CUDA toolkit 13 to train on an NVIDIA GPU)")

cpu: $(BUILD)/libtame_cpu.so ## the CPU library

RUNTIME :=
# The same with the C++ runtime inside, for machines that have an older one or none.
$(BUILD)/portable/%: RUNTIME := -static-libstdc++ -static-libgcc
portable: $(BUILD)/portable/libtame_cpu.so $(if $(NVCC),$(BUILD)/portable/libtame_cuda.so)

$(BUILD)/libtame_cpu.so $(BUILD)/portable/libtame_cpu.so: $(OBJECTS) cuda/exports.map
	@mkdir -p $(@D)
	$(Q)$(CXX) -shared -pthread $(RUNTIME) -o $@.tmp $(OBJECTS) -Wl,--version-script=cuda/exports.map -Wl,-z,defs -Wl,-z,nodelete
	$(Q)mv $@.tmp $@

# SASS for CUDA_ARCHS, PTX for CUDA_PTX: cards newer than any of them compile the PTX when the library is opened.
CUDA_ARCHS ?= 80 86 89 90 120
CUDA_PTX ?= 80 120
CUDA_TARGETS := $(patsubst %,sm_%,$(CUDA_ARCHS)) $(patsubst %,compute_%,$(CUDA_PTX))
GENCODE := $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$a,code=sm_$a) \
  $(foreach a,$(CUDA_PTX),-gencode arch=compute_$a,code=compute_$a)
# -fmad=false: as -ffp-contract=off above.
NVCCFLAGS := -std=c++17 -O3 --threads 2 -ccbin $(CXX) $(GENCODE) -Xcompiler -fPIC,-fvisibility=hidden,-pthread,-Wall,-Wextra \
  -Xptxas -v -fmad=false -DTAME_VERSION='"$(VERSION)"' -DTAME_CUDA_TARGETS='"$(CUDA_TARGETS)"'
GPU_OBJECTS := $(patsubst cuda/%.cu,$(BUILD)/obj/%.o,$(wildcard cuda/gpu/*.cu))
ABI_OBJECTS := $(patsubst cuda/%.cpp,$(BUILD)/obj/%.o,$(ABI_SOURCES))

cuda: $(BUILD)/libtame_cuda.so ## the CUDA library (CUDA_ARCHS, CUDA_PTX choose the targets)

kernels: cuda deno ## registers, spills and resident blocks of each CUDA kernel on each target; fails on a spill
	$(DENO) run --allow-read --allow-env scripts/kernel_report.ts

$(BUILD)/libtame_cuda.so $(BUILD)/portable/libtame_cuda.so: $(GPU_OBJECTS) $(ABI_OBJECTS) cuda/exports.map
	@mkdir -p $(@D)
	$(Q)$(NVCC) -shared -cudart static -ccbin $(CXX) $(addprefix -Xcompiler ,$(RUNTIME)) -o $@.tmp $(GPU_OBJECTS) $(ABI_OBJECTS) -Xlinker --version-script=cuda/exports.map -Xlinker -z,defs -Xlinker -z,nodelete
	$(Q)mv $@.tmp $@

# Without nvcc `make cuda` says so.
ifeq ($(NVCC),)
$(BUILD)/libtame_cuda.so $(GPU_OBJECTS): no-nvcc
no-nvcc:
	$(error no nvcc on PATH: install the CUDA toolkit 13, or name it with NVCC=)
endif

# A change of compiler, flags, targets or version rebuilds; ptxas's report of each kernel's registers and spills is kept
# beside the object.
$(BUILD)/obj/cxx.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(CXXFLAGS)' | cmp -s - $@ || echo '$(CXX) $(CXXFLAGS)' > $@
$(BUILD)/obj/nvcc.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(NVCC) $(NVCCFLAGS)' | cmp -s - $@ || echo '$(NVCC) $(NVCCFLAGS)' > $@
FORCE:

# CUB's scan makes g++ suspect a variable of its own; the rest is held to every warning.
$(BUILD)/obj/gpu/sort.o: NVCCFLAGS += -Xcompiler -Wno-maybe-uninitialized
$(BUILD)/obj/gpu/%.o: cuda/gpu/%.cu $(HEADERS) $(BUILD)/obj/nvcc.flags
	@mkdir -p $(@D)
	$(call stage,cuda,Compiling the CUDA library for $(CUDA_TARGETS): minutes)
	$(Q)$(NVCC) $(NVCCFLAGS) -c $< -o $@ 2> $(@:.o=.ptxas) || { grep -v "^ptxas info\|^ *[0-9]* bytes stack" $(@:.o=.ptxas) >&2; exit 1; }
	@grep -v "^ptxas info\|^ *[0-9]* bytes stack\|^$$" $(@:.o=.ptxas) >&2 || true

$(BUILD)/obj/cpu/kernels_%.o: cuda/cpu/kernels.cpp $(HEADERS) $(BUILD)/obj/cxx.flags
	@mkdir -p $(@D)
	$(call stage,cpp,Compiling C++: about a minute on two cores)
	$(Q)$(CXX) $(CXXFLAGS) $(FLAGS_$*) -DTAME_SIMD_LEVEL=$* -c $< -o $@

$(BUILD)/obj/%.o: cuda/%.cpp $(HEADERS) $(BUILD)/obj/cxx.flags
	@mkdir -p $(@D)
	$(call stage,cpp,Compiling C++: about a minute on two cores)
	$(Q)$(CXX) $(CXXFLAGS) -DTAME_CPU_LEVELS='"$(LEVELS)"' -c $< -o $@

# The core's own test program. lanes.cpp once per SIMD level, as kernels.cpp above.
CORE_TESTS := $(filter-out tests/core/lanes.cpp,$(wildcard tests/core/*.cpp))
CORE_TEST_OBJECTS := $(patsubst tests/core/%.cpp,$(BUILD)/obj/tests/%.o,$(CORE_TESTS)) \
  $(patsubst %,$(BUILD)/obj/tests/lanes_%.o,$(LEVELS))
CORE_TEST_FLAGS := $(CXXFLAGS) -O1 -Icuda
CORE_TEST_HEADERS := $(HEADERS) $(wildcard tests/core/*.h)

$(BUILD)/core_test: $(CORE_TEST_OBJECTS)
	$(Q)$(CXX) -pthread -o $@.tmp $^
	$(Q)mv $@.tmp $@

$(BUILD)/obj/tests/lanes_%.o: tests/core/lanes.cpp $(CORE_TEST_HEADERS)
	@mkdir -p $(@D)
	$(call stage,core,Compiling the tests of the native core)
	$(Q)$(CXX) $(CORE_TEST_FLAGS) $(FLAGS_$*) -DTAME_SIMD_LEVEL=$* -c $< -o $@

$(BUILD)/obj/tests/%.o: tests/core/%.cpp $(CORE_TEST_HEADERS)
	@mkdir -p $(@D)
	$(call stage,core,Compiling the tests of the native core)
	$(Q)$(CXX) $(CORE_TEST_FLAGS) -c $< -o $@

# 64-bit ARM has one level of instructions, the baseline. Debian's package crossbuild-essential-arm64 has the compiler.
ARM64 := build/arm64
EMULATOR ?= qemu-aarch64 -L /usr/aarch64-linux-gnu
arm64: ## build/arm64: the CPU library for 64-bit ARM, with g++ for it; runs the core's tests in qemu-user
	$(Q)$(MAKE) BUILD=$(ARM64) CXX=aarch64-linux-gnu-g++ NVCC= portable $(ARM64)/core_test
	$(EMULATOR) $(ARM64)/core_test

ceilings: build/libceilings.so ## the library that measures peak rates of the processor, for deno task bench
build/libceilings.so: scripts/bench/ceilings.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O3 -march=native -ffp-contract=fast -shared -fPIC -pthread $(WARNINGS) -o $@ $<

deno: $(DENO) ## installs Deno from npm if it is missing
$(CURDIR)/.deno/bin/deno:
	@echo "Installing Deno $(DENO_VERSION) from npm into .deno/"
	$(Q)npm install --silent --no-fund --no-audit --global --prefix $(CURDIR)/.deno deno@$(DENO_VERSION)

demo: deno cpu ## a synthetic capture: write, train, render, score
	@test -d node_modules || echo "Installing packages from npm"
# The task installs what cli.jsonc lists; deno task itself would install what deno.json and its lock list.
	$(Q)$(DENO) task --quiet --node-modules-dir=manual demo

test: deno build $(BUILD)/core_test ## every test this machine can run
	$(DENO) task test

check: deno ## format, lint, types, documentation
	$(DENO) task check
	$(DENO) run --allow-read --allow-run scripts/native_format.ts

splats: deno ## downloads the libraries that convert and draw splats, 63 MB, for their tests
	$(Q)$(DENO) run --quiet -A scripts/splat_library.ts

dist: deno portable ## dist/tame-VERSION/: the package with its libraries, to be imported by URL
	$(Q)$(DENO) run --quiet -A scripts/dist.ts

packages: dist ## dist/npm/: the same as npm packages, one for each native library
	$(Q)$(DENO) run --quiet -A scripts/packages.ts

binary: deno portable ## dist/tame-VERSION-PLATFORM: the command line as one program; Deno downloads its runtime
	$(Q)$(DENO) run --quiet -A scripts/binary.ts

# Needs the rights of root and debootstrap.
RELEASE := build/release
release: deno ## dist/ for a release: all of the above, with libraries compiled in an old Debian, and the notes
	$(Q)scripts/release/libraries build/debian11 $(RELEASE)
	$(Q)$(DENO) run --quiet -A scripts/dist.ts --libraries $(RELEASE) --glibc 2.31
	$(Q)$(DENO) run --quiet -A scripts/packages.ts
	$(Q)$(DENO) run --quiet --allow-read scripts/release_notes.ts > dist/RELEASE_NOTES.md
	$(Q)$(DENO) run --quiet -A scripts/binary.ts $(RELEASE)

serve: dist ## that folder at http://127.0.0.1:8000/, to be imported by URL
	$(Q)$(DENO) run --quiet --allow-read --allow-env --allow-net scripts/serve.ts

clean: ## removes build/ and dist/
	rm -rf build dist
