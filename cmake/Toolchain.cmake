# Language level, warnings as errors, sanitizers by preset, ccache where there is one.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(INNKEEPER_SANITIZER "" CACHE STRING "asan (with UBSan), tsan, fuzz, or empty")
option(INNKEEPER_FAILPOINTS "Compile failpoints in (test builds only)" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
add_compile_definitions($<$<CONFIG:RelWithDebInfo>:_FORTIFY_SOURCE=2>)

if(INNKEEPER_SANITIZER STREQUAL "asan")
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  set(INNKEEPER_FAILPOINTS ON)
elseif(INNKEEPER_SANITIZER STREQUAL "tsan")
  add_compile_options(-O1 -g1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
  set(INNKEEPER_FAILPOINTS ON)
elseif(INNKEEPER_SANITIZER STREQUAL "fuzz")
  add_compile_options(-O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-g1)
  set(INNKEEPER_FAILPOINTS ON)
endif()
if(INNKEEPER_FAILPOINTS)
  add_compile_definitions(INNKEEPER_FAILPOINTS=1)
endif()

# Warnings for our own sources only: generated protobuf code includes this too late to matter.
# Designated initializers leave out what has a default: that is their point.
set(INNKEEPER_WARNINGS -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Werror)
