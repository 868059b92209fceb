#pragma once

#include <string>
#include <string_view>

namespace innkeeper {

// Bytes that must not be seen: they print as "[redacted]", are zeroed when the object goes, and can
// be read only by name. Copies are explicit, so that each one is a decision. Not thread-safe.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The bytes, valid while this object lives. Never pass them to a log, an event or argv.
  std::string_view Reveal() const { return bytes_; }
  Secret Copy() const { return Secret(std::string(bytes_)); }
  bool empty() const { return bytes_.empty(); }

 private:
  void Wipe() noexcept;
  std::string bytes_;
};

// Overwrites the string's whole buffer in a way the compiler keeps, then empties it.
void WipeString(std::string& bytes) noexcept;

// Equal in time that depends on the lengths only.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

template <class Stream>
Stream& operator<<(Stream& out, const Secret&) {
  out << "[redacted]";
  return out;
}

}  // namespace innkeeper
