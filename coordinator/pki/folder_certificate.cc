#include "coordinator/pki/folder_certificate.h"

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {
namespace {

constexpr std::streamsize kFileCap = 256 * 1024;  // bytes; a chain has some thousands

absl::StatusOr<std::string> ReadCapped(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(path + " cannot be read");
  std::string text(kFileCap, '\0');
  file.read(text.data(), kFileCap);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

}  // namespace

absl::Status FolderCertificate::Renew() {
  KeyPair found;
  ASSIGN_OR_RETURN(found.chain, ReadCapped(options_.directory + "/tls.crt"));
  ASSIGN_OR_RETURN(std::string key, ReadCapped(options_.directory + "/tls.key"));
  found.key = Secret(std::move(key));
  const KeyPair present = Present();
  const bool same = found.chain == present.chain && found.key.Reveal() == present.key.Reveal();
  RETURN_IF_ERROR(ValidateKeyPair(found, "", clock_.Now()));
  if (same) return absl::OkStatus();
  if (options_.use) options_.use(found);
  now_.With([&](Now& now) { now.pair = std::move(found); });
  return absl::OkStatus();
}

absl::Status FolderCertificate::Look() {
  const absl::Status state = Renew();
  now_.With([&](Now& now) { now.state = state; });
  return state;
}

KeyPair FolderCertificate::Present() const {
  return now_.With([](Now& now) { return now.pair.Copy(); });
}

absl::Status FolderCertificate::state() const {
  return now_.With([](Now& now) { return now.state; });
}

void FolderCertificate::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    NameThread("folder-cert");
    Run(stop);
  });
}

void FolderCertificate::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any ends;
  while (!stop.stop_requested()) {
    const absl::Status before = state(), now = Look();
    if (!now.ok() && now.code() != before.code()) {
      LogWarning("certificate in the folder is not used",
                 {{"directory", options_.directory}, {"error", now}});
    }
    std::unique_lock lock(mutex);
    ends.wait_for(lock, stop, options_.check, [] { return false; });
  }
}

}  // namespace innkeeper
