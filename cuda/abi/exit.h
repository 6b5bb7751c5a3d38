// The end of the process while calls run on other threads. Once main has returned, or exit() was called, CUDA takes its
// context down; a call that goes on launching kernels then may crash the process that was about to end in order.
#pragma once

namespace tame {

// Has the end of the process wait, for some seconds at most, until the running calls are over, before anything that was
// set up earlier is taken down. Call it when a device has been opened; once is enough.
void wait_for_calls_at_exit();

// Whether the process is ending: calls that take long end at their next safe point.
bool exiting() noexcept;

// Around each call; false when the process is ending and no call begins any more.
bool begin_call() noexcept;
void end_call() noexcept;

}  // namespace tame
