#pragma once
// The fixture of KubeClient's contract test, kube_client_contract.h.

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/kube/kube_failure.h"
#include "coordinator/kube/testing/kube_under_test.h"

namespace innkeeper {

class KubeClientContract
    : public testing::TestWithParam<std::function<std::unique_ptr<KubeUnderTest>()>> {
 protected:
  using Json = nlohmann::json;
  using Seen = std::vector<std::pair<KubeChange, std::string>>;  // "name=value of spec.a"

  KubeClientContract()
      : server_(GetParam()()),
        client_(server_->Client("innkeeper")),
        ns_(server_->FreshNamespace()) {}

  static Call AnyCall() { return Call::Within(std::chrono::seconds(60)); }
  KubePath Path(const std::string& name, const std::string& subresource = "") const {
    return {server_->Widgets(), ns_, name, subresource};
  }
  KubeCollection All() const { return {.kind = server_->Widgets(), .ns = ns_}; }
  Json Widget(const std::string& name, Json spec = Json::object()) const {
    const KubeKind kind = server_->Widgets();
    return {{"apiVersion", kind.group + "/" + kind.version},
            {"kind", "Widget"},
            {"metadata", {{"name", name}, {"namespace", ns_}}},
            {"spec", std::move(spec)}};
  }
  Json Parsed(const absl::StatusOr<std::string>& object) {
    EXPECT_TRUE(object.ok()) << object.status();
    return object.ok() ? Json::parse(*object) : Json{{"metadata", Json::object()}};
  }
  Json Made(const Json& widget) {
    const std::string name = widget["metadata"]["name"];
    return Parsed(client_->Create(Path(name), widget.dump(), {}, AnyCall()));
  }
  Json Stored(const std::string& name) { return Parsed(client_->Get(Path(name), AnyCall())); }
  Json Put(const Json& widget, const std::string& subresource = "") {
    const std::string name = widget["metadata"]["name"];
    return Parsed(client_->Replace(Path(name, subresource), widget.dump(), {}, AnyCall()));
  }
  absl::Status Merge(const std::string& name, const Json& patch) {
    return client_->Patch(Path(name), KubePatch::kMerge, patch.dump(), {}, AnyCall()).status();
  }
  absl::Status JsonPatch(const std::string& name, const Json& patch) {
    return client_->Patch(Path(name), KubePatch::kJson, patch.dump(), {}, AnyCall()).status();
  }
  static std::string Version(const Json& object) {
    return object["metadata"].value("resourceVersion", "");
  }
  static std::string Say(const Json& object) {
    const Json a = object.contains("spec") ? object["spec"].value("a", Json()) : Json();
    return object["metadata"].value("name", "") + (a.is_null() ? "" : "=" + a.dump());
  }
  // The names of a list; it must be complete.
  std::vector<std::string> Names(const KubeCollection& which) {
    std::vector<std::string> names;
    const auto version = client_->List(
        which,
        [&](KubeChange change, std::string_view object) {
          EXPECT_EQ(change, KubeChange::kAdded);
          names.push_back(Json::parse(object)["metadata"]["name"]);
          return absl::OkStatus();
        },
        AnyCall());
    EXPECT_TRUE(version.ok()) << version.status();
    EXPECT_NE(version.value_or(""), "");
    std::ranges::sort(names);
    return names;
  }
  std::string ListVersion() {
    return client_
        ->List(
            All(), [](KubeChange, std::string_view) { return absl::OkStatus(); }, AnyCall())
        .value_or("");
  }
  // The first `count` changes (bookmarks left out) that a watch brings.
  Seen Watched(const KubeCollection& which, const KubeWatch& from, size_t count) {
    Seen seen;
    const absl::Status ended = client_->Watch(
        which, from,
        [&](KubeChange change, std::string_view object) {
          if (change == KubeChange::kBookmark) return absl::OkStatus();
          seen.emplace_back(change, Say(Json::parse(object)));
          return seen.size() < count ? absl::OkStatus() : absl::DataLossError("enough");
        },
        AnyCall());
    EXPECT_EQ(ended.code(), absl::StatusCode::kDataLoss) << ended;
    return seen;
  }

  const std::unique_ptr<KubeUnderTest> server_;
  const std::unique_ptr<KubeClient> client_;
  const std::string ns_;
};

}  // namespace innkeeper
