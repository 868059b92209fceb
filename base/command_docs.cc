#include "base/command_docs.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/version.h"

namespace innkeeper {
namespace {

// An app as the documents show it.
struct Command {
  std::string path;   // "innkeeper nodes revoke"
  std::string usage;  // behind it: "[OPTIONS] node"
  std::string description;
  std::vector<std::string> examples;
  std::vector<Manual::Entry> options;
  std::vector<Manual::Entry> environment;
};

// Hidden ones have no group; that each command has --help is said once.
bool IsShown(const CLI::Option& option, const CLI::App& app) {
  const bool help = &option == app.get_help_ptr();
  return !option.get_group().empty() && !(help && app.get_parent() != nullptr);
}

std::string ValueOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0 || option.get_lnames().empty()) return "";
  if (option.get_lnames().front() == "help") return "";
  std::string name = absl::AsciiStrToUpper(option.get_lnames().front());
  return " " + name.substr(name.rfind('-') + 1);
}

std::string TermOf(const CLI::Option& option) {
  std::string term;
  for (const std::string& name : option.get_snames()) term += (term.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) term += (term.empty() ? "--" : ", --") + name;
  return term + ValueOf(option);
}

std::string TextOf(const CLI::Option& option) {
  std::string text = option.get_description();
  if (!text.empty() && !text.ends_with('.')) text += '.';
  if (!option.get_default_str().empty()) text += " Default: " + option.get_default_str() + ".";
  if (!option.get_envname().empty()) text += " Environment: " + option.get_envname() + ".";
  return text;
}

std::string PositionalOf(const CLI::Option& option) {
  std::string name = absl::AsciiStrToUpper(option.get_name(/*positional=*/true));
  if (option.get_items_expected_max() > 1) name += "...";
  return option.get_required() ? name : "[" + name + "]";
}

std::vector<std::string> ExamplesOf(const CLI::App& app) {
  std::vector<std::string> examples;
  const std::vector<std::string> lines = absl::StrSplit(app.get_footer(), '\n');
  for (const std::string& raw : lines) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (!line.empty() && line != "Examples:") examples.push_back(line);
  }
  return examples;
}

Command Look(const CLI::App& app, const std::string& path) {
  Command command{.path = path, .usage = "[OPTIONS]"};
  command.description = std::string(absl::StripAsciiWhitespace(app.get_description()));
  if (!command.description.ends_with('.')) command.description += '.';
  const bool commands = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (commands) command.usage += app.get_require_subcommand_min() > 0 ? " COMMAND" : " [COMMAND]";
  for (const CLI::Option* option : app.get_options()) {
    if (!IsShown(*option, app)) continue;
    if (option->get_positional()) {
      command.usage += " " + PositionalOf(*option);
      command.options.push_back({PositionalOf(*option), TextOf(*option)});
    } else {
      command.options.push_back({TermOf(*option), TextOf(*option)});
    }
    if (!option->get_envname().empty()) {
      command.environment.push_back({option->get_envname(), "Stands for " + TermOf(*option) + "."});
    }
  }
  command.examples = ExamplesOf(app);
  return command;
}

void Each(const CLI::App& app, const std::string& path,
          const std::function<void(const Command&)>& use) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string below = path + " " + sub->get_name();
    use(Look(*sub, below));
    Each(*sub, below, use);
  }
}

// Text for man(7): no line may begin as a request, and a hyphen must be copyable.
std::string Roff(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else if ((c == '.' || c == '\'') && (safe.empty() || safe.back() == '\n')) {
      safe += std::string("\\&") + c;
    } else if (c != '`') {
      safe += c;
    }
  }
  return safe;
}

std::string RoffEntries(const std::vector<Manual::Entry>& entries) {
  std::string page;
  for (const Manual::Entry& entry : entries) {
    page += ".TP\n.B \"" + Roff(entry.term) + "\"\n" + Roff(entry.text) + "\n";
  }
  return page;
}

std::string RoffExamples(const std::vector<std::string>& examples) {
  if (examples.empty()) return "";
  std::string page = ".PP\nExamples:\n.PP\n.nf\n.RS 4\n";
  for (const std::string& line : examples) page += Roff(line) + "\n";
  return page + ".RE\n.fi\n";
}

