#include "vm/libvirt/domain_xml.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <pugixml.hpp>
#include <string_view>

#include "base/text.h"

namespace innkeeper {
namespace {

constexpr size_t kFqdnCap = 253;  // RFC 1035, without the final dot
constexpr char kAgentPort[] = "org.qemu.guest_agent.0";

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool IsHexWithSeparators(const std::string& text, size_t length, const std::vector<size_t>& places,
                         char separator) {
  if (text.size() != length) return false;
  for (size_t i = 0; i < length; ++i) {
    const bool is_place = std::find(places.begin(), places.end(), i) != places.end();
    const auto c = static_cast<unsigned char>(text[i]);
    if (is_place ? c != separator : !std::isxdigit(c)) return false;
  }
  return true;
}

// The namespace that an element's prefix means: declared on it or on an element around it.
std::string NamespaceOf(const pugi::xml_node& element) {
  const std::string_view name = element.name();
  const size_t colon = name.find(':');
  const std::string declaration =
      colon == name.npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
  for (pugi::xml_node node = element; node; node = node.parent()) {
    if (const auto attribute = node.attribute(declaration.c_str())) return attribute.value();
  }
  return {};
}

bool IsWish(const pugi::xml_node& element) {
  const std::string_view name = element.name();
  const size_t colon = name.find(':');
  const std::string_view local = colon == name.npos ? name : name.substr(colon + 1);
  return local == "guest" && NamespaceOf(element) == kWishNamespace;
}

absl::StatusOr<bool> YesOrNo(const pugi::xml_attribute& attribute) {
  const std::string_view value = attribute.value();
  if (value == "yes") return true;
  if (value == "no") return false;
  return absl::InvalidArgumentError(std::string(attribute.name()) + " must be yes or no");
}

absl::StatusOr<std::string> Fqdn(const std::string& value) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; };
  if (value.size() > kFqdnCap || !std::all_of(value.begin(), value.end(), allowed)) {
    return absl::InvalidArgumentError("fqdn is not a host name");
  }
  return LowerCase(value);
}

absl::StatusOr<DomainWish> ParseWish(const pugi::xml_node& element) {
  DomainWish wish;
  for (const pugi::xml_attribute& attribute : element.attributes()) {
    const std::string_view name = attribute.name();
    if (name == "enroll") {
      ASSIGN_OR_RETURN(const bool yes, YesOrNo(attribute));
      wish.enroll = yes ? EnrollWish::kYes : EnrollWish::kNo;
    } else if (name == "fqdn") {
      ASSIGN_OR_RETURN(wish.fqdn, Fqdn(attribute.value()));
    } else if (name == "kubeconfig") {
      ASSIGN_OR_RETURN(wish.kubeconfig, YesOrNo(attribute));
    } else if (name != "xmlns" && !name.starts_with("xmlns:")) {
      return absl::InvalidArgumentError("unknown attribute " +
                                        Printable(std::string(name.substr(0, 40))));
    }
  }
  return wish;
}

void ReadWish(const pugi::xml_node& metadata, DomainState& state) {
  pugi::xml_node found;
  for (const pugi::xml_node& child : metadata.children()) {
    if (!IsWish(child)) continue;
    if (found) {
      state.wish_error = "the element is there twice";
      return;
    }
    found = child;
  }
  if (!found) return;
  absl::StatusOr<DomainWish> wish = ParseWish(found);
  if (wish.ok()) {
    state.wish = *std::move(wish);
  } else {
    state.wish_error = std::string(wish.status().message());
  }
}

void ReadDevices(const pugi::xml_node& devices, DomainState& state) {
  for (const pugi::xml_node& interface : devices.children("interface")) {
    std::string mac = LowerCase(interface.child("mac").attribute("address").value());
    if (state.macs.size() < kMacCap && IsHexWithSeparators(mac, 17, {2, 5, 8, 11, 14}, ':')) {
      state.macs.push_back(std::move(mac));
    }
  }
  state.channel = AgentChannel::kAbsent;
  for (const pugi::xml_node& channel : devices.children("channel")) {
    const pugi::xml_node target = channel.child("target");
    if (std::string_view(target.attribute("name").value()) != kAgentPort) continue;
    const std::string_view port = target.attribute("state").value();
    if (port == "connected") {
      state.channel = AgentChannel::kConnected;
    } else if (port == "disconnected" || state.run_number < 0) {
      state.channel = AgentChannel::kDisconnected;
    } else {
      state.channel = AgentChannel::kUnknown;
    }
  }
}

int RunNumber(const pugi::xml_node& domain) {
  const std::string_view text = domain.attribute("id").value();
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 ? number : -1;
}

}  // namespace

absl::StatusOr<DomainState> ParseDomainXml(const std::string& xml) {
  if (xml.size() > kDomainXmlCap) return absl::InvalidArgumentError("domain XML is too long");
  if (!IsUtf8(xml)) return absl::InvalidArgumentError("domain XML is not UTF-8");
  pugi::xml_document document;
  // No document type, so no entities but XML's own five.
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return absl::InvalidArgumentError("domain XML is malformed");
  }
  const pugi::xml_node domain = document.child("domain");
  DomainState state;
  state.id.uuid = LowerCase(domain.child_value("uuid"));
  state.name = domain.child_value("name");
  if (!IsHexWithSeparators(state.id.uuid, 36, {8, 13, 18, 23}, '-')) {
    return absl::InvalidArgumentError("domain XML without a UUID");
  }
  if (state.name.empty() || state.name.size() > kDomainNameCap) {
    return absl::InvalidArgumentError("domain XML without a name, or with a huge one");
  }
  state.run_number = RunNumber(domain);
  ReadWish(domain.child("metadata"), state);
  ReadDevices(domain.child("devices"), state);
  return state;
}

}  // namespace innkeeper
