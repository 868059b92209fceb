# cmake -D PROGRAM=FILE -D WORDS=a,b -D OUT=FILE -P capture.cmake
#
# Writes what the program prints. A build with sanitizers tells its leaks elsewhere.
string(REPLACE "," ";" words "${WORDS}")
get_filename_component(folder "${OUT}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
set(ENV{ASAN_OPTIONS} detect_leaks=0)
execute_process(COMMAND "${PROGRAM}" ${words} OUTPUT_FILE "${OUT}" RESULT_VARIABLE ended)
if(NOT ended EQUAL 0)
  file(REMOVE "${OUT}")
  message(FATAL_ERROR "${PROGRAM} ${words}: ${ended}")
endif()
