#include "coordinator/admission/user_data/gunzip.h"

#include <zlib.h>

#include <algorithm>

namespace innkeeper {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // inflateInit2: a gzip header, the largest window

class Inflater {
 public:
  explicit Inflater(std::string_view packed) {
    // zlib only reads from next_in.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // One member, appended to `out`.
  absl::Status Member(std::string& out, size_t cap) {
    if (!ready_ || inflateReset(&stream_) != Z_OK) return absl::ResourceExhaustedError("zlib");
    char block[16 * 1024];
    for (int state = Z_OK; state != Z_STREAM_END;) {
      stream_.next_out = reinterpret_cast<Bytef*>(block);
      stream_.avail_out = sizeof block;
      state = inflate(&stream_, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END) {
        return absl::InvalidArgumentError("not gzip, or cut");
      }
      out.append(block, sizeof block - stream_.avail_out);
      if (out.size() > cap) return absl::ResourceExhaustedError("too much inside");
    }
    return absl::OkStatus();
  }
  std::string_view rest() const {
    return {reinterpret_cast<const char*>(stream_.next_in), stream_.avail_in};
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t cap) {
  Inflater inflater(packed);
  std::string out;
  do {
    RETURN_IF_ERROR(inflater.Member(out, cap));
    const std::string_view rest = inflater.rest();
    if (std::all_of(rest.begin(), rest.end(), [](char c) { return c == '\0'; })) return out;
  } while (true);
}

}  // namespace innkeeper
