#include "coordinator/ipa/kerberos_tickets.h"

#include <fcntl.h>
#include <krb5/krb5.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "coordinator/ipa/kdc_exchange.h"

namespace innkeeper {
namespace {

constexpr char kCache[] = "MEMORY:innkeeper-ipa";
// Tickets that end sooner than this are fetched anew. FreeIPA's own sessions were seen to die 13 s
// before the ticket behind them.
constexpr krb5_deltat kSpareSeconds = 300;

bool IsPlainName(const std::string& text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

std::string ConfigText(const std::string& realm, const std::string& domain) {
  return "[libdefaults]\n default_realm = " + realm +
         "\n dns_canonicalize_hostname = false\n rdns = false\n dns_lookup_realm = false\n"
         " dns_lookup_kdc = true\n[domain_realm]\n ." +
         domain + " = " + realm + "\n " + domain + " = " + realm + "\n";
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "write " + path);
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = errno;
  if (close(fd) != 0 || written != static_cast<ssize_t>(text.size()))
    return ErrnoStatus(written < 0 ? error : EIO, "write " + path);
  return absl::OkStatus();
}

// One libkrb5 context and what hangs on it, freed in order.
class Kerberos {
 public:
  Kerberos() { krb5_init_context(&context_); }
  ~Kerberos() {
    if (client_) krb5_free_principal(context_, client_);
    if (cache_) krb5_cc_close(context_, cache_);
    if (keytab_) krb5_kt_close(context_, keytab_);
    if (context_) krb5_free_context(context_);
  }
  Kerberos(const Kerberos&) = delete;
  Kerberos& operator=(const Kerberos&) = delete;

  absl::Status Open(const KeytabAccount& account) {
    if (!context_) return absl::InternalError("libkrb5 does not start: is its krb5.conf broken?");
    RETURN_IF_ERROR(Check(krb5_parse_name(context_, account.principal.c_str(), &client_),
                          "principal " + account.principal));
    RETURN_IF_ERROR(Check(krb5_cc_resolve(context_, kCache, &cache_), "ticket cache"));
    return Check(krb5_kt_resolve(context_, ("FILE:" + account.keytab).c_str(), &keytab_),
                 "keytab " + account.keytab);
  }

  // When the cached ticket for `service` ends, or 0.
  krb5_timestamp EndOf(const std::string& service) {
    krb5_creds wanted{};
    krb5_creds found{};
    wanted.client = client_;
    if (krb5_parse_name(context_, service.c_str(), &wanted.server) != 0) return 0;
    krb5_timestamp end = 0;
    if (krb5_cc_retrieve_cred(context_, cache_, 0, &wanted, &found) == 0) {
      end = found.times.endtime;
      krb5_free_cred_contents(context_, &found);
    }
    krb5_free_principal(context_, wanted.server);
    return end;
  }

  std::string realm() const { return std::string(client_->realm.data, client_->realm.length); }

  absl::Status Now(krb5_timestamp& now) { return Check(krb5_timeofday(context_, &now), "time"); }

  // A fresh ticket-granting ticket, alone in an emptied cache. Forwardable: FreeIPA's web server
  // goes on to the directory in the caller's name, which the KDC allows with no other kind.
  absl::Status Begin(const std::string& kdc, const Call& call) {
    krb5_get_init_creds_opt* wish = nullptr;
    RETURN_IF_ERROR(Check(krb5_get_init_creds_opt_alloc(context_, &wish), "ticket request"));
    krb5_get_init_creds_opt_set_forwardable(wish, 1);
    krb5_init_creds_context exchange = nullptr;
    absl::Status done =
        Check(krb5_init_creds_init(context_, client_, nullptr, nullptr, 0, wish, &exchange),
              "ticket request");
    if (done.ok()) done = BeginWith(exchange, kdc, call);
    if (exchange) krb5_init_creds_free(context_, exchange);
    krb5_get_init_creds_opt_free(context_, wish);
    return done;
  }

  // A ticket for `service` into the cache, by the ticket-granting ticket there.
  absl::Status Add(const std::string& service, const std::string& kdc, const Call& call) {
    krb5_creds wanted{};
    wanted.client = client_;
    RETURN_IF_ERROR(Check(krb5_parse_name(context_, service.c_str(), &wanted.server), service));
    krb5_tkt_creds_context exchange = nullptr;
    const krb5_error_code failed = krb5_tkt_creds_init(context_, cache_, &wanted, 0, &exchange);
    krb5_free_principal(context_, wanted.server);
    RETURN_IF_ERROR(Check(failed, "ticket for " + service));
    absl::Status done =
        Converse("ticket for " + service, kdc, call,
                 [&](krb5_data* in, krb5_data* out, krb5_data* realm, unsigned int* flags) {
                   return krb5_tkt_creds_step(context_, exchange, in, out, realm, flags);
                 });
    krb5_tkt_creds_free(context_, exchange);
    return done;
  }

 private:
  absl::Status BeginWith(krb5_init_creds_context exchange, const std::string& kdc,
                         const Call& call) {
    RETURN_IF_ERROR(Check(krb5_init_creds_set_keytab(context_, exchange, keytab_), "keytab"));
    RETURN_IF_ERROR(
        Converse("ticket", kdc, call,
                 [&](krb5_data* in, krb5_data* out, krb5_data* realm, unsigned int* flags) {
                   return krb5_init_creds_step(context_, exchange, in, out, realm, flags);
                 }));
    krb5_creds ticket{};
    RETURN_IF_ERROR(Check(krb5_init_creds_get_creds(context_, exchange, &ticket), "ticket"));
    absl::Status stored = Check(krb5_cc_initialize(context_, cache_, client_), "ticket cache");
    if (stored.ok()) stored = Check(krb5_cc_store_cred(context_, cache_, &ticket), "ticket cache");
    krb5_free_cred_contents(context_, &ticket);
    return stored;
  }

