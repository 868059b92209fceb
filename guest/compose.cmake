# cmake -D OUT=FILE -D FRAGMENTS=a,b,c -D PYTHON=FILE -P compose.cmake
#
# Joins fragments into one complete script. ROOT and PATH stand on lines of their own in front, so
# that nothing in a guest's environment can set them and a test can replace them.
string(REPLACE "," ";" FRAGMENTS "${FRAGMENTS}")
file(READ "${PYTHON}" python)
set(text "")
foreach(fragment IN LISTS FRAGMENTS)
  file(READ "${fragment}" part)
  string(APPEND text "${part}")
endforeach()
string(REPLACE "@client_install.py@\n" "${python}" text "${text}")

get_filename_component(name "${OUT}" NAME)
if(name STREQUAL "bootstrap")
  # Stands in argv and in the guest agent's log at each run: no comments there.
  string(REGEX REPLACE "(^|\n)([ ]*#[^\n]*\n)+" "\\1" text "${text}")
else()
  string(PREPEND text "#!/bin/sh\n# Innkeeper: ${name}. Parameters come on standard input.\nROOT=\n"
                      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
endif()
file(WRITE "${OUT}" "${text}")
