#include "coordinator/admission/user_data/form.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "coordinator/admission/user_data/gunzip.h"

namespace innkeeper {
namespace {

constexpr size_t kMimeWindow = 4096;  // bytes in which cloud-init looks for "mime-version:"
constexpr char kGzipMagic[] = "\x1f\x8b";

struct Beginning {
  const char* text;
  UserDataForm form;
};
// A longer text stands before the one that it begins with.
constexpr Beginning kBeginnings[] = {
    {"#cloud-config-archive", UserDataForm::kCloudConfigArchive},
    {"#cloud-config-jsonp", UserDataForm::kCloudConfigJsonPatch},
    {"#cloud-config", UserDataForm::kCloudConfig},
    {"#cloud-boothook", UserDataForm::kBoothook},
    {"## template: jinja", UserDataForm::kJinja},
    {"#part-handler", UserDataForm::kPartHandler},
    {"#include", UserDataForm::kInclude},
    {"#!", UserDataForm::kScript},
    {"#ps1", UserDataForm::kCloudbase},
    {"rem cmd", UserDataForm::kCloudbase},
    {"<powershell>", UserDataForm::kCloudbase},
    {"<script>", UserDataForm::kCloudbase},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Python's str.lstrip, as far as ASCII goes.
bool IsBlank(char c) { return (c >= 9 && c <= 13) || (c >= 28 && c <= 32); }

bool BeginsWith(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() &&
         std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                    [](char wanted, char c) { return wanted == Lower(c); });
}

bool SaysMime(std::string_view bytes) {
  constexpr std::string_view kHeader = "mime-version:";
  constexpr size_t kColon = kHeader.size() - 1;  // few characters of a text are one
  const std::string_view window = bytes.substr(0, kMimeWindow);
  size_t at = window.find(':', kColon);
  while (at != std::string_view::npos && !BeginsWith(window.substr(at - kColon), kHeader)) {
    at = window.find(':', at + 1);
  }
  return at != std::string_view::npos;
}

bool Holds(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

// For what is left alone anyway: only so that people are told what it is taken for.
UserDataForm Guess(std::string_view text) {
  if (text.front() == '{' && Holds(text, "\"ignition\"")) return UserDataForm::kIgnition;
  if (Holds(text, "version: v1alpha1") && Holds(text, "machine:")) return UserDataForm::kTalos;
  return UserDataForm::kUnknown;
}

UserDataForm FormOf(std::string_view bytes) {
  // cloud-init decodes a whole message as UTF-8, and gives up on all of it when that fails.
  if (SaysMime(bytes)) {
    return IsUtf8(std::string(bytes)) ? UserDataForm::kMime : UserDataForm::kUnknown;
  }
  const auto* first = std::find_if_not(bytes.begin(), bytes.end(), IsBlank);
  const std::string_view text = bytes.substr(static_cast<size_t>(first - bytes.begin()));
  if (text.empty()) return UserDataForm::kNone;
  const auto* known = std::find_if(std::begin(kBeginnings), std::end(kBeginnings),
                                   [&](const Beginning& b) { return BeginsWith(text, b.text); });
  return known == std::end(kBeginnings) ? Guess(text) : known->form;
}

}  // namespace

UserDataShape Recognise(std::string_view bytes) {
  if (bytes.size() > kUserDataCap) return {UserDataForm::kTooLarge};
  if (!bytes.starts_with(kGzipMagic)) return {FormOf(bytes)};
  absl::StatusOr<std::string> unpacked = Gunzip(bytes, kUserDataCap);
  if (!unpacked.ok()) {
    const bool large = absl::IsResourceExhausted(unpacked.status());
    return {large ? UserDataForm::kTooLarge : UserDataForm::kBrokenGzip, true};
  }
  const UserDataForm form = FormOf(*unpacked);
  return {form, true, *std::move(unpacked)};
}

bool IsComposable(UserDataForm form) { return form <= UserDataForm::kMime; }

const char* NameOf(UserDataForm form) {
  constexpr const char* kNames[] = {"none",
                                    "cloud-config",
                                    "cloud-config-archive",
                                    "cloud-config-jsonp",
                                    "script",
                                    "include",
                                    "boothook",
                                    "jinja",
                                    "part-handler",
                                    "mime",
                                    "ignition",
                                    "talos",
                                    "cloudbase-init",
                                    "unknown",
                                    "broken-gzip",
                                    "too-large"};
  static_assert(std::size(kNames) == static_cast<size_t>(UserDataForm::kTooLarge) + 1);
  return kNames[static_cast<size_t>(form)];
}

}  // namespace innkeeper
