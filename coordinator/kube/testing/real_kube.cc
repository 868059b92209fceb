#include "coordinator/kube/testing/real_kube.h"

#include <cstdlib>

#include "base/log.h"
#include "base/random.h"

namespace innkeeper {
namespace {

const KubePath kDefinition{
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions"}, "", "widgets.test.innkeeper.dev"};

constexpr char kWidgets[] = R"({
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
  "metadata": {"name": "widgets.test.innkeeper.dev"},
  "spec": {
    "group": "test.innkeeper.dev", "scope": "Namespaced",
    "names": {"plural": "widgets", "singular": "widget", "kind": "Widget",
              "listKind": "WidgetList"},
    "versions": [{
      "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
      "selectableFields": [{"jsonPath": ".spec.node"}],
      "schema": {"openAPIV3Schema": {"type": "object", "properties": {
        "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                 "properties": {"node": {"type": "string"}}},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}})";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) LogError("not set: see tests/env/in_env", {{"variable", name}});
  IK_CHECK(value != nullptr);
  return value;
}

Call AnyCall() { return Call::Within(std::chrono::seconds(60)); }

}  // namespace

RealKube::RealKube() : admin_(Client("test")) {
  admin_->Create(kDefinition, kWidgets, {}, AnyCall()).IgnoreError();
  // A kind is served a moment after its definition is there.
  const Call call = AnyCall();
  const KubeSink ignore = [](KubeChange, std::string_view) { return absl::OkStatus(); };
  while (!admin_->List({.kind = Widgets()}, ignore, call).ok()) IK_CHECK(call.Check("wait").ok());
}

RealKube::~RealKube() {
  for (const std::string& ns : namespaces_)
    admin_->Delete({{"", "v1", "namespaces"}, "", ns}, {}, AnyCall()).IgnoreError();
}

KubeAccess RealKube::access() const {
  absl::StatusOr<KubeAccess> access = ReadKubeconfig(Variable("KUBECONFIG"));
  IK_CHECK(access.ok());
  return *std::move(access);
}

std::unique_ptr<KubeClient> RealKube::Client(const std::string& manager) {
  auto client = HttpKubeClient::Create(access(), {.manager = manager, .page_size = 4}, clock_);
  IK_CHECK(client.ok());
  return *std::move(client);
}

std::unique_ptr<KubeClient> RealKube::ClientThrough(const std::string& proxy) {
  KubeAccess around = access();
  around.proxy = proxy;
  auto client = HttpKubeClient::Create(std::move(around), {.page_size = 4}, clock_);
  IK_CHECK(client.ok());
  return *std::move(client);
}

KubeKind RealKube::Widgets() { return {"test.innkeeper.dev", "v1", "widgets"}; }

std::string RealKube::FreshNamespace() {
  const std::string ns = "test-" + RandomHex(6);
  const std::string object = R"({"metadata":{"name":")" + ns + "\"}}";
  IK_CHECK(admin_->Create({{"", "v1", "namespaces"}, "", ns}, object, {}, AnyCall()).ok());
  namespaces_.push_back(ns);
  return ns;
}

void RealKube::Env(const std::string& arguments) {
  const std::string command =
      "'" + Variable("INNKEEPER_ENV") + "' kubernetes " + arguments + " >/dev/null 2>&1";
  IK_CHECK(std::system(command.c_str()) == 0);
}

void RealKube::Compact() { Env("compact"); }

}  // namespace innkeeper
