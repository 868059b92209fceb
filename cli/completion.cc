#include "cli/completion.h"

#include <vector>

namespace innkeeper {
namespace {

struct Words {
  std::string path;  // "nodes revoke"; empty for the app itself
  std::string words;
  std::vector<std::pair<std::string, std::string>> described;  // word, help
};

std::string FirstSentence(const std::string& text) {
  std::string line = text.substr(0, text.find_first_of(";\n"));
  for (char& c : line) {
    if (c == '\'' || c == '"' || c == '`' || c == '$' || c == '\\') c = ' ';
  }
  return line;
}

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>& all) {
  Words here{path, "", {}};
  const auto add = [&](const std::string& word, const std::string& help) {
    here.words += (here.words.empty() ? "" : " ") + word;
    here.described.emplace_back(word, FirstSentence(help));
  };
  const auto subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* sub : subcommands) add(sub->get_name(), sub->get_description());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    for (const std::string& name : option->get_lnames())
      add("--" + name, option->get_description());
  }
  all.push_back(here);
  for (const CLI::App* sub : subcommands) {
    Collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
  }
}

// The words typed so far that are subcommands choose the list.
std::string Bash(const std::string& program, const std::vector<Words>& all) {
  std::string cases, known;
  for (const Words& words : all) {
    cases += "    '" + words.path + "') list='" + words.words + "';;\n";
    if (!words.path.empty()) known += "|" + words.path;
  }
  return "_" + program +
         "() {\n"
         "  local path='' list='' word next\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    next=\"${path:+$path }$word\"\n"
         "    case \"|" +
         known.substr(known.empty() ? 0 : 1) +
         "|\" in *\"|$next|\"*) path=$next;; esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$list\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _" +
         program + " " + program + "\n";
}

// True on a line that holds every word of the path.
std::string FishCondition(const std::string& path) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition = "__fish_seen_subcommand_from ";
  for (const char c : path) {
    condition += c == ' ' ? std::string("; and __fish_seen_subcommand_from ") : std::string(1, c);
  }
  return condition;
}

std::string Fish(const std::string& program, const std::vector<Words>& all) {
  std::string text;
  for (const Words& words : all) {
    const std::string when = FishCondition(words.path);
    for (const auto& [word, help] : words.described) {
      const bool option = word.starts_with("--");
      text += "complete -c " + program + (option ? "" : " -f") + " -n '" + when + "' " +
              (option ? "-l " + word.substr(2) : "-a " + word) + " -d '" + help + "'\n";
    }
  }
  return text;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  std::vector<Words> all;
  Collect(app, "", all);
  const std::string program = "innkeeper";
  if (shell == "bash") return Bash(program, all);
  if (shell == "zsh") {
    return "#compdef " + program + "\nautoload -U +X bashcompinit && bashcompinit\n" +
           Bash(program, all);
  }
  return shell == "fish" ? Fish(program, all) : "";
}

}  // namespace innkeeper
