#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/time/time.h"
#include "cli/context.h"

namespace innkeeper {

// The message as JSON (indented) or YAML, proto3 JSON names; every field that is set.
std::string MachineText(const google::protobuf::Message& message, OutputFormat format);

// "48s", "2m", "3h", "12d": one unit, as short as kubectl's ages.
std::string ShortDuration(absl::Duration duration);
// Age of a time as of now; "-" for none.
std::string Age(absl::Time since);

// Colour only on a terminal and without NO_COLOR.
enum class Tone { kGood, kBad, kDim };
std::string Toned(const std::string& text, Tone tone);
bool StdoutIsTerminal();
bool StderrIsTerminal();

}  // namespace innkeeper
