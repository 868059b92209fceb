# Language level, warnings as errors, sanitizers by preset, ccache where there is one.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Everything of ours ends in programs that the system loads anywhere.
add_compile_options(-fPIE)
add_link_options(-pie)

set(INNKEEPER_SANITIZER "" CACHE STRING "asan (with UBSan), tsan, fuzz, or empty")
set_property(CACHE INNKEEPER_SANITIZER PROPERTY STRINGS "" asan tsan fuzz)
option(INNKEEPER_FAILPOINTS "Compile failpoints in (test builds only)" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # What ccache wants to be told where headers are precompiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

# Some libraries ask for -pthread, and all of ours have threads: then all say so alike, for the sake of
# what is precompiled.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer> -pthread)

# What is shipped: fortified, with stack and control flow protection, all symbols bound at start.
set(shipped $<CONFIG:RelWithDebInfo>)
add_compile_definitions($<${shipped}:_FORTIFY_SOURCE=2>)
add_compile_options($<${shipped}:-fstack-protector-strong> $<${shipped}:-fstack-clash-protection>)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options($<${shipped}:-fcf-protection>)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  add_compile_options($<${shipped}:-mbranch-protection=standard>)
endif()
add_link_options($<${shipped}:-Wl,-z,relro,-z,now>)

if(INNKEEPER_SANITIZER STREQUAL "asan")
  # Four of UBSan's checks guard each use of a pointer and cost a third of the compiler's time. Null
  # and the size of objects AddressSanitizer sees; the preset `fuzz`, with all of our decoders, has
  # all four.
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-sanitize=null,object-size,alignment,vptr)
  add_link_options(-fsanitize=address,undefined)
  set(INNKEEPER_FAILPOINTS ON)
elseif(INNKEEPER_SANITIZER STREQUAL "tsan")
  add_compile_options(-O1 -g1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
  set(INNKEEPER_FAILPOINTS ON)
elseif(INNKEEPER_SANITIZER STREQUAL "fuzz")
  add_compile_options(-O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(INNKEEPER_SANITIZER)
  message(FATAL_ERROR "INNKEEPER_SANITIZER=${INNKEEPER_SANITIZER} is none of asan, tsan, fuzz")
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-g1)
  set(INNKEEPER_FAILPOINTS ON)
endif()
if(INNKEEPER_FAILPOINTS)
  add_compile_definitions(INNKEEPER_FAILPOINTS=1)
endif()

# For our own sources only: generated code is compiled without, and its headers count as the system's.
set(INNKEEPER_WARNINGS -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Werror)
