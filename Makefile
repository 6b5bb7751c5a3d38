# tame: builds the native libraries and brings Deno where it is missing. `make help` lists the targets.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

DENO_VERSION := 2.9.6
DENO ?= $(shell command -v deno 2>/dev/null || echo $(CURDIR)/.deno/bin/deno)
NVCC ?= $(shell command -v nvcc 2>/dev/null || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
CXX ?= g++
export DENO_NO_UPDATE_CHECK := 1

VERSION := $(shell sed -n 's/.*"version": "\(.*\)".*/\1/p' deno.json)
WARNINGS := -Wall -Wextra -Wno-psabi
# -ffp-contract=off: fused multiply-adds stand where the code says so, so that forward and backward passes agree to the
# bit. -fno-math-errno, -fno-trapping-math: neither is observed here, and both block vectorisation.
CXXFLAGS := -std=c++17 -O3 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffp-contract=off \
  -fno-math-errno -fno-trapping-math -pthread $(WARNINGS) -DTAME_VERSION='"$(VERSION)"'
HEADERS := $(wildcard cuda/*.h cuda/abi/*.h cuda/core/*.h cuda/cpu/*.h cuda/cpu/*.inl)
ABI_SOURCES := $(wildcard cuda/abi/*.cpp)
CPU_SOURCES := $(filter-out cuda/cpu/kernels.cpp,$(wildcard cuda/cpu/*.cpp))
OBJECTS := $(patsubst cuda/%.cpp,build/obj/%.o,$(ABI_SOURCES) $(CPU_SOURCES))
X86 := $(filter x86_64,$(shell uname -m))
LEVELS := baseline $(if $(X86),avx2)
OBJECTS += $(patsubst %,build/obj/cpu/kernels_%.o,$(LEVELS))

.PHONY: help build cpu cuda deno demo test check clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

build: cpu $(if $(NVCC),cuda) ## both libraries, CUDA where nvcc is
	@$(if $(NVCC),:,echo "skipped: build/libtame_cuda.so (no nvcc on PATH: install the CUDA toolkit 13 to train on an NVIDIA GPU)")

cpu: build/libtame_cpu.so ## the CPU library

build/libtame_cpu.so: $(OBJECTS) cuda/exports.map
	$(CXX) -shared -pthread -o $@.tmp $(OBJECTS) -Wl,--version-script=cuda/exports.map -Wl,-z,defs
	mv $@.tmp $@

build/obj/cpu/kernels_baseline.o: cuda/cpu/kernels.cpp $(HEADERS)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -DTAME_SIMD_LEVEL=baseline -c $< -o $@

build/obj/cpu/kernels_avx2.o: cuda/cpu/kernels.cpp $(HEADERS)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -mavx2 -mfma -DTAME_SIMD_LEVEL=avx2 -c $< -o $@

build/obj/%.o: cuda/%.cpp $(HEADERS)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -DTAME_CPU_LEVELS='"$(LEVELS)"' -c $< -o $@

deno: $(DENO) ## brings Deno from npm where it is missing
$(CURDIR)/.deno/bin/deno:
	npm install --silent --no-fund --no-audit --global --prefix $(CURDIR)/.deno deno@$(DENO_VERSION)

demo: deno cpu ## a synthetic capture: write, train, render, score
	$(DENO) task demo

test: deno build ## every test this machine can run
	$(DENO) task test

check: deno ## format, lint, types, documentation
	$(DENO) task check

clean: ## removes build/
	rm -rf build
