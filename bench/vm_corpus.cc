#include "bench/vm_corpus.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "bench/vm_corpus_text.h"
#include "coordinator/home/kube/mirrored_vms.h"

namespace innkeeper {
namespace {

constexpr size_t kNamespaces = 200, kNodes = 1000;
constexpr size_t kSlots = 9;
using Slots = std::array<std::string, kSlots>;

// Pieces of text and, between them, which slot stands there: filling in is a copy, so that what is
// measured is whoever reads.
class Template {
 public:
  explicit Template(std::string_view text) {
    std::string piece;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool slot = text[i] == '@' && i + 2 < text.size() && text[i + 2] == '@';
      if (slot) {
        pieces_.push_back({std::move(piece), static_cast<size_t>(text[i + 1] - 'a')});
        piece.clear();
        i += 2;
      } else if (text[i] != '\n') {  // for our own eyes only
        piece += text[i];
      }
    }
    end_ = std::move(piece);
  }
  void Append(const Slots& slots, std::string& to) const {
    for (const auto& [text, slot] : pieces_) {
      to += text;
      to += slots.at(slot);
    }
    to += end_;
  }

 private:
  std::vector<std::pair<std::string, size_t>> pieces_;
  std::string end_;
};

template <class... Values>
std::string Text(const char* form, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), form, values...);
  return text.data();
}

// Each kind of id has a space of its own; the bits are mixed as in random ones.
std::string Uuid(size_t number, size_t space) {
  const size_t mixed = (number + 1) * 0x9e3779b97f4a7c15u + space;
  return Text("%08zx-%04zx-4%03zx-9c39-%012zx", mixed >> 32, (mixed >> 16) & 0xffff, space, number);
}

Slots SlotsOf(size_t number, size_t version) {
  return {Text("team-%03zu", number % kNamespaces),
          Text("web-%06zu", number),
          Uuid(number, 1),
          Uuid(number, 2),
          Uuid(number, 3),
          Text("node-%04zu.example.test", number % kNodes),
          std::to_string(version),
          version % 2 == 1 ? "True" : "False",
          Text("10.%zu.%zu.%zu", (number >> 16) & 255, (number >> 8) & 255, number & 255)};
}

}  // namespace

const char* NameOf(CorpusKind kind) {
  return kind == CorpusKind::kVm ? "VirtualMachine" : "VirtualMachineInstance";
}

KubeCollection CollectionOf(CorpusKind kind) {
  return kind == CorpusKind::kVm ? MirroredVms::Collection() : MirroredVmis::Collection();
}

void AppendObject(CorpusKind kind, size_t number, size_t version, std::string& to) {
  static const Template vm(kVmText), vmi(kVmiText);
  (kind == CorpusKind::kVm ? vm : vmi).Append(SlotsOf(number, version), to);
}

std::string ObjectOf(CorpusKind kind, size_t number, size_t version) {
  std::string object;
  AppendObject(kind, number, version, object);
  return object;
}

void AppendEvent(CorpusKind kind, const char* type, size_t number, size_t version,
                 std::string& to) {
  to += R"({"type":")";
  to += type;
  to += R"(","object":)";
  AppendObject(kind, number, version, to);
  to += "}\n";
}

std::string InitialEventsEnd(CorpusKind kind, size_t version) {
  return R"({"type":"BOOKMARK","object":{"apiVersion":"kubevirt.io/v1","kind":")" +
         std::string(NameOf(kind)) + R"(","metadata":{"resourceVersion":")" +
         std::to_string(version) + R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})" +
         "\n";
}

std::string PageOf(CorpusKind kind, size_t first, size_t count, const std::string& next) {
  std::string page = R"({"apiVersion":"kubevirt.io/v1","kind":")" + std::string(NameOf(kind)) +
                     R"(List","items":[)";
  for (size_t i = first; i < first + count; ++i) {
    if (i > first) page += ',';
    AppendObject(kind, i, 1, page);
  }
  page += R"(],"metadata":{"continue":")" + next + R"(","resourceVersion":"1"}})";
  return page + "\n";
}

}  // namespace innkeeper