// Sections of the manual; ENVIRONMENT begins with what options name.
std::vector<Manual::Section> SectionsOf(const Command& whole, const Manual& manual) {
  std::vector<Manual::Section> sections = manual.sections;
  if (whole.environment.empty()) return sections;
  for (Manual::Section& section : sections) {
    if (section.title != "ENVIRONMENT") continue;
    section.entries.insert(section.entries.begin(), whole.environment.begin(),
                           whole.environment.end());
    return sections;
  }
  sections.insert(sections.begin(), {"ENVIRONMENT", whole.environment});
  return sections;
}

std::string Heading(const std::string& capitals) {
  return capitals.substr(0, 1) + absl::AsciiStrToLower(capitals.substr(1));
}

std::string MarkdownEntries(const std::vector<Manual::Entry>& entries) {
  if (entries.empty()) return "";
  std::string page = "| | |\n|---|---|\n";
  for (const Manual::Entry& entry : entries) {
    page += "| `" + entry.term + "` | " + entry.text + " |\n";
  }
  return page + "\n";
}

std::string MarkdownExamples(const std::vector<std::string>& examples) {
  std::string page;
  for (const std::string& line : examples) page += "    " + line + "\n";
  return page.empty() ? "" : page + "\n";
}

}  // namespace

std::string ManPage(const CLI::App& app, const Manual& manual) {
  const Command whole = Look(app, app.get_name());
  std::string page = ".\\\" Written by " + whole.path + " \\-\\-print\\-manual.\n.TH \"" +
                     absl::AsciiStrToUpper(whole.path) + "\" \"" + std::to_string(manual.section) +
                     "\" \"\" \"Innkeeper " + kVersion + "\" \"Innkeeper\"\n";
  page += ".SH NAME\n" + Roff(whole.path) + " \\- " + Roff(manual.summary) + "\n";
  page += ".SH SYNOPSIS\n.B \"" + Roff(whole.path) + "\"\n" + Roff(whole.usage) + "\n";
  page += ".SH DESCRIPTION\n";
  for (const std::string& paragraph : manual.description) page += ".PP\n" + Roff(paragraph) + "\n";
  page += ".SH OPTIONS\n" + RoffEntries(whole.options);
  page += ".SH COMMANDS\n";
  Each(app, whole.path, [&](const Command& command) {
    page += ".SS \"" + Roff(command.path + " " + command.usage) + "\"\n" +
            Roff(command.description) + "\n" + RoffEntries(command.options) +
            RoffExamples(command.examples);
  });
  for (const Manual::Section& section : SectionsOf(whole, manual)) {
    page += ".SH \"" + section.title + "\"\n" + RoffEntries(section.entries);
  }
  page += ".SH \"SEE ALSO\"\n";
  for (size_t i = 0; i < manual.see_also.size(); ++i) {
    page += (i == 0 ? "" : ",\n") + Roff(manual.see_also[i]);
  }
  return page + "\n";
}

std::string CommandReference(const CLI::App& app, const Manual& manual) {
  const Command whole = Look(app, app.get_name());
  std::string page =
      "# " + whole.path + ": commands\n\n    " + whole.path + " " + whole.usage + "\n\n";
  for (const std::string& paragraph : manual.description) page += paragraph + "\n\n";
  page += "## Options\n\n" + MarkdownEntries(whole.options);
  Each(app, whole.path, [&](const Command& command) {
    page += "## " + command.path + "\n\n" + command.description + "\n\n    " + command.path + " " +
            command.usage + "\n\n" + MarkdownEntries(command.options) +
            MarkdownExamples(command.examples);
  });
  for (const Manual::Section& section : SectionsOf(whole, manual)) {
    page += "## " + Heading(section.title) + "\n\n" + MarkdownEntries(section.entries);
  }
  return std::string(absl::StripTrailingAsciiWhitespace(page)) + "\n";
}

void AddManualOptions(CLI::App& app, Manual manual) {
  const auto print = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    throw CLI::Success();
  };
  app.add_flag_callback(
         "--print-manual", [&app, manual, print] { print(ManPage(app, manual)); },
         "Print the manual page and end")
      ->group("");
  app.add_flag_callback(
         "--print-commands", [&app, manual, print] { print(CommandReference(app, manual)); },
         "Print the reference of all commands (Markdown) and end")
      ->group("");
}

}  // namespace innkeeper