  // Carries the library's messages to the KDC and back until it has what it wants.
  template <class Step>
  absl::Status Converse(const std::string& doing, const std::string& kdc, const Call& call,
                        Step step) {
    constexpr int kMostRounds = 16;  // pre-authentication takes two or three
    std::string reply;
    for (int round = 0; round < kMostRounds; ++round) {
      krb5_data in{0, static_cast<unsigned int>(reply.size()), reply.data()};
      krb5_data out{};
      krb5_data realm{};
      unsigned int flags = 0;
      const krb5_error_code failed = step(&in, &out, &realm, &flags);
      const std::string request(out.data ? out.data : "", out.length);
      krb5_free_data_contents(context_, &out);
      krb5_free_data_contents(context_, &realm);
      RETURN_IF_ERROR(Check(failed, doing));
      if ((flags & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE) == 0) return absl::OkStatus();
      ASSIGN_OR_RETURN(reply, ExchangeWithKdc(kdc, kKdcPort, request, call));
    }
    return absl::UnavailableError(doing + ": the KDC does not come to an end");
  }

  absl::Status Check(krb5_error_code failed, const std::string& doing) {
    if (failed == 0) return absl::OkStatus();
    const char* text = krb5_get_error_message(context_, failed);
    const std::string message = "Kerberos, " + doing + ": " + text;
    krb5_free_error_message(context_, text);
    return absl::Status(CodeOf(failed), message);
  }

  static absl::StatusCode CodeOf(krb5_error_code failed) {
    switch (failed) {
      case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN:
      case KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN:
      case KRB5KDC_ERR_CLIENT_REVOKED:
      case KRB5KDC_ERR_PREAUTH_FAILED:
      case KRB5KDC_ERR_KEY_EXP:
      case KRB5KDC_ERR_NAME_EXP:
      case KRB5KDC_ERR_POLICY:
      case KRB5KRB_AP_ERR_BAD_INTEGRITY:
        return absl::StatusCode::kPermissionDenied;
      case KRB5_KT_NOTFOUND:
      case KRB5_KT_IOERR:
      case ENOENT:
      case EACCES:
        return absl::StatusCode::kFailedPrecondition;
      case KRB5_PARSE_MALFORMED:
        return absl::StatusCode::kInvalidArgument;
      default:
        return absl::StatusCode::kUnavailable;
    }
  }

  krb5_context context_ = nullptr;
  krb5_principal client_ = nullptr;
  krb5_ccache cache_ = nullptr;
  krb5_keytab keytab_ = nullptr;
};

class KeytabTickets final : public TicketSource {
 public:
  explicit KeytabTickets(KeytabAccount account) : account_(std::move(account)) {}

  absl::StatusOr<Hold> Get(const std::string& server, const std::string& address,
                           const Call& call) override {
    Kerberos kerberos;
    RETURN_IF_ERROR(kerberos.Open(account_));
    const std::string service = "HTTP/" + server + "@" + kerberos.realm();
    krb5_timestamp now = 0;
    RETURN_IF_ERROR(kerberos.Now(now));
    {
      Hold hold(mutex_);
      if (!stale_ && !Ends(kerberos.EndOf(service), now)) return hold;
    }
    RETURN_IF_ERROR(Fetch(kerberos, service, now, address, call));
    return Hold(mutex_);
  }

  void Discard() override { stale_ = true; }

 private:
  absl::Status Fetch(Kerberos& kerberos, const std::string& service, krb5_timestamp now,
                     const std::string& kdc, const Call& call) {
    const std::unique_lock rebuild(mutex_, call.deadline);
    if (!rebuild.owns_lock())
      return absl::DeadlineExceededError("another login keeps the ticket cache busy");
    const std::string granting = "krbtgt/" + kerberos.realm() + "@" + kerberos.realm();
    if (stale_.exchange(false) || Ends(kerberos.EndOf(granting), now))
      RETURN_IF_ERROR(kerberos.Begin(kdc, call));
    if (!Ends(kerberos.EndOf(service), now)) return absl::OkStatus();
    return kerberos.Add(service, kdc, call);
  }

  // Compared as unsigned: Kerberos' 32 bits reach past 2038 that way.
  static bool Ends(krb5_timestamp end, krb5_timestamp now) {
    return static_cast<uint32_t>(end) < static_cast<uint32_t>(now) + kSpareSeconds;
  }

  const KeytabAccount account_;
  std::shared_timed_mutex mutex_;
  std::atomic<bool> stale_ = false;
};

}  // namespace

absl::Status PrepareKerberos(const std::string& directory, const std::string& realm,
                             const std::string& domain) {
  if (!IsPlainName(realm) || !IsPlainName(domain))
    return absl::InvalidArgumentError("realm and domain must be plain names");
  const std::string path = directory + "/krb5.conf";
  RETURN_IF_ERROR(WriteFile(path, ConfigText(realm, domain)));
  if (setenv("KRB5_CONFIG", path.c_str(), 1) != 0 || setenv("KRB5CCNAME", kCache, 1) != 0)
    return ErrnoStatus(errno, "set Kerberos' environment");
  return absl::OkStatus();
}

std::unique_ptr<TicketSource> MakeKeytabTickets(KeytabAccount account) {
  return std::make_unique<KeytabTickets>(std::move(account));
}

}  // namespace innkeeper
