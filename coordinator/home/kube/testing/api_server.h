#pragma once
// An API server in memory that knows the kinds of this home: Guests are held to their schema, as
// the real one holds them.

#include "base/testing/fake_clock.h"
#include "coordinator/kube/testing/fake_kube_client.h"

namespace innkeeper {

std::vector<FakeKubeKind> HomeKinds();

}  // namespace innkeeper
