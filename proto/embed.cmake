# cmake -D OUT=FILE.cc -D FILE=FILE.pb -D FUNCTION=NAME -P embed.cmake
#
# Writes the definition of one function of proto/described.h: the file's bytes.
file(READ "${FILE}" hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}" "#include \"proto/described.h\"

namespace innkeeper {
namespace {
const unsigned char kBytes[] = {
${bytes}
};
}  // namespace

std::string ${FUNCTION}() {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

}  // namespace innkeeper
")
