// Opens native libraries, all their symbols at once, and prints the version of the C ABI of each: open LIBRARY...
#include <dlfcn.h>

#include <cstdio>

int main(int count, char** paths) {
  for (int i = 1; i < count; ++i) {
    void* const library = dlopen(paths[i], RTLD_NOW);
    void* const version = library != nullptr ? dlsym(library, "tame_abi_version") : nullptr;
    if (version == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    std::printf("%s opens: C ABI version %u\n", paths[i], reinterpret_cast<unsigned (*)()>(version)());
  }
  return 0;
}
