// enroll, unenroll and verify: what they say, what they wait for, how they end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/testing/admin_server.h"
#include "tests/cli/testing/cli_run.h"

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class EnrolmentTest : public testing::Test {
 protected:
  std::vector<std::string> At(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    return arguments;
  }
  AdminServer server_;
};

TEST_F(EnrolmentTest, EnrollSaysThatTheWishIsStored) {
  server_.world()->AddVm("web", Wish::kUnset);
  server_.works_at_once = false;
  CliRun run(At({"enroll", "lab/web", "--host-class", "front"}));
  EXPECT_EQ(run.Code(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("lab/web will be enrolled"));
  EXPECT_THAT(run.err(), IsEmpty());
  const auto guest = server_.world()->Find({"lab", "web"});
  ASSERT_TRUE(guest.has_value());
  EXPECT_EQ(guest->spec.enroll, Wish::kYes);
  EXPECT_EQ(guest->spec.host_class, "front");
  CliRun name(At({"enroll", "web", "-o", "name"}));
  EXPECT_EQ(name.Code(), 0);
  EXPECT_EQ(name.out(), "lab/web\n");
}

TEST_F(EnrolmentTest, EnrollWaitsAndSaysForWhatOnStandardError) {
  server_.world()->AddVm("web", Wish::kUnset);
  server_.works_at_once = false;
  CliRun run(At({"enroll", "lab/web", "--wait"}));
  EXPECT_TRUE(run.Shows("waiting for lab/web to be enrolled"));
  server_.world()->Settle();
  EXPECT_EQ(run.Code(), 0) << run.err();
  EXPECT_EQ(run.out(), "lab/web is enrolled as web.lab.example.test\n");
}

TEST_F(EnrolmentTest, AWaitThatTakesTooLongSaysWhatItSawLast) {
  server_.world()->AddVm("web", Wish::kUnset);
  server_.works_at_once = false;
  CliRun run(At({"enroll", "lab/web", "--wait", "--timeout", "300ms"}));
  EXPECT_EQ(run.Code(), 6);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("still waiting for lab/web to be enrolled after 300ms"),
                               HasSubstr("last seen: ")));
  EXPECT_THAT(run.out(), IsEmpty());
}

TEST_F(EnrolmentTest, AConflictEndsTheWaitWithItsReason) {
  HostRecord theirs;
  theirs.fqdn = {"web.lab.example.test"};
  theirs.user_classes = {"theirs"};
  server_.world()->ipa.directory().PutHost(theirs);
  server_.world()->AddVm("web", Wish::kUnset);
  CliRun run(At({"enroll", "lab/web", "--wait"}));
  EXPECT_EQ(run.Code(), 1);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("Conflict"), Not(HasSubstr("still waiting"))));
  EXPECT_EQ(server_.world()->recorder.Count(Reason::kConflict), 1u) << "told once";
}

TEST_F(EnrolmentTest, WrongWishesAreRefusedWithWhatToDo) {
  server_.world()->AddVm("web", Wish::kUnset);
  CliRun bare(At({"enroll", "web"}));
  EXPECT_EQ(bare.Code(), 3);
  EXPECT_THAT(bare.err(), HasSubstr("say NAMESPACE/NAME"));
  CliRun nobody(At({"enroll", "lab/nobody"}));
  EXPECT_EQ(nobody.Code(), 3);
  EXPECT_THAT(nobody.err(), HasSubstr("no domain 'nobody'"));
  CliRun two(At({"enroll", "lab/a", "lab/b", "--fqdn", "a.example.test"}));
  EXPECT_EQ(two.Code(), 2);
  CliRun name(At({"enroll", "lab/web", "--fqdn", "not_a_name"}));
  EXPECT_EQ(name.Code(), 2) << name.err();
  CliRun format(At({"enroll", "lab/web", "-o", "xml"}));
  EXPECT_EQ(format.Code(), 2);
}

TEST_F(EnrolmentTest, EachGuestIsTriedAndTheFirstFailureIsTheCode) {
  server_.world()->AddVm("web", Wish::kUnset);
  CliRun run(At({"enroll", "lab/nobody", "lab/web"}));
  EXPECT_EQ(run.Code(), 3);
  EXPECT_THAT(run.out(), HasSubstr("lab/web will be enrolled"));
}

TEST_F(EnrolmentTest, UnenrollTakesTheIdentityAway) {
  server_.world()->AddVm("web", Wish::kUnset);
  EXPECT_EQ(CliRun(At({"enroll", "lab/web", "--wait"})).Code(), 0);
  CliRun run(At({"unenroll", "web", "--wait"}));
  EXPECT_EQ(run.Code(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("lab/web has left; its host is gone from FreeIPA"));
  EXPECT_FALSE(server_.world()->ipa.Find({"web.lab.example.test"}).has_value());
  CliRun again(At({"unenroll", "lab/nobody"}));
  EXPECT_EQ(again.Code(), 3);
}

TEST_F(EnrolmentTest, UnenrollAsksOnATerminal) {
  server_.world()->AddVm("web");
  server_.world()->Settle();
  CliRun run(At({"unenroll", "web"}), {}, CliRun::Screen::kTerminal);
  EXPECT_TRUE(run.Shows("This removes the FreeIPA identity of: web"));
  EXPECT_TRUE(server_.world()->IsEnrolled({"lab", "web"}));
}

TEST_F(EnrolmentTest, VerifyEndsWithSevenWhenTheKeyDoesNotHold) {
  const VmUid web = server_.world()->AddVm("web");
  server_.world()->AddVm("off", Wish::kNo);
  server_.world()->Settle();
  CliRun holds(At({"verify", "web"}));
  EXPECT_EQ(holds.Code(), 0) << holds.err();
  EXPECT_EQ(holds.out(), "lab/web holds its key\n");
  server_.world()->delivery.BreakSssd(web, true);
  CliRun lost(At({"verify", "web"}));
  EXPECT_EQ(lost.Code(), 7) << lost.out() << lost.err();
  EXPECT_THAT(lost.out(), HasSubstr("no: "));
}

}  // namespace
}  // namespace innkeeper
