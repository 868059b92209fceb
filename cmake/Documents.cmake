# What programs say of themselves, installed with them: manual pages and shell completion.
#
#   innkeeper_manual(PROGRAM SECTION)
#   innkeeper_completion(PROGRAM)       for bash, zsh and fish

function(innkeeper_said program file)
  if(INNKEEPER_SANITIZER STREQUAL "fuzz")
    return()
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/said/${file})
  string(JOIN "," words ${ARGN})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D WORDS=${words} -D OUT=${out}
            -P ${PROJECT_SOURCE_DIR}/cmake/capture.cmake
    DEPENDS ${program} ${PROJECT_SOURCE_DIR}/cmake/capture.cmake
    VERBATIM)
  add_custom_target(said_${file} ALL DEPENDS ${out})
endfunction()

function(innkeeper_manual program section)
  innkeeper_said(${program} ${program}.${section} --print-manual)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/said/${program}.${section}
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} OPTIONAL)
endfunction()

function(innkeeper_completion program)
  foreach(shell IN ITEMS bash zsh fish)
    innkeeper_said(${program} ${program}.${shell} completion ${shell})
  endforeach()
  set(said ${CMAKE_CURRENT_BINARY_DIR}/said/${program})
  set(share ${CMAKE_INSTALL_DATADIR})
  install(FILES ${said}.bash DESTINATION ${share}/bash-completion/completions RENAME ${program}
          OPTIONAL)
  install(FILES ${said}.zsh DESTINATION ${share}/zsh/vendor-completions RENAME _${program}
          OPTIONAL)
  install(FILES ${said}.fish DESTINATION ${share}/fish/vendor_completions.d OPTIONAL)
endfunction()
