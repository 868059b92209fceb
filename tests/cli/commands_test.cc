// What each command prints, in each form.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli/testing/admin_server.h"
#include "tests/cli/testing/cli_run.h"

namespace innkeeper {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kWeb[] = "web.lab.example.test";

class CommandsTest : public testing::Test {
 protected:
  struct Done {
    int code;
    std::string out, err;
  };
  Done Run(std::vector<std::string> arguments, const CliRun::Environment& environment = {}) {
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    CliRun run(arguments, environment);
    const int code = run.Code();
    return {code, run.out(), run.err()};
  }
  void AddEnrolledGuests() {
    server_.world()->AddVm("web");
    server_.world()->AddVm("db");
    server_.world()->Settle();
  }
  void AddNode() {
    admin::v1::Node node;
    node.set_name("host1");
    node.set_namespace_("lab");
    node.set_state("connected");
    node.set_version("1.2.3");
    node.set_domains(2);
    server_.AddNode(node);
  }
  AdminServer server_;
};

TEST_F(CommandsTest, GuestsInEveryForm) {
  AddEnrolledGuests();
  const Done table = Run({"guests"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, StartsWith("NAME  FQDN"));
  EXPECT_THAT(table.out, AllOf(HasSubstr(kWeb), HasSubstr("yes"), HasSubstr("host1")));
  EXPECT_THAT(table.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Run({"guests", "-o", "wide"}).out, AllOf(HasSubstr("NAMESPACE"), HasSubstr("UID")));
  EXPECT_EQ(Run({"guests", "-o", "name"}).out, "lab/db\nlab/web\n");
  const json parsed = json::parse(Run({"guests", "-o", "json"}).out);
  EXPECT_EQ(parsed["guests"][1]["status"]["fqdn"], kWeb);
  EXPECT_THAT(Run({"guests", "-o", "yaml"}).out, HasSubstr("fqdn: \"web.lab.example.test\""));
  EXPECT_THAT(Run({"guests", "-n", "other", "-o", "name"}).out, IsEmpty());
}

TEST_F(CommandsTest, NothingThereIsSaidOnStandardError) {
  for (const char* command : {"guests", "events", "nodes"}) {
    const Done done = Run({command});
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, IsEmpty());
    EXPECT_THAT(done.err, StartsWith("No ")) << command;
  }
}

TEST_F(CommandsTest, GuestsWatchTellsEachChangeUnderOneHeader) {
  AddEnrolledGuests();
  CliRun watch({"--server", server_.address(), "guests", "--watch"});
  EXPECT_TRUE(watch.Shows(kWeb));
  server_.world()->AddVm("later");
  server_.world()->Settle();
  EXPECT_TRUE(watch.Shows("later.lab.example.test"));
  const std::string out = watch.out();
  EXPECT_EQ(out.find("NAME"), out.rfind("NAME"));
  server_.Stop();
  EXPECT_EQ(watch.Code(), 5) << "a script must not take the end for a success";
}

TEST_F(CommandsTest, WatchedGuestsAreMessagesForScripts) {
  AddEnrolledGuests();
  CliRun watch({"--server", server_.address(), "guests", "--watch", "-o", "name"});
  EXPECT_TRUE(watch.Shows("lab/web\n"));
}

TEST_F(CommandsTest, DescribeShowsConditionsAndEvents) {
  AddEnrolledGuests();
  const Done page = Run({"describe", "web"});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_THAT(page.out, AllOf(HasSubstr("FQDN:           web.lab.example.test"),
                              HasSubstr("CONDITION"), HasSubstr("Enrolled"), HasSubstr("TYPE")));
  EXPECT_EQ(json::parse(Run({"describe", "lab/web", "-o", "json"}).out)["name"], "web");
  EXPECT_EQ(Run({"describe", "web", "-o", "name"}).out, "lab/web\n");
}

TEST_F(CommandsTest, EventsOfAllOrOfOneGuest) {
  AddEnrolledGuests();
  const Done all = Run({"events"});
  EXPECT_THAT(all.out, AllOf(StartsWith("AGE"), HasSubstr("lab/web"), HasSubstr("lab/db")));
  EXPECT_THAT(Run({"events", "web"}).out, Not(HasSubstr("lab/db")));
  EXPECT_EQ(json::parse(Run({"events", "--limit", "1", "-o", "json"}).out)["events"].size(), 1u);
  EXPECT_EQ(
      json::parse(Run({"events", "-n", "lab", "--limit", "2", "-o", "json"}).out)["events"].size(),
      2u);
  CliRun watch({"--server", server_.address(), "events", "db", "--watch"});
  EXPECT_TRUE(watch.Shows("lab/db"));
}

TEST_F(CommandsTest, NodesAndTheirVerbs) {
  AddNode();
  EXPECT_THAT(Run({"nodes"}).out, AllOf(StartsWith("NAME"), HasSubstr("host1")));
  EXPECT_EQ(Run({"nodes", "-o", "name"}).out, "host1\n");
  EXPECT_EQ(json::parse(Run({"nodes", "-o", "json"}).out)["nodes"][0]["domains"], 2);
  EXPECT_EQ(Run({"nodes", "revoke", "host1"}).out, "host1: revoked\n");
  const Done unknown = Run({"nodes", "forget", "host9"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_THAT(unknown.err, HasSubstr("no node 'host9'"));
}

TEST_F(CommandsTest, AuditEndsWithSevenOnFindingsAndAdopts) {
  AddEnrolledGuests();
  EXPECT_EQ(Run({"audit"}).code, 0);
  HostRecord lost;
  lost.fqdn = {"lost.example.test"};
  lost.user_classes = {"innkeeper:c1:lab/lost:uid-7"};
  server_.world()->ipa.directory().PutHost(lost);
  const Done found = Run({"audit"});
  EXPECT_EQ(found.code, 7);
  EXPECT_THAT(found.out, AllOf(HasSubstr("HostWithoutGuest"), HasSubstr("lost.example.test")));
  EXPECT_THAT(found.err, HasSubstr("1 findings"));
  EXPECT_EQ(Run({"audit", "-o", "name"}).out, "lost.example.test\n");
  EXPECT_EQ(Run({"audit", "--adopt"}).code, 0);
}

TEST_F(CommandsTest, AdoptShowsFirstAndDoesItWhenAsked) {
  HostRecord host;
  host.fqdn = {kWeb};
  host.description = kJoinerDescription + std::string("2026-01-02 | K8s UID: canary");
  host.has_keytab = true;
  server_.world()->ipa.directory().PutHost(host);
  const VmUid uid = server_.world()->AddVm("web");
  server_.world()->Change(uid, [](VmRecord& vm) { vm.joiner_finalizer = true; });
  server_.world()->Settle();
  const Done plan = Run({"adopt", "virt-ipa-joiner"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, AllOf(StartsWith("FQDN"), HasSubstr("WOULD"), HasSubstr(kWeb),
                              HasSubstr("lab/web"), HasSubstr("adopt"), Not(HasSubstr("canary"))));
  EXPECT_THAT(plan.err, AllOf(HasSubstr("1 would be adopted"), HasSubstr("--apply")));
  const Done denied = Run({"adopt", "virt-ipa-joiner", "--apply"});
  EXPECT_EQ(denied.code, 4);
  EXPECT_THAT(denied.err, HasSubstr("ipa grant virt-ipa-joiner"));
  server_.world()->ipa.directory().GrantClaims(true);
  EXPECT_THAT(Run({"adopt", "virt-ipa-joiner", "-n", "other", "--apply"}).err,
              HasSubstr("0 adopted"));
  const Done done = Run({"adopt", "virt-ipa-joiner", "lab/web", "--apply", "-o", "json"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(json::parse(done.out)["hosts"][0]["action"], "adopted");
  EXPECT_THAT(Run({"adopt", "virt-ipa-joiner"}).err, StartsWith("0 hosts"));
  EXPECT_EQ(Run({"adopt", "virt-ipa-joiner", "web"}).code, 2) << "of which namespace?";
  EXPECT_EQ(Run({"adopt", "virt-ipa-joiner", "--domain", "no_domain"}).code, 2);
}

TEST_F(CommandsTest, PauseStatusResume) {
  EXPECT_THAT(Run({"status"}).out, AllOf(HasSubstr("go on"), HasSubstr("0 of 20")));
  EXPECT_THAT(Run({"pause"}).out, HasSubstr("paused by uid "));
  EXPECT_EQ(json::parse(Run({"status", "-o", "json"}).out)["paused"], true);
  EXPECT_THAT(Run({"resume"}).out, HasSubstr("go on"));
  EXPECT_EQ(Run({"release-brake"}).code, 0);
}

TEST_F(CommandsTest, VersionOfBothSides) {
  EXPECT_THAT(Run({"version"}).out, AllOf(HasSubstr("innkeeper "), HasSubstr("9.8.7")));
  EXPECT_EQ(json::parse(Run({"version", "-o", "json"}).out)["cluster"], "c1");
}

TEST_F(CommandsTest, HelpOfEveryCommandAndTheManual) {
  for (const char* command :
       {"guests", "describe", "enroll", "unenroll", "verify", "nodes", "events", "audit", "adopt",
        "status", "pause", "resume", "release-brake", "version", "completion"}) {
    const Done help = Run({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Usage:"), HasSubstr("Examples:"))) << command;
    EXPECT_THAT(Run({"--print-manual"}).out,
                HasSubstr(".SS \"innkeeper " + std::string(command).substr(0, 5)));
  }
  EXPECT_THAT(Run({"--help"}).out, Not(HasSubstr("print-manual")));
}

TEST_F(CommandsTest, CompletionKnowsCommandsAndOptions) {
  const TempDir dir;
  const std::string script = dir.Write("bash", Run({"completion", "bash"}).out);
  const auto complete = [&](const std::string& words, int at) {
    const std::string out = dir.File("words");
    const std::string line = "bash -c '. " + script + "; COMP_WORDS=(innkeeper " + words +
                             "); COMP_CWORD=" + std::to_string(at) +
                             "; _innkeeper; echo ${COMPREPLY[@]}' > " + out;
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
    std::ifstream file(out);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(complete("gu", 1), "guests\n");
  EXPECT_EQ(complete("nodes rev", 2), "revoke\n");
  EXPECT_THAT(complete("enroll --", 2), AllOf(HasSubstr("--wait"), HasSubstr("--fqdn")));
  EXPECT_THAT(complete("--", 1), Not(HasSubstr("print-manual")));
  EXPECT_THAT(Run({"completion", "zsh"}).out, StartsWith("#compdef innkeeper"));
  EXPECT_THAT(Run({"completion", "fish"}).out, HasSubstr("complete -c innkeeper"));
  EXPECT_EQ(Run({"completion", "csh"}).code, 2);
}

TEST_F(CommandsTest, ColourIsForTerminalsThatWantIt) {
  AddEnrolledGuests();
  const std::vector<std::string> words{"--server", server_.address(), "guests"};
  CliRun coloured(words, {{"NO_COLOR", ""}}, CliRun::Screen::kTerminal);
  EXPECT_EQ(coloured.Code(), 0);
  EXPECT_THAT(coloured.out(), HasSubstr("\x1b[32myes"));
  CliRun plain(words, {{"NO_COLOR", "1"}}, CliRun::Screen::kTerminal);
  EXPECT_EQ(plain.Code(), 0);
  EXPECT_THAT(plain.out(), AllOf(HasSubstr("yes"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace innkeeper
