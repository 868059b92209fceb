# cmake -D OUT=FILE -D FRAGMENTS=a,b,c -D PYTHON=FILE [-D BOOT=FILE -D UNIT=FILE] -P compose.cmake
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

# Drops lines that are comments alone.
function(without_comments variable)
  string(REGEX REPLACE "(^|\n)([ ]*#[^\n]*\n)+" "\\1" ${variable} "${${variable}}")
  set(${variable} "${${variable}}" PARENT_SCOPE)
endfunction()

set(root "ROOT=\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
get_filename_component(name "${OUT}" NAME)
if(name STREQUAL "bootstrap")
  # Stands in argv and in the guest agent's log at each run: no comments there.
  without_comments(text)
elseif(name STREQUAL "boothook")
  # Stands in the user-data of every guest: no comments either. What it installs keeps its first line.
  file(READ "${BOOT}" boot)
  file(READ "${UNIT}" unit)
  string(PREPEND boot "\n")
  without_comments(boot)
  string(STRIP "${boot}" boot)
  without_comments(text)
  without_comments(unit)
  string(REPLACE "@boot.sh@\n" "#!/bin/sh\n${boot}\n" text "${text}")
  string(REPLACE "@unit.service@\n" "${unit}" text "${text}")
  string(PREPEND text "#cloud-boothook\n#!/bin/sh\n${root}")
elseif(name STREQUAL "boot")
  string(PREPEND text "#!/bin/sh\n# Innkeeper: boot.\n${root}")
else()
  string(PREPEND text "#!/bin/sh\n# Innkeeper: ${name}. Parameters come on standard input.\n${root}")
endif()
file(WRITE "${OUT}" "${text}")
