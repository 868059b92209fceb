#pragma once

#include <pthread.h>

#include <string>

namespace innkeeper {

// Names the calling thread for top, gdb and core dumps; Linux keeps 15 bytes.
inline void NameThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace innkeeper
