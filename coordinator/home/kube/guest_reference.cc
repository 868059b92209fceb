// docs/reference/guest-resource.md, for people: a table of each message.

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "base/descriptors.h"
#include "coordinator/home/kube/guest_crd.h"
#include "coordinator/home/kube/guest_description.h"
#include "coordinator/home/kube/resource_schema.h"

namespace innkeeper {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsTime(const FieldDescriptor& field) {
  return field.message_type()->full_name() == "google.protobuf.Timestamp";
}
bool IsOwn(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->file() == GuestMessage().file();
}

std::string LinkTo(const std::string& name) {
  return "[" + name + "](#" + absl::AsciiStrToLower(name) + ")";
}

std::string ValueType(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "integer";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (IsOwn(field)) return LinkTo(field.message_type()->name());
      return IsTime(field) ? "time" : "duration";
    default:
      return "string";
  }
}

std::string TypeCell(const FieldDescriptor& field) {
  if (field.is_map()) return "map of " + ValueType(*field.message_type()->map_value());
  const std::string value = ValueType(field);
  return field.is_repeated() ? "list of " + value : value;
}

std::string MeaningCell(const FieldDescriptor& field) {
  std::string text = CommentOf(field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    for (const ResourceEnumValue& value : ResourceEnumValues(*field.enum_type()))
      text += "<br>`" + value.name + "`: " + value.description;
  }
  const resource::v1::Limits& limits = LimitsOf(field);
  for (const resource::v1::Rule& rule : limits.rules())
    text += "<br>Held to: " + rule.message() + ".";
  if (limits.has_max_items()) text += "<br>At most " + std::to_string(limits.max_items()) + ".";
  // The codes themselves have a page of their own.
  return absl::StrReplaceAll(
      text, {{"|", "\\|"}, {"\n", "<br>"}, {"{reasons}", "a code of [reasons](reasons.md)"}});
}

void AddMessage(const Descriptor& message, std::set<std::string>& done, std::string& page) {
  if (!done.insert(message.name()).second) return;
  page += "\n## " + message.name() + "\n\n" + CommentOf(message) + "\n\n" +
          "| field | type | meaning |\n|---|---|---|\n";
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    page += "| `" + field.json_name() + "`" + (LimitsOf(field).required() ? " (required)" : "") +
            " | " + TypeCell(field) + " | " + MeaningCell(field) + " |\n";
  }
  for (int i = 0; i < message.field_count(); ++i) {
    if (IsOwn(*message.field(i)) && !message.field(i)->is_map())
      AddMessage(*message.field(i)->message_type(), done, page);
  }
}

}  // namespace

std::string GuestResourceReference() {
  const resource::v1::Resource& resource = GuestResource();
  std::string page =
      "# The Guest resource\n\n"
      "Written from `proto/innkeeper/guest/v1alpha1/guest.proto` by `scripts/reference`, as is "
      "the\n"
      "CustomResourceDefinition `deploy/coordinator/crd-guests.yaml`. `kubectl explain guest` says "
      "the same.\n\n"
      "| `kubectl get guests` | from | |\n|---|---|---|\n";
  for (const resource::v1::Column& column : resource.columns())
    page += "| " + column.name() + (column.wide() ? " (`-o wide`)" : "") + " | `" + column.path() +
            "` | " + column.description() + " |\n";
  std::set<std::string> done;
  AddMessage(GuestMessage(), done, page);
  return page;
}

}  // namespace innkeeper
