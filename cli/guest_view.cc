#include "cli/guest_view.h"

#include "base/text.h"
#include "cli/output.h"
#include "proto/time.h"

namespace innkeeper {
namespace {

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

void AddLine(std::string& page, const std::string& label, const std::string& value) {
  if (value.empty()) return;
  page += label + ":" + std::string(label.size() < 15 ? 15 - label.size() : 1, ' ') +
          Printable(value) + "\n";
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime(absl::RFC3339_sec, FromProtoTime(time), absl::LocalTimeZone()) + " (" +
         Age(FromProtoTime(time)) + " ago)";
}

void AddIdentity(std::string& page, const admin::v1::Guest& guest) {
  const admin::v1::GuestStatus& status = guest.status();
  AddLine(page, "Wish",
          guest.identity().enroll().empty() ? "follow the domain's metadata"
                                            : guest.identity().enroll());
  AddLine(page, "FQDN", status.fqdn());
  AddLine(page, "Host entry", status.host_dn());
  AddLine(page, "Host groups", Joined(guest.identity().host_groups()));
  AddLine(page, "Host class", guest.identity().host_class());
  if (status.has_keytab_since()) AddLine(page, "Key since", TimeText(status.keytab_since()));
  if (status.has_enroll_took()) {
    AddLine(page, "Enrolled in", ShortDuration(FromProtoDuration(status.enroll_took())));
  }
  if (status.attempts() > 0) AddLine(page, "Failed tries", std::to_string(status.attempts()));
  if (status.has_next_try()) AddLine(page, "Next try", TimeText(status.next_try()));
  AddLine(page, "Under way", status.progress());
}

void AddConditions(std::string& page, const admin::v1::Guest& guest) {
  Table table({"  CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"});
  for (const admin::v1::Condition& condition : guest.status().conditions()) {
    table.Add({"  " + condition.type(), condition.status(), condition.reason(),
               Age(FromProtoTime(condition.since())), condition.message()});
  }
  page += "\n" + table.Text();
}

}  // namespace

const admin::v1::Condition* FindCondition(const admin::v1::Guest& guest, const std::string& type) {
  for (const admin::v1::Condition& condition : guest.status().conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

std::string EnrolledText(const admin::v1::Guest& guest) {
  const admin::v1::GuestStatus& status = guest.status();
  const admin::v1::Condition* enrolled = FindCondition(guest, "Enrolled");
  if (enrolled != nullptr && enrolled->status() == "True") {
    return status.has_enroll_took()
               ? "yes " + ShortDuration(FromProtoDuration(status.enroll_took()))
               : "yes";
  }
  if (!status.progress().empty()) return status.progress();
  if (enrolled == nullptr || enrolled->reason().empty()) return "no";
  return (enrolled->status() == "Unknown" ? "unknown: " : "no: ") + enrolled->reason();
}

std::vector<std::string> GuestHeader(OutputFormat format) {
  if (format != OutputFormat::kWide) {
    return {"NAME", "FQDN", "ENROLLED", "ADDRESSES", "NODE", "AGENT", "AGE"};
  }
  return {"NAMESPACE", "NAME",  "FQDN",  "ENROLLED", "PHASE", "ADDRESSES",
          "NODE",      "AGENT", "STATE", "OS",       "UID",   "AGE"};
}

std::vector<std::string> GuestRow(const admin::v1::Guest& guest, OutputFormat format) {
  const admin::v1::GuestStatus& status = guest.status();
  const std::string age = Age(FromProtoTime(guest.created()));
  const std::string addresses = Joined(status.addresses());
  if (format != OutputFormat::kWide) {
    return {guest.name(), status.fqdn(), EnrolledText(guest),
            addresses,    status.node(), status.agent(),
            age};
  }
  return {guest.namespace_(), guest.name(), status.fqdn(), EnrolledText(guest),
          status.phase(),     addresses,    status.node(), status.agent(),
          status.run_state(), status.os(),  guest.uid(),   age};
}

Table EmptyGuestTable(OutputFormat format) {
  Table table(GuestHeader(format));
  table.DressColumn(format == OutputFormat::kWide ? 3 : 2, [](const std::string& cell) {
    if (cell.starts_with("yes")) return Toned(cell, Tone::kGood);
    return cell.starts_with("no: ") ? Toned(cell, Tone::kBad) : cell;
  });
  return table;
}

std::string GuestTable(const admin::v1::ListGuestsResponse& guests, OutputFormat format) {
  Table table = EmptyGuestTable(format);
  for (const admin::v1::Guest& guest : guests.guests()) table.Add(GuestRow(guest, format));
  return table.Text();
}

std::string EventTable(const admin::v1::ListEventsResponse& events, bool with_guest) {
  Table table(with_guest ? std::vector<std::string>{"AGE", "TYPE", "REASON", "GUEST", "MESSAGE"}
                         : std::vector<std::string>{"  AGE", "TYPE", "REASON", "MESSAGE"});
  table.DressColumn(1, [](const std::string& cell) {
    return cell == "Warning" ? Toned(cell, Tone::kBad) : cell;
  });
  for (const admin::v1::Event& event : events.events()) {
    const std::string age = Age(FromProtoTime(event.time()));
    if (with_guest) {
      table.Add({age, event.severity(), event.reason(), event.namespace_() + "/" + event.guest(),
                 event.message()});
    } else {
      table.Add({"  " + age, event.severity(), event.reason(), event.message()});
    }
  }
  return table.Text();
}

std::string GuestPage(const admin::v1::Guest& guest, const admin::v1::ListEventsResponse& events) {
  const admin::v1::GuestStatus& status = guest.status();
  std::string page;
  AddLine(page, "Name", guest.name());
  AddLine(page, "Namespace", guest.namespace_());
  AddLine(page, "UID", guest.uid());
  AddLine(page, "Phase", status.phase());
  AddLine(page, "Enrolled", EnrolledText(guest));
  AddIdentity(page, guest);
  AddLine(page, "Node", status.node());
  AddLine(page, "State", status.run_state());
  AddLine(page, "Guest agent", status.agent());
  AddLine(page, "Addresses", Joined(status.addresses()));
  AddLine(page, "System", status.os());
  if (status.has_clock_skew()) {
    const absl::Duration skew = FromProtoDuration(status.clock_skew());
    if (absl::AbsDuration(skew) >= absl::Seconds(2)) {
      AddLine(page, "Clock skew", absl::FormatDuration(absl::Trunc(skew, absl::Seconds(1))));
    }
  }
  AddLine(page, "Created", TimeText(guest.created()));
  AddConditions(page, guest);
  if (!events.events().empty()) page += "\n" + EventTable(events, /*with_guest=*/false);
  return page;
}

}  // namespace innkeeper
