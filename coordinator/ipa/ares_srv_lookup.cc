#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <array>
#include <optional>

#include "coordinator/ipa/srv_lookup.h"
#include "coordinator/ipa/stoppable_poll.h"

namespace innkeeper {
namespace {

// For one server, doubled at each further round: a dead one costs less than a second.
constexpr int kTryMilliseconds = 800;
constexpr int kRounds = 3;

absl::Status LibraryStarts() {
  static const int kStarted = ares_library_init(ARES_LIB_INIT_ALL);
  if (kStarted == ARES_SUCCESS) return absl::OkStatus();
  return absl::InternalError(std::string("c-ares: ") + ares_strerror(kStarted));
}

// One channel, one question. Not thread-safe.
class Question {
 public:
  Question() = default;
  ~Question() {
    if (channel_) ares_destroy(channel_);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  absl::Status Open(const std::string& dns_server) {
    ares_options options{};
    options.timeout = kTryMilliseconds;
    options.tries = kRounds;
    const int failed = ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (failed != ARES_SUCCESS)
      return absl::InternalError(std::string("c-ares: ") + ares_strerror(failed));
    if (!dns_server.empty() &&
        ares_set_servers_ports_csv(channel_, dns_server.c_str()) != ARES_SUCCESS)
      return absl::InvalidArgumentError("not the address of a DNS server: " + dns_server);
    return absl::OkStatus();
  }

  absl::StatusOr<SrvAnswer> Services(const std::string& name, const Call& call) {
    struct Reply {
      bool done = false;
      absl::StatusOr<SrvAnswer> answer = absl::InternalError("no reply");
    } reply;
    // The callback runs inside Drive, or when the channel is destroyed: `reply` must outlive both,
    // so an unanswered question is cancelled here.
    ares_query(
        channel_, name.c_str(), ns_c_in, ns_t_srv,
        [](void* arg, int status, int, unsigned char* bytes, int size) {
          auto& to = *static_cast<Reply*>(arg);
          to.done = true;
          to.answer = bytes && size > 0 ? DecodeSrvReply(bytes, static_cast<size_t>(size))
                                        : absl::StatusOr<SrvAnswer>(Failure(status));
        },
        &reply);
    const absl::Status driven = Drive(reply.done, call);
    if (!driven.ok()) ares_cancel(channel_);
    RETURN_IF_ERROR(driven);
    return std::move(reply.answer);
  }

  absl::StatusOr<std::vector<std::string>> Addresses(const std::string& host, const Call& call) {
    struct Reply {
      bool done = false;
      absl::Status status;
      std::vector<std::string> addresses;
    } reply;
    const ares_addrinfo_hints hints{ARES_AI_NOSORT, AF_UNSPEC, SOCK_STREAM, 0};
    ares_getaddrinfo(
        channel_, host.c_str(), nullptr, &hints,
        [](void* arg, int status, int, ares_addrinfo* found) {
          auto& to = *static_cast<Reply*>(arg);
          to.done = true;
          if (status != ARES_SUCCESS) {
            to.status = Failure(status);
            return;
          }
          for (const ares_addrinfo_node* at = found->nodes; at; at = at->ai_next) {
            if (std::optional<std::string> text = AddressText(*at)) to.addresses.push_back(*text);
          }
          ares_freeaddrinfo(found);
        },
        &reply);
    const absl::Status driven = Drive(reply.done, call);
    if (!driven.ok()) ares_cancel(channel_);
    RETURN_IF_ERROR(driven);
    RETURN_IF_ERROR(reply.status);
    return std::move(reply.addresses);
  }

 private:
  static absl::Status Failure(int status) {
    const std::string text = std::string("DNS: ") + ares_strerror(status);
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA) return absl::NotFoundError(text);
    if (status == ARES_EBADNAME) return absl::InvalidArgumentError(text);
    return absl::UnavailableError(text);
  }

  static std::optional<std::string> AddressText(const ares_addrinfo_node& node) {
    char text[INET6_ADDRSTRLEN] = "";
    const void* raw = nullptr;
    if (node.ai_family == AF_INET)
      raw = &reinterpret_cast<const sockaddr_in*>(node.ai_addr)->sin_addr;
    if (node.ai_family == AF_INET6)
      raw = &reinterpret_cast<const sockaddr_in6*>(node.ai_addr)->sin6_addr;
    if (!raw || !inet_ntop(node.ai_family, raw, text, sizeof text)) return std::nullopt;
    return text;
  }

  // Moves bytes until `done`.
  absl::Status Drive(const bool& done, const Call& call) {
    while (!done) {
      std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
      const int wanted = ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM);
      std::vector<pollfd> fds;
      for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        short events = 0;
        if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
        if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
        if (events) fds.push_back({sockets[static_cast<size_t>(i)], events, 0});
      }
      timeval longest{0, kTryMilliseconds * 1000};
      timeval wait{};
      ares_timeout(channel_, &longest, &wait);
      const Duration at_most =
          std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
      ASSIGN_OR_RETURN(const int ready, StoppablePoll(fds, at_most, call, "ask DNS"));
      if (ready == 0) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      for (const pollfd& fd : fds) {
        constexpr short kReadable = POLLIN | POLLERR | POLLHUP;
        if (fd.revents)
          ares_process_fd(channel_, fd.revents & kReadable ? fd.fd : ARES_SOCKET_BAD,
                          fd.revents & POLLOUT ? fd.fd : ARES_SOCKET_BAD);
      }
    }
    return absl::OkStatus();
  }

  ares_channel channel_ = nullptr;
};

class AresSrvLookup final : public SrvLookup {
 public:
  explicit AresSrvLookup(std::string dns_server) : dns_server_(std::move(dns_server)) {}

  absl::StatusOr<SrvAnswer> Services(const std::string& name, const Call& call) override {
    Question question;
    RETURN_IF_ERROR(question.Open(dns_server_));
    return question.Services(name, call);
  }
  absl::StatusOr<std::vector<std::string>> Addresses(const std::string& host,
                                                     const Call& call) override {
    Question question;
    RETURN_IF_ERROR(question.Open(dns_server_));
    return question.Addresses(host, call);
  }

 private:
  const std::string dns_server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SrvLookup>> MakeAresSrvLookup(const std::string& dns_server) {
  RETURN_IF_ERROR(LibraryStarts());
  Question probe;
  RETURN_IF_ERROR(probe.Open(dns_server));
  return std::make_unique<AresSrvLookup>(dns_server);
}

}  // namespace innkeeper
