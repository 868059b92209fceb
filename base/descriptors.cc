#include "base/descriptors.h"

#include <google/protobuf/descriptor.pb.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/log.h"

namespace innkeeper {
namespace {

// Lines joined; empty lines part paragraphs.
std::string Flowed(const std::string& comment) {
  std::string text;
  const std::vector<std::string> lines = absl::StrSplit(comment, '\n');
  for (const std::string& raw : lines) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty()) {
      if (!text.empty() && !text.ends_with('\n')) text += "\n\n";
    } else {
      text += (text.empty() || text.ends_with('\n') ? "" : " ") + line;
    }
  }
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

// Dividers ("---- guests") are for readers of the file. A detached one never gets here.
template <class Described>
std::string Comment(const Described& described) {
  google::protobuf::SourceLocation where;
  if (!described.GetSourceLocation(&where)) return "";
  const std::string above = Flowed(where.leading_comments);
  const std::string behind = Flowed(where.trailing_comments);
  return above.empty() || behind.empty() ? above + behind : above + " " + behind;
}

}  // namespace

const google::protobuf::FileDescriptor& DescribedFile(const std::string& descriptor_set,
                                                      const std::string& name) {
  google::protobuf::FileDescriptorSet files;
  IK_CHECK(files.ParseFromString(descriptor_set));
  auto* const pool = new google::protobuf::DescriptorPool;  // as long as the process
  for (const auto& file : files.file()) pool->BuildFile(file);
  const google::protobuf::FileDescriptor* const found = pool->FindFileByName(name);
  IK_CHECK(found != nullptr);
  return *found;
}

std::string CommentOf(const google::protobuf::FieldDescriptor& field) { return Comment(field); }
std::string CommentOf(const google::protobuf::Descriptor& message) { return Comment(message); }
std::string CommentOf(const google::protobuf::EnumValueDescriptor& value) { return Comment(value); }
std::string CommentOf(const google::protobuf::MethodDescriptor& method) { return Comment(method); }
std::string CommentOf(const google::protobuf::ServiceDescriptor& service) {
  return Comment(service);
}

std::string FileCommentOf(const google::protobuf::FileDescriptor& file) {
  google::protobuf::SourceLocation where;
  const std::vector<int> syntax{google::protobuf::FileDescriptorProto::kSyntaxFieldNumber};
  return file.GetSourceLocation(syntax, &where) ? Flowed(where.leading_comments) : "";
}

}  // namespace innkeeper
