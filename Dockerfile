# tame in a container, with the CPU backend (`--target cpu`) or also the CUDA backend (the default):
#
#   docker build -t tame .
#   docker run --rm --gpus all -v "$PWD:/data" tame train -s capture -m out
#
# Paths are those of the folder that is mounted at /data. Processes of other users than root: docs/guide/containers.md.

ARG DENO_VERSION=2.9.6

FROM denoland/deno:bin-${DENO_VERSION} AS deno

FROM debian:bookworm-slim AS build-cpu
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /tame
COPY Makefile deno.json ./
COPY cuda cuda
RUN make NVCC= portable

# Its glibc is older than that of the stage that uses the library.
FROM nvidia/cuda:13.0.1-devel-ubuntu22.04 AS build-cuda
WORKDIR /tame
COPY Makefile deno.json ./
COPY cuda cuda
ARG CUDA_ARCHS="80 86 89 90 120"
ARG CUDA_PTX="80 120"
RUN make CUDA_ARCHS="$CUDA_ARCHS" CUDA_PTX="$CUDA_PTX" build/portable/libtame_cuda.so

FROM debian:bookworm-slim AS cpu
COPY --from=deno /deno /usr/local/bin/deno
ENV DENO_NO_UPDATE_CHECK=1 DENO_DIR=/var/cache/deno
WORKDIR /tame
COPY . .
# Deno writes to its cache when an export first needs its library, whoever runs it.
RUN deno install --config cli.jsonc --frozen --quiet --entrypoint cli.ts \
  && chmod --recursive a+rwX /var/cache/deno
COPY --from=build-cpu /tame/build/portable/libtame_cpu.so build/
WORKDIR /data
# The permissions of all verbs. The first process gets signals: SIGTERM saves what is trained.
ENTRYPOINT ["deno", "run", "--config", "/tame/cli.jsonc", "--quiet", "--no-prompt", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", \
  "--allow-net", "--allow-run", "--allow-ffi=/tame/build,/tame/node_modules", "/tame/cli.ts"]
CMD ["--help"]

# The driver's library is mounted by the NVIDIA container toolkit; the CUDA runtime is in tame's.
FROM cpu AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-cuda /tame/build/portable/libtame_cuda.so /tame/build/
