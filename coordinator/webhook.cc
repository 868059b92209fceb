#include "coordinator/webhook.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"

namespace innkeeper {

Webhook::Webhook(Parts parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      metrics_(parts_.registry),
      admission_(parts_.opt_in, options_.rules),
      trust_(parts_.client, parts_.clock, parts_.registry,
             {[this] { return served_.With([](const KeyPair& pair) { return pair.Copy(); }); },
              [this] {
                return options_.certificate_dir.empty()
                           ? parts_.issuers.Bundle(Authority::kCoordinator)
                           : std::string();
              },
              [this] { return Asking(); }}) {}

Webhook::Options Webhook::OptionsOf(const CoordinatorConfig& config, const Policy& policy,
                                    const std::string& ns) {
  Options options;
  options.listen = config.webhook.listen;
  options.certificate_dir = config.webhook.certificate_dir;
  options.own_dir = config.state_dir + "/webhook";
  options.names = config.webhook.names;
  if (options.names.empty()) options.names = {"innkeeper-webhook." + ns + ".svc"};
  options.rules.policy = policy;
  options.rules.naming.domain = config.ipa.domain;
  options.rules.readable_secrets = {config.webhook.readable_secrets.begin(),
                                    config.webhook.readable_secrets.end()};
  return options;
}

absl::StatusOr<std::unique_ptr<Webhook>> Webhook::Create(Parts parts, Options options) {
  std::unique_ptr<Webhook> webhook(new Webhook(parts, std::move(options)));
  RETURN_IF_ERROR(webhook->Build());
  return webhook;
}

absl::Status Webhook::Build() {
  RETURN_IF_ERROR(BuildCertificate());
  const KeyPair pair = served_.With([](const KeyPair& now) { return now.Copy(); });
  ASSIGN_OR_RETURN(TlsContext tls, MakeServerContext(pair, "", ClientCertificate::kNone));
  ASSIGN_OR_RETURN(server_,
                   HttpServer::Create(WebhookServerOptions(options_.listen, std::move(tls))));
  RouteWebhooks(*server_, admission_, metrics_, parts_.clock);
  return absl::OkStatus();
}

absl::Status Webhook::BuildCertificate() {
  if (!options_.certificate_dir.empty()) {
    FolderCertificate::Options folder;
    folder.directory = options_.certificate_dir;
    folder.use = [this](const KeyPair& pair) { Use(pair); };
    folder_ = std::make_unique<FolderCertificate>(parts_.clock, std::move(folder));
    return Annotate(folder_->Look(), "webhook.certificate_dir");
  }
  ServingCertificate::Options own;
  own.directory = options_.own_dir;
  own.names = options_.names;
  own.use = [this](const KeyPair& pair, const std::string&) { Use(pair); };
  own_ = std::make_unique<ServingCertificate>(parts_.issuers, parts_.clock, std::move(own));
  RETURN_IF_ERROR(own_->Ensure());
  ASSIGN_OR_RETURN(KeyPair pair, LoadKeyPair(options_.own_dir));
  Use(pair);
  return absl::OkStatus();
}

void Webhook::Use(const KeyPair& pair) {
  served_.With([&](KeyPair& now) { now = pair.Copy(); });
  if (!server_) return;  // it takes the present one when it is built
  absl::StatusOr<TlsContext> tls = MakeServerContext(pair, "", ClientCertificate::kNone);
  if (!tls.ok()) return LogError("new webhook certificate is not used", {{"err", tls.status()}});
  server_->ReplaceTls(*std::move(tls));
  Wake();
}

AskingTypes Webhook::Asking() const {
  return {parts_.opt_in.Names(OptInSets::Kind::kInstanceType),
          parts_.opt_in.Names(OptInSets::Kind::kPreference)};
}

absl::Status Webhook::Start() {
  RETURN_IF_ERROR(server_->Start());
  if (folder_) folder_->Start();
  if (own_) own_->Start();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return absl::OkStatus();
}

void Webhook::Stop(const Call& drain) {
  thread_ = {};
  folder_.reset();
  own_.reset();
  server_->Stop(drain);
}

void Webhook::Wake() {
  const std::scoped_lock lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

void Webhook::Run(const std::stop_token& stop) {
  NameThread("webhook-trust");
  absl::Status told;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, options_.look, [this] { return woken_; });
      woken_ = false;
    }
    if (stop.stop_requested() || !parts_.leadership.Leads()) continue;
    Call call = Call::Within(std::chrono::seconds(10), stop);
    call.deadline = std::min(call.deadline, parts_.leadership.WriteUntil());
    const absl::Status looked = trust_.Reconcile(call);
    if (!looked.ok() && looked.code() != told.code())
      LogWarning("the webhook's configuration cannot be kept", {{"err", looked}});
    told = looked;
  }
}

absl::Status Webhook::Health() const { return folder_ ? folder_->state() : absl::OkStatus(); }

}  // namespace innkeeper
