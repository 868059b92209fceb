#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/admission/user_data/form.h"

namespace innkeeper {

struct UserDataSample {
  std::string name;
  std::string bytes;
  UserDataForm form = UserDataForm::kUnknown;
};
// At least one of every form, plain and packed, with the odd spellings that people use.
std::vector<UserDataSample> UserDataSamples();

// One gzip member.
std::string Gzip(std::string_view bytes);

}  // namespace innkeeper
