#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "vm/guest_agent/qga_messages.h"

namespace innkeeper {
namespace {

using nlohmann::json;

std::string Request(const std::string& command, json arguments) {
  // Our own strings may hold bytes that are no UTF-8 (a path of the administrator's): replaced, not
  // thrown.
  return json{{"execute", command}, {"arguments", std::move(arguments)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string PlainRequest(const std::string& command) { return json{{"execute", command}}.dump(); }

std::string SetTimeRequest(absl::Time time) {
  return Request("guest-set-time", {{"time", absl::ToUnixNanos(time)}});
}

Secret ExecRequest(const GuestCommand& command) {
  json arguments = {{"path", command.path}, {"arg", command.arguments}, {"capture-output", true}};
  if (!command.environment.empty()) arguments["env"] = command.environment;
  std::string request = Request("guest-exec", std::move(arguments));
  if (command.input.empty()) return Secret(std::move(request));
  // The input is spliced in by hand: a JSON library would leave copies of it in freed memory.
  // Base64 needs no escaping.
  std::string input;
  absl::Base64Escape(std::string(command.input.Reveal()), &input);
  constexpr char kHead[] = R"({"arguments":{)";
  constexpr char kMember[] = R"("input-data":")";
  std::string whole;
  whole.reserve(request.size() + input.size() + sizeof kMember + 2);
  whole.append(kHead).append(kMember).append(input).append("\",");
  whole.append(request, sizeof kHead - 1);
  WipeString(input);
  return Secret(std::move(whole));
}

std::string ExecStatusRequest(int64_t pid) { return Request("guest-exec-status", {{"pid", pid}}); }

std::string FileOpenRequest(const std::string& path) {
  return Request("guest-file-open", {{"path", path}, {"mode", "r"}});
}

std::string FileReadRequest(int64_t handle, size_t count) {
  return Request("guest-file-read", {{"handle", handle}, {"count", count}});
}

std::string FileRewindRequest(int64_t handle) {
  return Request("guest-file-seek", {{"handle", handle}, {"offset", 0}, {"whence", "set"}});
}

std::string FileCloseRequest(int64_t handle) {
  return Request("guest-file-close", {{"handle", handle}});
}

}  // namespace innkeeper
