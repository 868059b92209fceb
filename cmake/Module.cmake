# One object library per module, linked by programs, tests and benchmarks alike.
#
#   innkeeper_module(NAME SOURCES a.cc ... DEPS targets...)
#   innkeeper_test(NAME SOURCES a_test.cc ... DEPS targets... [LABELS real ...])
#   innkeeper_fuzz(NAME SOURCES a_fuzz.cc DEPS targets... CORPUS dir)
#   innkeeper_program(NAME SOURCES main.cc DEPS targets...)
#
# Dependencies are transitive: a program that names its composition root gets the objects of every
# module below it.

function(innkeeper_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
endfunction()

function(innkeeper_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
endfunction()

# A test against the real parts (tests/env): they are brought up once for all such tests, and their
# coordinates stand in its environment.
function(innkeeper_real_test name)
  add_test(NAME ${name}
           COMMAND ${CMAKE_COMMAND} -E env INNKEEPER_ENV_NAME=iktest INNKEEPER_ENV_NET=10.213.8
                   ${PROJECT_SOURCE_DIR}/tests/env/in_env ${ARGN})
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED parts LABELS real)
endfunction()

function(innkeeper_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(INNKEEPER_SANITIZER STREQUAL "fuzz")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${INNKEEPER_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
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
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# In the fuzz preset a libFuzzer program; elsewhere the same target function replays its corpus as a
# test, so that a decoder's known inputs run in every build.
function(innkeeper_fuzz name)
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(INNKEEPER_SANITIZER STREQUAL "fuzz")
    add_executable(${name} ${arg_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/base/testing/replay_corpus.cc)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS})
    set_tests_properties(${name} PROPERTIES LABELS fuzz-corpus TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
endfunction()
