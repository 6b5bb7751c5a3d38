// Process exit while calls run on other threads. After main has returned or exit() was called, CUDA destroys its
// context; a call that continues to launch kernels may then crash the exiting process.
#pragma once

namespace tame {

// Makes the exit of the process wait, for some seconds at most, until the running calls have ended, before anything
// that was set up earlier is destroyed. Call it after a device has been opened; once is enough.
void wait_for_calls_at_exit();

// Whether the process is exiting: long calls end at their next safe point.
bool exiting() noexcept;

// Around each call; false if the process is exiting and no call may begin.
bool begin_call() noexcept;
void end_call() noexcept;

}  // namespace tame
