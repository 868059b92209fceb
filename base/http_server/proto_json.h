#pragma once
// JSON answers and bodies of an API whose messages are protobuf's (proto3 JSON mapping).

#include <google/protobuf/message.h>

#include <string>

#include "base/http_server/http_server.h"
#include "base/status.h"

namespace innkeeper {

HttpServerReply JsonReply(const google::protobuf::Message& message);

// {"error": {"code": "NOT_FOUND", "message": "..."}} with the HTTP status of the code. What went
// wrong inside (INTERNAL, UNKNOWN, DATA_LOSS) is for our own log: the client only learns that it
// did.
HttpServerReply ErrorReply(const absl::Status& status);
int HttpStatusOf(absl::StatusCode code);

// One line of compact JSON.
std::string ToJson(const google::protobuf::Message& message);

// INVALID_ARGUMENT: the body is not the JSON of that message. An empty body is an empty message.
// Unknown fields are refused: a typing error must not pass as "not wished"; so is what nests deeper
// than 64 levels.
absl::Status ParseJsonBody(const std::string& body, google::protobuf::Message* message);

}  // namespace innkeeper
