#pragma once
// A real API server for tests, found by the environment that `tests/env/env kubernetes env` prints.
// A test that needs it fails without it.

#include <memory>
#include <string>

#include "base/clock.h"
#include "coordinator/kube/http_kube_client.h"
#include "coordinator/kube/testing/kube_under_test.h"

namespace innkeeper {

class RealKube final : public KubeUnderTest {
 public:
  // Aborts the test program where there is no server. Makes the kind of widgets when it is missing.
  RealKube();
  ~RealKube() override;

  std::unique_ptr<KubeClient> Client(const std::string& manager) override;
  KubeKind Widgets() override;
  std::string FreshNamespace() override;
  void Compact() override;

  // The administrator's.
  KubeAccess access() const;
  // As the administrator, through this proxy.
  std::unique_ptr<KubeClient> ClientThrough(const std::string& proxy);
  // `env kubernetes ARGUMENTS`, its output kept from the test's. Aborts when it fails.
  void Env(const std::string& arguments);

 private:
  RealClock clock_;
  std::unique_ptr<KubeClient> admin_;
  std::vector<std::string> namespaces_;
};

}  // namespace innkeeper
