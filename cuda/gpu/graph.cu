// See graph.h.
#include "graph.h"

namespace tame::gpu {

namespace {

struct Captured {
  cudaGraph_t graph = nullptr;
  ~Captured() {
    if (graph != nullptr) cudaGraphDestroy(graph);
  }
};

}  // namespace

Graph::~Graph() {
  if (ready_ != nullptr) cudaGraphExecDestroy(ready_);
}

void Graph::begin(const Stream& stream) {
  // Other threads may continue to use other devices.
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture a graph");
}

void Graph::abandon(const Stream& stream) {
  Captured captured;
  cudaStreamEndCapture(stream, &captured.graph);
  cudaGetLastError();  // report only the first error
}

void Graph::launch(const Stream& stream) {
  Captured captured;
  check(cudaStreamEndCapture(stream, &captured.graph), "capture a graph");
  cudaGraphExecUpdateResultInfo info;
  if (ready_ == nullptr || cudaGraphExecUpdate(ready_, captured.graph, &info) != cudaSuccess) {
    cudaGetLastError();  // the sequence has changed: instantiate again
    if (ready_ != nullptr) {
      stream.wait();  // it may still run
      cudaGraphExecDestroy(std::exchange(ready_, nullptr));
    }
    check(cudaGraphInstantiate(&ready_, captured.graph, 0), "instantiate a graph");
  }
  check(cudaGraphLaunch(ready_, stream), "launch a graph");
}

}  // namespace tame::gpu
