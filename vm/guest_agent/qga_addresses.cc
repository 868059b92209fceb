#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cctype>

#include "base/text.h"
#include "vm/guest_agent/json_reply.h"
#include "vm/guest_agent/qga_messages.h"

namespace innkeeper {
namespace {

using nlohmann::json;

constexpr size_t kInterfaceNameCap = 64;  // bytes; Linux has 15, Windows has sentences

const std::string* Text(const json& object, const char* name) {
  const auto member = object.find(name);
  return member == object.end() ? nullptr : member->get_ptr<const json::string_t*>();
}

// "aa:bb:cc:dd:ee:ff" in lower case; empty when it is not that.
std::string CleanMac(const std::string* text) {
  constexpr size_t kLength = 17;
  if (text == nullptr || text->size() != kLength) return {};
  std::string mac;
  for (size_t i = 0; i < kLength; ++i) {
    const auto c = static_cast<unsigned char>((*text)[i]);
    const bool separator = i % 3 == 2;
    if (separator ? c != ':' : !std::isxdigit(c)) return {};
    mac += static_cast<char>(std::tolower(c));
  }
  return mac;
}

// Canonical text of an address worth telling anyone; empty for others.
std::string CleanAddress(const std::string& text) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const uint32_t address = ntohl(v4.s_addr);
    const bool loopback = address >> 24 == 127, link_local = address >> 16 == 0xA9FE;
    if (loopback || link_local || address == INADDR_ANY) return {};
    return inet_ntop(AF_INET, &v4, out.data(), out.size());
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1 || IN6_IS_ADDR_LOOPBACK(&v6) ||
      IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6)) {
    return {};
  }
  return inet_ntop(AF_INET6, &v6, out.data(), out.size());
}

absl::Status AddInterface(const json& nic, GuestAddresses& out) {
  const std::string* name = nic.is_object() ? Text(nic, "name") : nullptr;
  if (name == nullptr) return AgentError(AgentFailure::kBadAnswer, "an interface without a name");
  const auto list = nic.find("ip-addresses");
  if (list == nic.end() || *name == "lo") return absl::OkStatus();
  if (!list->is_array()) return AgentError(AgentFailure::kBadAnswer, "no list of addresses");
  for (const json& entry : *list) {
    const std::string* text = entry.is_object() ? Text(entry, "ip-address") : nullptr;
    if (text == nullptr) return AgentError(AgentFailure::kBadAnswer, "an entry without an address");
    std::string address = CleanAddress(*text);
    if (address.empty()) continue;
    if (out.addresses.size() == kAddressCap) {
      out.truncated = true;
      break;
    }
    out.addresses.push_back({std::move(address), CleanMac(Text(nic, "hardware-address")),
                             Printable(name->substr(0, kInterfaceNameCap))});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GuestAddresses> DecodeAddresses(const std::string& reply) {
  ASSIGN_OR_RETURN(const json nics, DecodeReply(reply));
  if (!nics.is_array()) return AgentError(AgentFailure::kBadAnswer, "no list of interfaces");
  GuestAddresses out;
  size_t seen = 0;
  for (const json& nic : nics) {
    if (++seen > kInterfaceCap) {
      out.truncated = true;
      break;
    }
    RETURN_IF_ERROR(AddInterface(nic, out));
  }
  return out;
}

}  // namespace innkeeper
