#pragma once
// Guests for people: the table's row and the page of `describe`.

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/table.h"
#include "innkeeper/admin/v1/admin.pb.h"

namespace innkeeper {

// NAME FQDN ENROLLED ADDRESSES NODE AGENT AGE; wide adds NAMESPACE PHASE OS UID.
std::vector<std::string> GuestHeader(OutputFormat format);
std::vector<std::string> GuestRow(const admin::v1::Guest& guest, OutputFormat format);
// Without rows. What is enrolled is green, what failed red.
Table EmptyGuestTable(OutputFormat format);
std::string GuestTable(const admin::v1::ListGuestsResponse& guests, OutputFormat format);

std::string GuestPage(const admin::v1::Guest& guest, const admin::v1::ListEventsResponse& events);

// "yes 48s", "joining 12s", "no: Conflict".
std::string EnrolledText(const admin::v1::Guest& guest);
// The condition of that type, or nullptr.
const admin::v1::Condition* FindCondition(const admin::v1::Guest& guest, const std::string& type);

std::string EventTable(const admin::v1::ListEventsResponse& events, bool with_guest);

}  // namespace innkeeper
