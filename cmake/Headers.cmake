# Target `headers`: each of our headers compiles alone, so that no file depends on what another
# happens to include before it.

function(innkeeper_headers_alone)
  set(headers "")
  foreach(folder IN LISTS folders)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
         ${PROJECT_SOURCE_DIR}/${folder}/*.h)
    list(APPEND headers ${found})
  endforeach()
  set(sources "")
  foreach(header IN LISTS headers)
    set(source ${PROJECT_BINARY_DIR}/headers/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  if(NOT sources)
    return()
  endif()
  add_library(headers OBJECT EXCLUDE_FROM_ALL ${sources})
  # Only the grammar counts here: no optimiser, no sanitizers.
  target_compile_options(headers PRIVATE ${INNKEEPER_WARNINGS} -O0 -g0 -fno-sanitize=all)
  target_include_directories(headers PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  # What the tests get from the build: where the programs are.
  target_compile_definitions(headers PRIVATE INNKEEPER_COORDINATOR_PROGRAM="" INNKEEPER_AGENT_PROGRAM="")
  # For their include folders only; the generated contracts must exist before.
  target_link_libraries(headers PRIVATE gRPC::grpc++ GTest::gmock nlohmann_json::nlohmann_json
    CLI11::CLI11 PkgConfig::libvirt PkgConfig::prometheus_cpp_core)
  foreach(contract IN ITEMS proto_agent proto_admin)
    if(TARGET ${contract})
      target_link_libraries(headers PRIVATE ${contract})
    endif()
  endforeach()
endfunction()

# At the end of the root list file, when every target is known.
cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL innkeeper_headers_alone)
