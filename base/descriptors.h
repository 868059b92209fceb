#pragma once
// Protobuf's descriptors with what the generated code leaves out: comments. Documents that are made
// from a contract (OpenAPI, CustomResourceDefinition, reference pages) read it by these. Heavy
// header: for .cc files that write such documents.

#include <google/protobuf/descriptor.h>

#include <string>

namespace innkeeper {

// The file of that name out of a serialized FileDescriptorSet that has all it imports. It lives as
// long as the process; any thread. A set that the build did not make is a bug: CHECK fails.
const google::protobuf::FileDescriptor& DescribedFile(const std::string& descriptor_set,
                                                      const std::string& name);

// Comments of a descriptor whose pool knows its source: those above it, then the one behind it, as
// one paragraph; an empty line in them parts paragraphs. Detached ones do not count.
std::string CommentOf(const google::protobuf::FieldDescriptor& field);
std::string CommentOf(const google::protobuf::Descriptor& message);
std::string CommentOf(const google::protobuf::EnumValueDescriptor& value);
std::string CommentOf(const google::protobuf::MethodDescriptor& method);
std::string CommentOf(const google::protobuf::ServiceDescriptor& service);
// The comment above `syntax`.
std::string FileCommentOf(const google::protobuf::FileDescriptor& file);

}  // namespace innkeeper
