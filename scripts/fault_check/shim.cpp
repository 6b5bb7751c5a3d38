// Preloaded into a program, makes chosen operations of it fail: writes below a folder, or the allocations and threads
// of one library. Counts them from 1 and logs each, so that a second run can fail any of them.
//
//   FAULT_BELOW      a folder: what writes to paths below it counts
//   FAULT_LIBRARY    or part of a library's name: its allocations and threads count
//   FAULT_LOG        file that gets a line for each: number, operation, path
//   FAULT_FIRST      number of the first one that fails; 0 for none
//   FAULT_LAST       number of the last one
//   FAULT_ONLY       names of the operations that may fail; all if unset
//   FAULT_ERRNO      error code of those that fail
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

long number_of(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atol(text);
}

struct Settings {
  const char* below = std::getenv("FAULT_BELOW");
  const char* library = std::getenv("FAULT_LIBRARY");
  const char* log = std::getenv("FAULT_LOG");
  const char* only = std::getenv("FAULT_ONLY");
  long first = number_of("FAULT_FIRST");
  long last = number_of("FAULT_LAST");
  int error = int(number_of("FAULT_ERRNO"));
};

const Settings& settings() {
  static const Settings read;
  return read;
}

std::atomic<long> counted{0};

// The function that this one stands in for.
template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

// Whether operations of this name may fail.
bool may_fail(const char* operation) {
  const char* names = settings().only;
  return names == nullptr || std::strstr(names, operation) != nullptr;
}

// Counts an operation, and returns whether it is to fail. By system calls, as it must not count itself.
bool fails(const char* operation, const char* path) {
  const Settings& set = settings();
  const long n = ++counted;
  if (set.log != nullptr) {
    char line[PATH_MAX + 64];
    const int length = std::snprintf(line, sizeof line, "%ld\t%s\t%s\n", n, operation, path);
    const long file = syscall(SYS_openat, AT_FDCWD, set.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0) {
      syscall(SYS_write, file, line, size_t(length));
      syscall(SYS_close, file);
    }
  }
  if (n < set.first || n > set.last || !may_fail(operation)) return false;
  errno = set.error;
  return true;
}

bool is_below(const char* path) {
  const char* folder = settings().below;
  return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool path_fails(const char* operation, const char* path) {
  return is_below(path) && fails(operation, path);
}

bool file_fails(const char* operation, int file) {
  if (settings().below == nullptr) return false;
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = 0;
  return path_fails(operation, path);
}

bool is_in(void* address, const char* library) {
  Dl_info info;
  return dladdr(address, &info) != 0 && std::strstr(info.dli_fname, library) != nullptr;
}

bool allocation_fails(const char* operation, void* caller) {
  const char* library = settings().library;
  return library != nullptr && is_in(caller, library) && fails(operation, library);
}

void* allocate(size_t size, size_t alignment, void* caller) {
  static auto* const real = next<void*(size_t, size_t)>("aligned_alloc");
  void* const memory = allocation_fails("new", caller) ? nullptr : real(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

extern "C" {

int open64(const char* path, int flags, ...) {
  static auto* const real = next<int(const char*, int, mode_t)>("open64");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && path_fails("open", path)) return -1;
  return real(path, flags, mode);
}

ssize_t write(int file, const void* bytes, size_t count) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  return file_fails("write", file) ? -1 : real(file, bytes, count);
}

int fsync(int file) {
  static auto* const real = next<int(int)>("fsync");
  return file_fails("fsync", file) ? -1 : real(file);
}

int ftruncate64(int file, off64_t length) {
  static auto* const real = next<int(int, off64_t)>("ftruncate64");
  return file_fails("truncate", file) ? -1 : real(file, length);
}

int rename(const char* from, const char* to) {
  static auto* const real = next<int(const char*, const char*)>("rename");
  return path_fails("rename", to) ? -1 : real(from, to);
}

int mkdir(const char* path, mode_t mode) {
  static auto* const real = next<int(const char*, mode_t)>("mkdir");
  // One that exists fails for that reason, also on a full disk.
  return access(path, F_OK) != 0 && path_fails("mkdir", path) ? -1 : real(path, mode);
}

int unlink(const char* path) {
  static auto* const real = next<int(const char*)>("unlink");
  return path_fails("unlink", path) ? -1 : real(path);
}

int rmdir(const char* path) {
  static auto* const real = next<int(const char*)>("rmdir");
  return path_fails("rmdir", path) ? -1 : real(path);
}

int statfs64(const char* path, struct statfs64* result) {
  static auto* const real = next<int(const char*, struct statfs64*)>("statfs64");
  return path_fails("statfs", path) ? -1 : real(path, result);
}

void* aligned_alloc(size_t alignment, size_t size) {
  static auto* const real = next<void*(size_t, size_t)>("aligned_alloc");
  return allocation_fails("aligned_alloc", __builtin_return_address(0)) ? nullptr : real(alignment, size);
}

// The C++ library starts the threads of its callers; no other of this program's libraries lets it.
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  static auto* const real = next<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  const bool counts = settings().library != nullptr && is_in(__builtin_return_address(0), "libstdc++");
  return counts && fails("thread", settings().library) ? EAGAIN : real(thread, attributes, run, argument);
}

}  // extern "C"

void* operator new(size_t size) {
  return allocate(size, alignof(std::max_align_t), __builtin_return_address(0));
}

void* operator new(size_t size, std::align_val_t alignment) {
  return allocate(size, size_t(alignment), __builtin_return_address(0));
}
