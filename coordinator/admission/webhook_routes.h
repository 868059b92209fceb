#pragma once
// The webhook as the API server calls it.
//
//   POST /mutate-virtualmachine   AdmissionReview in, AdmissionReview out: 200, whatever the
//   verdict
//                                 400 no AdmissionReview (or not v1), 415 not JSON
//   GET  /healthz                 200: for probes that were written for the older joiner

#include <string>

#include "base/clock.h"
#include "base/http_server/http_server.h"
#include "coordinator/admission/admission_metrics.h"
#include "coordinator/admission/vm_admission.h"

namespace innkeeper {

// For a listener of the webhook's own: no worker can then be held by anything else, and what the
// admin API does never delays a review. Bodies up to what the API server itself takes (3 MiB an
// object, and a review of an update has two). Clients need no certificate: the API server shows
// none unless told to, and nothing is given away.
HttpServer::Options WebhookServerOptions(const std::string& listen, TlsContext tls);

// All outlive the server. Before its Start.
void RouteWebhooks(HttpServer& server, const VmAdmission& admission, AdmissionMetrics& metrics,
                   const Clock& clock);

}  // namespace innkeeper
