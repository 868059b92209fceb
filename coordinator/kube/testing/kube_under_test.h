#pragma once
// What the contract test of KubeClient needs of a server, in memory or real.

#include <memory>
#include <string>

#include "coordinator/kube/kube_client.h"

namespace innkeeper {

class KubeUnderTest {
 public:
  virtual ~KubeUnderTest() = default;
  // As that field manager. Lists come in small pages where there are pages.
  virtual std::unique_ptr<KubeClient> Client(const std::string& manager) = 0;
  // A kind of the test's own: namespaced, with status; spec and status may hold anything, and
  // spec.node can be selected.
  virtual KubeKind Widgets() = 0;
  // A namespace in which nobody else works.
  virtual std::string FreshNamespace() = 0;
  // Forgets every change up to now.
  virtual void Compact() = 0;
};

}  // namespace innkeeper
