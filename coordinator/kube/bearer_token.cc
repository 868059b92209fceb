#include "coordinator/kube/bearer_token.h"

#include <fstream>

namespace innkeeper {
namespace {

// client-go's own period; a projected token is replaced at 80 % of its life, of 10 minutes or more.
constexpr Duration kReadAgain = std::chrono::minutes(1);
constexpr size_t kTokenCap = 64 * 1024;  // bytes; the largest header a Go server takes is 1 MiB

std::shared_ptr<const Secret> ReadToken(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kTokenCap, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  const bool whole = stream.eof() && !stream.bad();
  text.resize(static_cast<size_t>(stream.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  Secret token(std::move(text));  // wiped, whatever is wrong with it
  return whole && !token.empty() ? std::make_shared<const Secret>(std::move(token)) : nullptr;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Secret>> BearerToken::Current() {
  std::scoped_lock lock(mutex_);
  if (file_.empty()) return token_;
  const MonotonicTime now = clock_.Monotonic();
  if (!fresh_ || now - read_at_ >= kReadAgain) {
    if (auto token = ReadToken(file_)) {
      token_ = std::move(token);
      fresh_ = true;
      read_at_ = now;
    }
  }
  if (token_ == nullptr) return absl::FailedPreconditionError("cannot read the token in " + file_);
  return token_;
}

bool BearerToken::Doubt() {
  std::scoped_lock lock(mutex_);
  fresh_ = false;
  return !file_.empty();
}

}  // namespace innkeeper
