#include "base/config_text.h"

#include <yaml-cpp/eventhandler.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "base/text.h"

namespace innkeeper {
namespace {

// Thrown through yaml-cpp's parser to stop it; never leaves this file.
struct Refused {
  YAML::Mark mark;
  std::string why;
};

// Reads the events of a document before any tree is made from it.
class Inspector final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Count(mark, std::nullopt); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    Count(mark, value);
  }
  // A few lines of aliases to aliases unfold to billions of values.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark, "aliases (*name) are not allowed"};
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Enter(mark, Kind::kSequence);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Enter(mark, Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  enum class Kind { kSequence, kMap };
  struct Open {
    Kind kind;
    bool at_key = true;  // mappings: the next node is a key
    std::set<std::string> keys;
  };

  // `scalar` is nothing for nulls, lists and mappings.
  void Count(const YAML::Mark& mark, const std::optional<std::string>& scalar) {
    if (++nodes_ > kConfigNodeCap) throw Refused{mark, "too many values"};
    if (open_.empty() || open_.back().kind == Kind::kSequence) return;
    Open& map = open_.back();
    if (map.at_key) {
      if (!scalar) throw Refused{mark, "a key must be text"};
      if (!map.keys.insert(*scalar).second) {
        throw Refused{mark, "'" + Printable(*scalar) + "' stands here twice"};
      }
    }
    map.at_key = !map.at_key;
  }

  void Enter(const YAML::Mark& mark, Kind kind) {
    Count(mark, std::nullopt);
    if (open_.size() >= kConfigDepthCap) throw Refused{mark, "nested too deep"};
    open_.push_back({kind, true, {}});
  }

  size_t nodes_ = 0;
  std::vector<Open> open_;
};

absl::StatusOr<std::string> ReadCapped(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoStatus(errno, path);
  std::string text;
  std::array<char, 16 * 1024> piece;
  do {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<size_t>(file.gcount()));
  } while (file && text.size() <= kConfigFileCap);
  if (file.bad() || (text.empty() && errno == EISDIR)) return ErrnoStatus(errno, path);
  if (text.size() > kConfigFileCap) return absl::InvalidArgumentError(path + ": larger than 1 MiB");
  if (!IsUtf8(text)) return absl::InvalidArgumentError(path + ": is not UTF-8 text");
  return text;
}

void Inspect(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Inspector inspector;
  if (!parser.HandleNextDocument(inspector)) return;
  if (parser) throw Refused{YAML::Mark::null_mark(), "holds more than one document"};
}

}  // namespace

std::string ConfigPlace(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

absl::StatusOr<YAML::Node> ReadConfigFile(const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadCapped(file));
  try {
    Inspect(text);
    return YAML::Load(text);
  } catch (const Refused& refused) {
    return absl::InvalidArgumentError(ConfigPlace(file, refused.mark) + ": " + refused.why);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(ConfigPlace(file, error.mark) + ": " + Printable(error.msg));
  }
}

}  // namespace innkeeper
