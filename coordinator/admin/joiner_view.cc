#include "coordinator/admin/joiner_view.h"

namespace innkeeper {
namespace {

absl::StatusOr<JoinerWish> WishOf(const admin::v1::JoinerHostsRequest& request) {
  JoinerWish wish;
  wish.space = request.namespace_();
  if (!request.domain().empty()) {
    const absl::StatusOr<Fqdn> domain = ParseFqdn(request.domain(), 255);
    if (!domain.ok()) return Annotate(domain.status(), "domain");
    wish.domain = domain->text;
  }
  if (!request.vm().empty()) {
    absl::StatusOr<GuestKey> vm = ParseGuestKey(request.vm());
    if (!vm.ok()) return Annotate(vm.status(), "vm");
    wish.vm = *std::move(vm);
  }
  return wish;
}

admin::v1::JoinerHostsResponse Show(const JoinerReport& report) {
  admin::v1::JoinerHostsResponse response;
  response.set_hosts_seen(static_cast<int32_t>(report.hosts_seen));
  for (const JoinerRow& row : report.rows) {
    admin::v1::JoinerHostsResponse::Host& shown = *response.add_hosts();
    shown.set_fqdn(row.fqdn.text);
    if (!row.vm.name.empty()) shown.set_vm(row.vm.Text());
    shown.set_state(row.state);
    shown.set_action(NameOf(row.action));
    shown.set_detail(row.detail);
  }
  return response;
}

}  // namespace

absl::StatusOr<admin::v1::JoinerHostsResponse> Ask(JoinerAdoption& adoption,
                                                   const admin::v1::JoinerHostsRequest& wish,
                                                   bool adopt, const Call& call) {
  ASSIGN_OR_RETURN(const JoinerWish asked, WishOf(wish));
  ASSIGN_OR_RETURN(const JoinerReport report,
                   adopt ? adoption.Apply(asked, call) : adoption.Plan(asked, call));
  return Show(report);
}

}  // namespace innkeeper
