#pragma once
// Manual page and reference of a program, written from its own command line (CLI11's tree), so that
// neither can be out of date. What no option says (files, exit codes) comes from a Manual.

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace innkeeper {

struct Manual {
  int section = 1;                       // of the manual: 1 for people, 8 for administrators
  std::string summary;                   // behind the name: "enrol libvirt guests in FreeIPA"
  std::vector<std::string> description;  // paragraphs

  struct Entry {
    std::string term, text;
  };
  struct Section {
    std::string title;  // "FILES", in capitals
    std::vector<Entry> entries;
  };
  std::vector<Section>
      sections;  // between the options and SEE ALSO; ENVIRONMENT goes on with these
  std::vector<std::string> see_also;  // "innkeeper-agent(8)"
};

// The page as man(7) source.
std::string ManPage(const CLI::App& app, const Manual& manual);
// The same as Markdown, for docs/reference.
std::string CommandReference(const CLI::App& app, const Manual& manual);

// Hidden options --print-manual and --print-commands: print one of them and end the parse with
// CLI::Success.
void AddManualOptions(CLI::App& app, Manual manual);

}  // namespace innkeeper
