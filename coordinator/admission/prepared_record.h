#pragma once
// The annotation that says what was put into a VM, and what stood there before: the source of the
// user's user-data, so that it can be composed and, on opt-out, comes back.
//
//   {"joinSecret":"web-innkeeper","userDataSecret":"web-innkeeper-user-data",
//    "original":{"userData":"#cloud-config\n..."}}
//
// `original` has one of userData, userDataBase64, secretRef (a name), or nothing: there was none.
// Without userDataSecret the user-data was left alone and `original` is not there.

#include <optional>
#include <string>
#include <string_view>

#include "coordinator/admission/vm_marks.h"
#include "coordinator/admission/vm_view.h"

namespace innkeeper {

struct PreparedRecord {
  VmSecretNames secrets;  // user_data empty: left alone
  UserDataSource original;

  std::string Text() const;
  bool operator==(const PreparedRecord&) const = default;
};
// Nothing for what no Text() gives: people may have edited it.
std::optional<PreparedRecord> ParsePreparedRecord(std::string_view text);

}  // namespace innkeeper
