#include "agent/order_book.h"

#include <utility>

#include "base/log.h"

namespace innkeeper {
namespace {

// Of one step of a task: a few agent calls, of which each may cost libvirt's 5 s twice.
constexpr Duration kStepLimit = std::chrono::seconds(30);
constexpr size_t kMostOrders = 4096;  // open ones; a coordinator that sends more is refused

const char* NameOf(const agent::v1::Order& order) {
  if (order.has_enroll()) return "join";
  if (order.has_leave()) return "leave";
  return order.has_verify() ? "verify" : "inspect";
}

}  // namespace

OrderBook::OrderBook(Lanes& lanes, const Clock& clock, FindGuest find_guest, Inspect inspect,
                     TaskReport report)
    : lanes_(lanes),
      clock_(clock),
      find_guest_(std::move(find_guest)),
      inspect_(std::move(inspect)),
      report_(std::move(report)) {}

void OrderBook::Accept(agent::v1::Order order) {
  const std::string id = order.id();
  std::optional<agent::v1::OrderResult> known;
  const bool fresh = book_.With([&](Book& book) {
    if (const auto place = book.entries.find(id); place != book.entries.end()) {
      known = place->second.result;
      return false;
    }
    book.entries[id] = Entry{};
    return true;
  });
  if (known) return report_.finished(*known);
  if (!fresh) return;  // under way: its end will be told
  LogInfo("order accepted",
          {{"order", id}, {"job", NameOf(order)}, {"domain", order.domain_uuid()}});
  if (book_.With([](Book& book) { return book.entries.size(); }) > kMostOrders) {
    return Refuse(order, agent::v1::RESULT_CLASS_BUSY, "too many open orders");
  }
  Run(id, std::move(order));
}

void OrderBook::Run(const std::string& id, agent::v1::Order order) {
  GuestAgent* guest = find_guest_(DomainId{order.domain_uuid()});
  if (guest == nullptr) {
    return Refuse(order, agent::v1::RESULT_CLASS_DOMAIN_GONE, "this node has no such domain");
  }
  if (order.has_inspect()) return RunInspection(order);
  if (!order.has_enroll() && !order.has_leave() && !order.has_verify()) {
    return Refuse(order, agent::v1::RESULT_CLASS_INTERNAL, "an order this agent does not know");
  }
  const DomainId domain{order.domain_uuid()};
  const char* name = NameOf(order);
  TaskReport report{report_.progress,
                    [this](const agent::v1::OrderResult& result) { Finish(result); }};
  const auto task =
      std::make_shared<GuestTask>(std::move(order), *guest, clock_, std::move(report));
  book_.With([&](Book& book) { book.entries[id].task = task; });
  const bool queued = lanes_.Submit(
      domain, {name, [task](const Call& call) { return task->Step(call); }, kStepLimit, false});
  if (queued) return;
  task->Refuse(agent::v1::RESULT_CLASS_BUSY, "the guest's lane is full");
}

void OrderBook::RunInspection(const agent::v1::Order& order) {
  agent::v1::OrderResult result;
  result.set_id(order.id());
  result.set_domain_uuid(order.domain_uuid());
  result.set_kind(KindOf(order));
  inspect_(DomainId{order.domain_uuid()}, [this, result](const absl::Status& status) mutable {
    result.set_result_class(status.ok() ? agent::v1::RESULT_CLASS_OK : ClassOf(FailureOf(status)));
    result.set_detail(CleanGuestText(std::string(status.message()), 300));
    Finish(result);
  });
}

void OrderBook::Refuse(const agent::v1::Order& order, agent::v1::ResultClass why,
                       const char* detail) {
  agent::v1::OrderResult result;
  result.set_id(order.id());
  result.set_domain_uuid(order.domain_uuid());
  result.set_kind(KindOf(order));
  result.set_result_class(why);
  result.set_detail(detail);
  Finish(result);
}

void OrderBook::Finish(const agent::v1::OrderResult& result) {
  book_.With([&](Book& book) {
    Entry& entry = book.entries[result.id()];
    entry.task.reset();
    entry.result = result;
    ++book.counts[result.result_class()];
  });
  LogInfo("order finished", {{"order", result.id()},
                             {"domain", result.domain_uuid()},
                             {"result", agent::v1::ResultClass_Name(result.result_class())},
                             {"detail", result.detail()}});
  report_.finished(result);
}

void OrderBook::Cancel(const std::string& id) {
  const std::shared_ptr<GuestTask> task = book_.With([&](Book& book) {
    const auto place = book.entries.find(id);
    return place == book.entries.end() ? nullptr : place->second.task;
  });
  if (task) task->Cancel();
}

void OrderBook::DomainGone(const DomainId& domain) {
  book_.With([&](Book& book) {
    for (auto& [id, entry] : book.entries) {
      if (entry.task && entry.task->domain() == domain) entry.task->DomainGone();
    }
  });
}

void OrderBook::Acknowledge(const std::string& id) {
  book_.With([&](Book& book) {
    const auto place = book.entries.find(id);
    if (place != book.entries.end() && place->second.result) book.entries.erase(place);
  });
}

std::vector<std::string> OrderBook::Open() const {
  return book_.With([](Book& book) {
    std::vector<std::string> ids;
    for (const auto& [id, entry] : book.entries) ids.push_back(id);
    return ids;
  });
}

std::map<agent::v1::ResultClass, uint64_t> OrderBook::ResultCounts() const {
  return book_.With([](Book& book) { return book.counts; });
}

}  // namespace innkeeper
