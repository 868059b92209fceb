#pragma once
// A generated cluster: VirtualMachines that were enrolled at their creation, and their instances,
// as an API server sends them: about 4 KB each, managedFields and status included. The same
// number always makes the same object.

#include <cstddef>
#include <string>

#include "coordinator/kube/kube_client.h"

namespace innkeeper {

enum class CorpusKind { kVm, kVmi };

const char* NameOf(CorpusKind kind);           // "VirtualMachine"
KubeCollection CollectionOf(CorpusKind kind);  // of all namespaces

// Appends the object's JSON. `version`: its resourceVersion, at least 1; odd and even ones differ
// in what is looked at (a label's neighbour, the agent's presence).
void AppendObject(CorpusKind kind, size_t number, size_t version, std::string& to);
std::string ObjectOf(CorpusKind kind, size_t number, size_t version = 1);

// One line of a watch: {"type":"ADDED","object":...}, with its newline.
void AppendEvent(CorpusKind kind, const char* type, size_t number, size_t version, std::string& to);
// The line that says that all there is was told.
std::string InitialEventsEnd(CorpusKind kind, size_t version);

// Objects [first, first + count) as a page of a list; `next` is its token, empty on the last page.
std::string PageOf(CorpusKind kind, size_t first, size_t count, const std::string& next);

}  // namespace innkeeper
