# cmake -D OUT=FILE.cc -D FILES=join,verify,leave,bootstrap,boothook -P embed.cmake
#
# Writes the definitions of guest/scripts.h, one raw string per file.
string(REPLACE "," ";" FILES "${FILES}")
set(functions_join JoinScript)
set(functions_verify VerifyScript)
set(functions_leave LeaveScript)
set(functions_bootstrap Bootstrap)
set(functions_boothook BootHook)

set(text "#include \"guest/scripts.h\"\n\nnamespace innkeeper {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" script)
  string(FIND "${script}" ")innkeeper\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file} contains the end of the raw string that embeds it")
  endif()
  string(APPEND text "\nconst std::string& ${functions_${name}}() {\n"
                     "  static const std::string kText = R\"innkeeper(${script})innkeeper\";\n"
                     "  return kText;\n}\n")
endforeach()
file(WRITE "${OUT}" "${text}\n}  // namespace innkeeper\n")
