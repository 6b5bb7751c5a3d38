// A sequence of kernels as one launch: the device goes from one to the next without a stream in between, which is a
// twentieth of a small step's time.
#pragma once

#include "runtime.h"

namespace tame::gpu {

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();

  // Enqueues what work() enqueues on the stream. It must neither allocate nor wait, and is cheapest where it differs
  // from the time before in arguments and sizes alone.
  template <class Work>
  void run(const Stream& stream, const Work& work) {
    begin(stream);
    try {
      work();
    } catch (...) {
      abandon(stream);
      throw;
    }
    launch(stream);
  }

 private:
  static void begin(const Stream& stream);
  static void abandon(const Stream& stream);
  void launch(const Stream& stream);

  cudaGraphExec_t ready_ = nullptr;  // as of the last run
};

}  // namespace tame::gpu
