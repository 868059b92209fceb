#include "base/certificate_flaw.h"

#include <openssl/x509.h>

namespace innkeeper {
namespace {

constexpr char kFlawPayload[] = "innkeeper/certificate-flaw";

CertificateFlaw FlawOfCode(long x509_error) {
  switch (x509_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateFlaw::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateFlaw::kNotYetValid;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
      return CertificateFlaw::kWrongUsage;
    default:
      return CertificateFlaw::kUntrusted;
  }
}

}  // namespace

const char* NameOf(CertificateFlaw flaw) {
  switch (flaw) {
    case CertificateFlaw::kMissing:
      return "missing";
    case CertificateFlaw::kUnreadable:
      return "unreadable";
    case CertificateFlaw::kUntrusted:
      return "untrusted";
    case CertificateFlaw::kExpired:
      return "expired";
    case CertificateFlaw::kNotYetValid:
      return "not-yet-valid";
    case CertificateFlaw::kWrongUsage:
      return "wrong-usage";
    case CertificateFlaw::kWrongRole:
      return "wrong-role";
  }
  return "wrong-role";
}

absl::Status RefusedCertificate(CertificateFlaw flaw, const std::string& why) {
  absl::Status refusal = absl::PermissionDeniedError(why);
  refusal.SetPayload(kFlawPayload, absl::Cord(NameOf(flaw)));
  return refusal;
}

absl::Status RefusedByOpenssl(long x509_error) {
  return RefusedCertificate(FlawOfCode(x509_error), std::string("certificate refused: ") +
                                                        X509_verify_cert_error_string(x509_error));
}

CertificateFlaw FlawOf(const absl::Status& refusal) {
  const auto payload = refusal.GetPayload(kFlawPayload);
  for (const CertificateFlaw flaw : kCertificateFlaws) {
    if (payload && *payload == NameOf(flaw)) return flaw;
  }
  return CertificateFlaw::kWrongRole;
}

}  // namespace innkeeper
