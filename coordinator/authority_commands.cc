#include "coordinator/authority_commands.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_join.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {
namespace {

constexpr size_t kShownHash = 16;  // digits; enough to tell authorities apart
constexpr char kNames[] = "agents, coordinator or operators";

void PrintCertificate(const char* name, const char* role,
                      const admin::v1::AuthorityCertificate& certificate) {
  std::printf("%-12s  %-8s  %-25s  %-25s  %s\n", name, role,
              TimeText(certificate.not_before()).c_str(), TimeText(certificate.expires()).c_str(),
              certificate.sha256().substr(0, kShownHash).c_str());
}

void PrintUnaware(const admin::v1::Authority& authority) {
  if (authority.unaware_nodes().empty()) return;
  std::printf("%s: a promotion now would cut off %d nodes: %s\n", authority.name().c_str(),
              authority.unaware_nodes_size(),
              absl::StrJoin(authority.unaware_nodes(), ", ").c_str());
}

void Print(const admin::v1::Authority& authority) {
  const char* name = authority.name().c_str();
  PrintCertificate(name, "signs", authority.signing());
  if (authority.has_next()) PrintCertificate(name, "next", authority.next());
  for (const auto& old : authority.previous()) PrintCertificate(name, "trusted", old);
}

absl::Status List(ApiClient& client, const Call& call) {
  admin::v1::ListAuthoritiesResponse all;
  RETURN_IF_ERROR(client.Send("GET", "/v1/authorities", nullptr, &all, call));
  std::printf("%-12s  %-8s  %-25s  %-25s  %s\n", "NAME", "ROLE", "FROM", "EXPIRES", "SHA256");
  for (const admin::v1::Authority& one : all.authorities()) Print(one);
  for (const admin::v1::Authority& one : all.authorities()) PrintUnaware(one);
  return absl::OkStatus();
}

absl::Status Bundle(const std::string& name, ApiClient& client, const Call& call) {
  admin::v1::ListAuthoritiesResponse all;
  RETURN_IF_ERROR(client.Send("GET", "/v1/authorities", nullptr, &all, call));
  for (const admin::v1::Authority& one : all.authorities()) {
    if (one.name() != name) continue;
    std::printf("%s", one.bundle().c_str());
    return absl::OkStatus();
  }
  return absl::NotFoundError("no authority '" + name + "': " + kNames);
}

absl::Status Change(const std::string& name, const char* verb,
                    const google::protobuf::Message* wish, ApiClient& client, const Call& call) {
  admin::v1::Authority now;
  RETURN_IF_ERROR(
      client.Send("POST", "/v1/authorities/" + PathSegment(name) + ":" + verb, wish, &now, call));
  Print(now);
  PrintUnaware(now);
  return absl::OkStatus();
}

std::shared_ptr<std::string> AddName(CLI::App& command) {
  const auto name = std::make_shared<std::string>();
  command.add_option("authority", *name, kNames)->required();
  return name;
}

}  // namespace

void AddAuthorityCommands(CLI::App& app, const Remote& remote) {
  CLI::App* ca = app.add_subcommand("ca", "The coordinator's own authorities");
  ca->require_subcommand(1);
  ca->add_subcommand("list", "Show them, their ends, and whom a promotion would cut off")
      ->callback([remote] { remote.Run(List); });
  CLI::App* bundle = ca->add_subcommand("bundle", "Print all that are trusted under a name, PEM");
  bundle->callback([remote, name = AddName(*bundle)] {
    remote.Run([&](ApiClient& client, const Call& call) { return Bundle(*name, client, call); });
  });
  CLI::App* prepare =
      ca->add_subcommand("prepare", "Make the next one: trusted and handed out from now on");
  prepare->callback([remote, name = AddName(*prepare)] {
    remote.Run([&](ApiClient& client, const Call& call) {
      return Change(*name, "prepare", nullptr, client, call);
    });
  });
  CLI::App* promote =
      ca->add_subcommand("promote", "Let the prepared one sign; the old one stays trusted");
  const auto wish = std::make_shared<admin::v1::PromoteAuthorityRequest>();
  promote->add_flag_callback(
      "--force", [wish] { wish->set_force(true); },
      "Also when nodes are cut off by it, which then must join anew");
  promote->callback([remote, wish, name = AddName(*promote)] {
    remote.Run([&](ApiClient& client, const Call& call) {
      return Change(*name, "promote", wish.get(), client, call);
    });
  });
}

}  // namespace innkeeper
