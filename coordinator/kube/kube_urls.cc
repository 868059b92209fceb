#include "coordinator/kube/kube_urls.h"

#include <cctype>

#include "base/text.h"

namespace innkeeper {
namespace {

std::string Escape(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return escaped;
}

absl::Status CheckSegment(const std::string& segment, const char* what) {
  const bool dots = segment == "." || segment == "..";
  if (!segment.empty() && !dots && segment.find_first_of(std::string("/%\0", 3)) == segment.npos)
    return absl::OkStatus();
  return absl::InvalidArgumentError(std::string("not ") + what + " of an object: \"" +
                                    Printable(segment) + "\"");
}

std::string QueryText(const KubeQuery& query) {
  std::string text;
  for (const auto& [key, value] : query) {
    text += (text.empty() ? "?" : "&") + Escape(key) + "=" + Escape(value);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CollectionUrl(const KubeKind& kind, const std::string& ns,
                                          const KubeQuery& query) {
  RETURN_IF_ERROR(CheckSegment(kind.version, "the version"));
  RETURN_IF_ERROR(CheckSegment(kind.plural, "the plural"));
  std::string url = "/api/" + kind.version;
  if (!kind.group.empty()) {
    RETURN_IF_ERROR(CheckSegment(kind.group, "the group"));
    url = "/apis/" + kind.group + "/" + kind.version;
  }
  if (!ns.empty()) {
    RETURN_IF_ERROR(CheckSegment(ns, "the namespace"));
    url += "/namespaces/" + Escape(ns);
  }
  return url + "/" + Escape(kind.plural) + QueryText(query);
}

absl::StatusOr<std::string> ObjectUrl(const KubePath& path, const KubeQuery& query) {
  RETURN_IF_ERROR(CheckSegment(path.name, "the name"));
  ASSIGN_OR_RETURN(std::string url, CollectionUrl(path.kind, path.ns));
  url += "/" + Escape(path.name);
  if (!path.subresource.empty()) {
    RETURN_IF_ERROR(CheckSegment(path.subresource, "the subresource"));
    url += "/" + path.subresource;
  }
  return url + QueryText(query);
}

}  // namespace innkeeper
