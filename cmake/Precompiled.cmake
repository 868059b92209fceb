# The headers that nearly every source includes, parsed once: `precompiled` for the product,
# `precompiled_tests` for tests. Only headers of the system stand here: ours change, and ccache
# takes a precompiled header for the same in every checkout only while no path of the checkout is in
# it. What is reused must be compiled with the same options; -Winvalid-pch is an error where it is
# not.
#
# The presets `release` and `fuzz` do without, and so does the target `headers`: none of our files
# may depend on what is precompiled. (At -O2 gcc 12 also forgets which headers were the system's, and
# tells its false alarms about them.)

if(INNKEEPER_SANITIZER STREQUAL "fuzz" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  function(innkeeper_precompiled name)
  endfunction()
  return()
endif()

function(innkeeper_add_precompiled name)
  set(source ${PROJECT_BINARY_DIR}/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Its precompiled headers are what others reuse.\n")
  add_library(${name} STATIC ${source})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})  # -Wpedantic is one that counts
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

function(innkeeper_precompiled name)  # PRODUCT-OR-TESTS
  target_precompile_headers(${name} REUSE_FROM ${ARGV1})
endfunction()

set(everywhere
  <algorithm> <chrono> <condition_variable> <functional> <map> <memory> <mutex> <optional> <set>
  <stop_token> <string> <string_view> <thread> <utility> <vector>
  <absl/status/statusor.h> <absl/time/time.h>)
innkeeper_add_precompiled(precompiled ${everywhere})
target_link_libraries(precompiled PRIVATE absl::statusor absl::time)
innkeeper_add_precompiled(precompiled_tests ${everywhere} <gmock/gmock.h> <gtest/gtest.h>)
target_link_libraries(precompiled_tests PRIVATE absl::statusor absl::time GTest::gmock GTest::gtest)
innkeeper_test_options(precompiled_tests)
