#pragma once
// Why a peer's certificate was not accepted, as a closed set that fits a metric's label and an
// audit line. The status of a refusal carries it, so that it survives on its way up.

#include <array>
#include <string>

#include "base/status.h"

namespace innkeeper {

enum class CertificateFlaw {
  kMissing,      // none was shown where one is needed
  kUnreadable,   // not a certificate
  kUntrusted,    // signed by nobody we trust
  kExpired,      //
  kNotYetValid,  //
  kWrongUsage,   // not made for what it is used for (a server's shown by a client)
  kWrongRole,    // good, but its owner has no business here
};
inline constexpr std::array kCertificateFlaws{
    CertificateFlaw::kMissing,   CertificateFlaw::kUnreadable,  CertificateFlaw::kUntrusted,
    CertificateFlaw::kExpired,   CertificateFlaw::kNotYetValid, CertificateFlaw::kWrongUsage,
    CertificateFlaw::kWrongRole,
};

// "missing", "not-yet-valid", ...
const char* NameOf(CertificateFlaw flaw);

// PERMISSION_DENIED that FlawOf reads.
absl::Status RefusedCertificate(CertificateFlaw flaw, const std::string& why);

// For a verification that OpenSSL ended with `x509_error` (X509_V_ERR_...).
absl::Status RefusedByOpenssl(long x509_error);

// kWrongRole for a refusal that carries none: then somebody looked at who it is.
CertificateFlaw FlawOf(const absl::Status& refusal);

}  // namespace innkeeper
