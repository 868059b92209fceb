#include "coordinator/remote_commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "coordinator/authority_commands.h"
#include "coordinator/remote.h"
#include "innkeeper/admin/v1/admin.pb.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

void AddTokenCreate(CLI::App& token, const Remote& remote) {
  CLI::App* command = token.add_subcommand("create", "Make a join token and print it");
  const auto wish = std::make_shared<admin::v1::CreateTokenRequest>();
  const auto valid = std::make_shared<std::string>("24h");
  const auto space = std::make_shared<std::string>("default");
  command->add_option("-n,--namespace", *space, "Namespace of the guests of nodes that join by it")
      ->capture_default_str();
  command->add_option("--valid", *valid, "How long it may be used")->capture_default_str();
  command->add_option_function<std::string>(
      "--node", [wish](const std::string& node) { wish->set_node(node); },
      "The only node it is for; also replaces a node of that name");
  command->add_option_function<int>(
      "--uses", [wish](int uses) { wish->set_uses(uses); }, "How often it may be used; default 1");
  command->callback([remote, wish, valid, space] {
    remote.Run([&](ApiClient& client, const Call& call) -> absl::Status {
      ASSIGN_OR_RETURN(const Duration life, ParseDuration(*valid));
      *wish->mutable_valid() = ToProtoDuration(absl::FromChrono(life));
      wish->set_namespace_(*space);
      admin::v1::Token made;
      RETURN_IF_ERROR(client.Send("POST", "/v1/tokens", wish.get(), &made, call));
      std::printf("%s\n", made.token().c_str());
      if (isatty(STDOUT_FILENO) == 1) {
        std::fprintf(stderr, "Good until %s. It is shown only once.\n",
                     TimeText(made.expires()).c_str());
      }
      return absl::OkStatus();
    });
  });
}

void AddTokenCommands(CLI::App& app, const Remote& remote) {
  CLI::App* token = app.add_subcommand("token", "Join tokens of agents");
  token->require_subcommand(1);
  AddTokenCreate(*token, remote);
  token->add_subcommand("list", "List tokens that can still be used")->callback([remote] {
    remote.Run([](ApiClient& client, const Call& call) -> absl::Status {
      admin::v1::ListTokensResponse tokens;
      RETURN_IF_ERROR(client.Send("GET", "/v1/tokens", nullptr, &tokens, call));
      std::printf("%-8s  %-16s  %-16s  %-4s  %s\n", "ID", "NAMESPACE", "NODE", "USES", "EXPIRES");
      for (const admin::v1::Token& one : tokens.tokens()) {
        std::printf("%-8s  %-16s  %-16s  %-4d  %s\n", one.id().c_str(), one.namespace_().c_str(),
                    one.node().empty() ? "any" : one.node().c_str(), one.uses_left(),
                    TimeText(one.expires()).c_str());
      }
      return absl::OkStatus();
    });
  });
  CLI::App* revoke = token->add_subcommand("revoke", "Make a token useless");
  const auto id = std::make_shared<std::string>();
  revoke->add_option("id", *id, "Its first part, as `token list` shows it")->required();
  revoke->callback([remote, id] {
    remote.Run([&](ApiClient& client, const Call& call) {
      return client.Send("DELETE", "/v1/tokens/" + PathSegment(*id), nullptr, nullptr, call);
    });
  });
}

// A private key: made 0600 and never over an existing file.
absl::Status WritePrivate(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, path);
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return whole ? absl::OkStatus() : absl::InternalError(path + ": not written whole");
}

void AddOperatorCommands(CLI::App& app, const Remote& remote) {
  CLI::App* people = app.add_subcommand("operator", "Client certificates for people and scripts");
  people->require_subcommand(1);
  CLI::App* issue =
      people->add_subcommand("issue", "Make a certificate for `innkeeper --server https://...`");
  const auto name = std::make_shared<std::string>();
  const auto out = std::make_shared<std::string>(".");
  issue->add_option("name", *name, "Whose it is: a DNS label, in the audit log from then on")
      ->required();
  issue->add_option("--out", *out, "Folder for NAME.crt, NAME.key and ca.crt")
      ->capture_default_str();
  issue->callback([remote, name, out] {
    remote.Run([&](ApiClient& client, const Call& call) -> absl::Status {
      admin::v1::IssueOperatorRequest wish;
      wish.set_name(*name);
      admin::v1::IssueOperatorResponse made;
      RETURN_IF_ERROR(client.Send("POST", "/v1/operators", &wish, &made, call));
      const std::string stem = *out + "/" + *name;
      RETURN_IF_ERROR(WritePrivate(stem + ".key", made.key()));
      RETURN_IF_ERROR(WritePrivate(stem + ".crt", made.certificate()));
      RETURN_IF_ERROR(WritePrivate(*out + "/ca.crt", made.ca()));
      std::printf(
          "innkeeper --server https://HOST:7444 --ca %s/ca.crt --certificate %s.crt --key "
          "%s.key guests\n",
          out->c_str(), stem.c_str(), stem.c_str());
      return absl::OkStatus();
    });
  });
}

}  // namespace

void AddRemoteCommands(CLI::App& app, const ProgramOptions& options, int& exit_code) {
  const Remote remote{options, exit_code};
  AddTokenCommands(app, remote);
  AddOperatorCommands(app, remote);
  AddAuthorityCommands(app, remote);
  CLI::App* backup = app.add_subcommand("backup", "Copy the database, consistently, while it runs");
  const auto path = std::make_shared<std::string>();
  backup->add_option("path", *path, "File to make on the coordinator's own disk")->required();
  backup->callback([remote, path] {
    remote.Run([&](ApiClient& client, const Call& call) {
      admin::v1::BackupRequest wish;
      wish.set_path(*path);
      return client.Send("POST", "/v1/backup", &wish, nullptr, call);
    });
  });
}

}  // namespace innkeeper
