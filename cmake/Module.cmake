# One static library per module, linked by programs, tests and benchmarks alike.
#
#   innkeeper_module(NAME SOURCES a.cc ... DEPS targets...)
#   innkeeper_program(NAME SOURCES main.cc DEPS targets...)
#   innkeeper_test(NAME SOURCES a_test.cc ... DEPS targets... [LABELS real ...] [TIMEOUT seconds])
#   innkeeper_fuzz(NAME SOURCES a_fuzz.cc DEPS targets... CORPUS folder)
#
# Dependencies are transitive: a program that names its composition root gets every module below it.
# A test without LABELS is a unit test: it needs nothing but this checkout.

# Sanitizers say all they know, and a report is a failure. The leak checker and the thread sanitizer
# see only what was compiled for them; cmake/*.supp names the libraries that were not.
set(INNKEEPER_TEST_ENVIRONMENT "")
if(INNKEEPER_SANITIZER STREQUAL "asan")
  list(APPEND INNKEEPER_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1:check_initialization_order=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0")
elseif(INNKEEPER_SANITIZER STREQUAL "tsan")
  list(APPEND INNKEEPER_TEST_ENVIRONMENT
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp:second_deadlock_stack=1")
endif()

# Where the optimiser has half of the compiler's time, the tests themselves go without: it is our
# code that shall run at a decent speed with sanitizers.
function(innkeeper_test_options name)
  if(INNKEEPER_SANITIZER)
    target_compile_options(${name} PRIVATE -O0)
  endif()
endfunction()

include(Precompiled)

function(innkeeper_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
  innkeeper_precompiled(${name} precompiled)
endfunction()

function(innkeeper_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
endfunction()

function(innkeeper_program name)
  innkeeper_executable(${name} ${ARGN})
  innkeeper_precompiled(${name} precompiled)
endfunction()

# A test against the real parts (tests/env): they are brought up once for all such tests, and their
# coordinates stand in its environment.
function(innkeeper_real_test name)
  add_test(NAME ${name}
           COMMAND ${CMAKE_COMMAND} -E env INNKEEPER_ENV_NAME=iktest INNKEEPER_ENV_NET=10.213.8
                   ${PROJECT_SOURCE_DIR}/tests/env/in_env ${ARGN})
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED parts LABELS real
                       ENVIRONMENT "${INNKEEPER_TEST_ENVIRONMENT}")
endfunction()

function(innkeeper_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  innkeeper_executable(${name} SOURCES ${arg_SOURCES}
                       DEPS ${arg_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  innkeeper_test_options(${name})
  innkeeper_precompiled(${name} precompiled_tests)
  if(INNKEEPER_SANITIZER STREQUAL "fuzz")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)  # there to be configured, not built
    return()
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if("real" IN_LIST arg_LABELS)
    innkeeper_real_test(${name} $<TARGET_FILE:${name}>)
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
                       ENVIRONMENT "${INNKEEPER_TEST_ENVIRONMENT}")
endfunction()

# In the fuzz preset a libFuzzer program; elsewhere the same target function replays its corpus as a
# test, so that a decoder's known inputs run in every build.
function(innkeeper_fuzz name)
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(INNKEEPER_SANITIZER STREQUAL "fuzz")
    innkeeper_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY INNKEEPER_FUZZ_PROGRAMS ${name})
    set_property(GLOBAL APPEND_STRING PROPERTY INNKEEPER_FUZZ_TARGETS
                 "$<TARGET_FILE:${name}> ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}\n")
    return()
  endif()
  innkeeper_program(${name}
    SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/base/testing/replay_corpus.cc DEPS ${arg_DEPS})
  add_test(NAME ${name} COMMAND ${name} ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS})
  set_tests_properties(${name} PROPERTIES LABELS fuzz-corpus TIMEOUT 120
                       ENVIRONMENT "${INNKEEPER_TEST_ENVIRONMENT}")
endfunction()

# The list that scripts/fuzz reads: program and corpus, one target a line.
function(innkeeper_write_fuzz_targets)
  get_property(lines GLOBAL PROPERTY INNKEEPER_FUZZ_TARGETS)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/fuzz_targets.txt CONTENT "${lines}")
  get_property(programs GLOBAL PROPERTY INNKEEPER_FUZZ_PROGRAMS)
  add_custom_target(fuzz_programs DEPENDS ${programs})
endfunction()
if(INNKEEPER_SANITIZER STREQUAL "fuzz")
  cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL innkeeper_write_fuzz_targets)
endif()

include(Headers)
