#include "coordinator/kube/reviews.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace innkeeper {
namespace {

using nlohmann::json;

const KubePath kTokenReview{{"authentication.k8s.io", "v1", "tokenreviews"}, "", ""};
const KubePath kAccessReview{{"authorization.k8s.io", "v1", "subjectaccessreviews"}, "", ""};
constexpr size_t kTokenCap = 64 * 1024;  // bytes

std::string Text(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::vector<std::string> Texts(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return texts;
  for (const json& one : *it) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

json Part(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_object() ? *it : json::object();
}

bool IsTrue(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

// A claim counts only when it is there once: of two values none is to be believed.
std::string Claim(const KubeUser& user, const std::string& claim) {
  const auto it = user.extra.find("authentication.kubernetes.io/" + claim);
  return it != user.extra.end() && it->second.size() == 1 ? it->second[0] : "";
}

KubeUser UserOf(const json& from) {
  KubeUser user{.name = Text(from, "username"), .uid = Text(from, "uid")};
  user.groups = Texts(from, "groups");
  const json extra = Part(from, "extra");
  for (const auto& [key, values] : extra.items()) user.extra[key] = Texts(extra, key.c_str());
  user.node_name = Claim(user, "node-name");
  user.node_uid = Claim(user, "node-uid");
  user.pod_name = Claim(user, "pod-name");
  user.pod_uid = Claim(user, "pod-uid");
  return user;
}

std::string Dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<KubeUser> ReviewToken(KubeClient& client, const Secret& token,
                                     const std::string& audience, const Call& call) {
  if (audience.empty()) return absl::InvalidArgumentError("a token is reviewed for an audience");
  if (token.empty() || token.Reveal().size() > kTokenCap)
    return absl::InvalidArgumentError("no token, or none that could be one");
  json review = {{"apiVersion", "authentication.k8s.io/v1"},
                 {"kind", "TokenReview"},
                 {"spec", {{"token", std::string(token.Reveal())}, {"audiences", {audience}}}}};
  std::string text = Dump(review);
  absl::StatusOr<std::string> answer = client.Create(kTokenReview, text, {}, call);
  WipeString(text);
  WipeString(review["spec"]["token"].get_ref<std::string&>());
  RETURN_IF_ERROR(answer.status());
  const json status = Part(json::parse(*answer, nullptr, false), "status");
  WipeString(*answer);  // the server repeats the token
  if (!IsTrue(status, "authenticated")) {
    const std::string why = Text(status, "error");
    return absl::UnauthenticatedError(why.empty() ? "the token is not accepted"
                                                  : Printable(why.substr(0, 500)));
  }
  const std::vector<std::string> audiences = Texts(status, "audiences");
  if (std::ranges::find(audiences, audience) == audiences.end())
    return absl::UnauthenticatedError("the token is not for audience " + audience);
  KubeUser user = UserOf(Part(status, "user"));
  if (user.name.empty()) return absl::UnauthenticatedError("the token names no user");
  return user;
}

absl::Status ReviewAccess(KubeClient& client, const KubeUser& user,
                          const KubeAccessQuestion& question, const Call& call) {
  json attributes = {
      {"verb", question.verb}, {"group", question.group}, {"resource", question.resource}};
  if (!question.subresource.empty()) attributes["subresource"] = question.subresource;
  if (!question.ns.empty()) attributes["namespace"] = question.ns;
  if (!question.name.empty()) attributes["name"] = question.name;
  json spec = {{"user", user.name}, {"groups", user.groups}, {"resourceAttributes", attributes}};
  if (!user.uid.empty()) spec["uid"] = user.uid;
  if (!user.extra.empty()) spec["extra"] = user.extra;
  const json review = {
      {"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SubjectAccessReview"}, {"spec", spec}};
  ASSIGN_OR_RETURN(const std::string answer, client.Create(kAccessReview, Dump(review), {}, call));
  const json status = Part(json::parse(answer, nullptr, false), "status");
  if (IsTrue(status, "allowed") && !IsTrue(status, "denied")) return absl::OkStatus();
  const std::string why = Text(status, "reason");
  return absl::PermissionDeniedError(Printable(user.name) + " may not " + question.verb + " " +
                                     question.resource +
                                     (why.empty() ? "" : ": " + Printable(why.substr(0, 500))));
}

}  // namespace innkeeper
