#pragma once
// What every IpaClient does, whatever is behind it. Included by one test per implementation, which
// instantiates the suite with its own world.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "coordinator/guests/ipa_client.h"

namespace innkeeper {

// A FreeIPA in which `cluster()` has an account with exactly its role.
class IpaWorld {
 public:
  virtual ~IpaWorld() = default;
  virtual IpaClient& client() = 0;
  virtual ClusterId cluster() = 0;
  virtual std::string domain() = 0;
  virtual std::string host_group() = 0;  // exists, and the account may add to it

  // A guest joins at that server. PERMISSION_DENIED: the password is not the waiting one.
  virtual absl::Status Join(const Fqdn& fqdn, const IssuedPassword& password) = 0;
  // An administrator's doings.
  virtual absl::Status PutForeignHost(const Fqdn& fqdn, const std::string& user_class) = 0;
  // As virt-ipa-joiner makes one: described, with a password, without a user class.
  virtual absl::Status PutDescribedHost(const Fqdn& fqdn, const std::string& description) = 0;
  // `ipa grant virt-ipa-joiner`, or its opposite.
  virtual absl::Status GrantClaims(bool granted) = 0;
  virtual absl::Status RemoveHost(const Fqdn& fqdn) = 0;
};
using IpaWorldFactory = std::function<std::unique_ptr<IpaWorld>()>;

class IpaClientContract : public testing::TestWithParam<IpaWorldFactory> {
 protected:
  void SetUp() override { world_ = GetParam()(); }
  void TearDown() override {
    for (const Fqdn& fqdn : made_) EXPECT_TRUE(world_->RemoveHost(fqdn).ok());
  }

  IpaClient& client() { return world_->client(); }
  static Call InTime() { return Call::Within(std::chrono::seconds(60)); }

  NewHost Host(PasswordWish password = PasswordWish::kRandom) {
    const std::string id = RandomHex(5);
    NewHost host;
    host.fqdn = Fqdn{"t" + id + "." + world_->domain()};
    host.owner = OwnerTag{world_->cluster(), {"lab", "vm" + id}, VmUid{"uid-" + id}, std::nullopt};
    host.host_class = "web";
    host.description = "contract test";
    host.password = password;
    made_.push_back(host.fqdn);
    return host;
  }
  IssuedPassword Add(const NewHost& host) {
    absl::StatusOr<IssuedPassword> added = client().AddHost(host, InTime());
    EXPECT_TRUE(added.ok()) << ToText(added.status());
    return added.ok() ? *std::move(added) : IssuedPassword{};
  }
  HostRecord Show(const Fqdn& fqdn) {
    absl::StatusOr<HostRecord> shown = client().ShowHost(fqdn, InTime());
    EXPECT_TRUE(shown.ok()) << ToText(shown.status());
    return shown.ok() ? *std::move(shown) : HostRecord{};
  }
  static OwnerTag Deleting(OwnerTag tag) {
    tag.deleting_term = "7";
    return tag;
  }

  std::unique_ptr<IpaWorld> world_;
  std::vector<Fqdn> made_;
};

TEST_P(IpaClientContract, TellsTheFactsOfTheRealm) {
  const absl::StatusOr<IpaFacts> facts = client().Facts(InTime());
  ASSERT_TRUE(facts.ok()) << ToText(facts.status());
  EXPECT_FALSE(facts->server.empty());
  EXPECT_THAT(facts->version, testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(facts->domain, world_->domain());
  EXPECT_FALSE(facts->realm.empty());
  EXPECT_THAT(facts->base_dn, testing::StartsWith("dc="));
  EXPECT_GE(facts->longest_host_name, 64u);
}

TEST_P(IpaClientContract, KnowsNoHostThatIsNotThere) {
  const Fqdn nobody{"nobody-" + RandomHex(4) + "." + world_->domain()};
  EXPECT_TRUE(absl::IsNotFound(client().ShowHost(nobody, InTime()).status()));
  EXPECT_TRUE(absl::IsNotFound(client().IssuePassword(nobody, InTime()).status()));
  EXPECT_TRUE(absl::IsNotFound(client().DisableHost(nobody, InTime())));
  const absl::Status joined = client().AddToHostGroup(world_->host_group(), nobody, InTime());
  EXPECT_TRUE(absl::IsNotFound(joined)) << ToText(joined);
  EXPECT_TRUE(client().DeleteHost(nobody, InTime()).ok());
}

TEST_P(IpaClientContract, CreatesAHostWithItsTagAndAPasswordThatWaits) {
  const NewHost host = Host();
  const IssuedPassword issued = Add(host);
  EXPECT_FALSE(issued.password.empty());
  EXPECT_FALSE(issued.server.empty());
  const HostRecord seen = Show(host.fqdn);
  EXPECT_EQ(seen.fqdn, host.fqdn);
  EXPECT_EQ(seen.Owner(), host.owner);
  EXPECT_THAT(seen.user_classes, testing::Contains("web"));
  EXPECT_EQ(seen.description, host.description);
  EXPECT_THAT(seen.dn, testing::HasSubstr(host.fqdn.text));
  EXPECT_TRUE(seen.has_password);
  EXPECT_FALSE(seen.has_keytab);
  EXPECT_FALSE(seen.keytab_since.has_value());
}

TEST_P(IpaClientContract, CreatesAHostWithoutAPasswordWhenNoneIsWished) {
  const NewHost host = Host(PasswordWish::kNone);
  EXPECT_TRUE(Add(host).password.empty());
  EXPECT_FALSE(Show(host.fqdn).has_password);
}

TEST_P(IpaClientContract, ChangesNothingWhenTheNameIsTaken) {
  const NewHost host = Host();
  const IssuedPassword first = Add(host);
  const absl::StatusOr<IssuedPassword> second = client().AddHost(host, InTime());
  EXPECT_TRUE(absl::IsAlreadyExists(second.status())) << ToText(second.status());
  EXPECT_FALSE(OutcomeUnknown(second.status()));
  EXPECT_TRUE(world_->Join(host.fqdn, first).ok());
}

TEST_P(IpaClientContract, EnrolsAGuestThatHasThePassword) {
  const NewHost host = Host();
  ASSERT_TRUE(world_->Join(host.fqdn, Add(host)).ok());
  const HostRecord seen = Show(host.fqdn);
  EXPECT_TRUE(seen.has_keytab);
  EXPECT_FALSE(seen.has_password);
  EXPECT_TRUE(seen.keytab_since.has_value());
}

TEST_P(IpaClientContract, ANewPasswordKillsTheOneBefore) {
  const NewHost host = Host();
  const IssuedPassword first = Add(host);
  absl::StatusOr<IssuedPassword> second = client().IssuePassword(host.fqdn, InTime());
  ASSERT_TRUE(second.ok()) << ToText(second.status());
  EXPECT_NE(first.password.Reveal(), second->password.Reveal());
  EXPECT_TRUE(absl::IsPermissionDenied(world_->Join(host.fqdn, first)));
  EXPECT_TRUE(world_->Join(host.fqdn, *second).ok());
}

TEST_P(IpaClientContract, GivesAnEnrolledHostAPasswordOnlyAfterItsKeyIsDropped) {
  const NewHost host = Host();
  ASSERT_TRUE(world_->Join(host.fqdn, Add(host)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(client().IssuePassword(host.fqdn, InTime()).status()));
  EXPECT_TRUE(client().DisableHost(host.fqdn, InTime()).ok());
  EXPECT_FALSE(Show(host.fqdn).has_keytab);
  EXPECT_TRUE(client().DisableHost(host.fqdn, InTime()).ok()) << "no key is fine";
  absl::StatusOr<IssuedPassword> issued = client().IssuePassword(host.fqdn, InTime());
  ASSERT_TRUE(issued.ok()) << ToText(issued.status());
  EXPECT_TRUE(world_->Join(host.fqdn, *issued).ok());
  EXPECT_TRUE(Show(host.fqdn).has_keytab);
}

TEST_P(IpaClientContract, DeletesOnlyAHostThatIsMarkedForDeletion) {
  const NewHost host = Host();
  Add(host);
  EXPECT_TRUE(absl::IsPermissionDenied(client().DeleteHost(host.fqdn, InTime())));
  const OwnerTag deleting = Deleting(host.owner);
  ASSERT_TRUE(client().Retag(host.fqdn, host.owner, deleting, InTime()).ok());
  EXPECT_EQ(Show(host.fqdn).Owner(), deleting);
  EXPECT_THAT(Show(host.fqdn).user_classes, testing::Contains("web"));
  EXPECT_TRUE(client().DeleteHost(host.fqdn, InTime()).ok());
  EXPECT_TRUE(absl::IsNotFound(client().ShowHost(host.fqdn, InTime()).status()));
}

TEST_P(IpaClientContract, ReplacesATagOnlyWhereItIs) {
  const NewHost host = Host();
  Add(host);
  OwnerTag other = host.owner;
  other.uid = VmUid{"another"};
  const absl::Status swapped = client().Retag(host.fqdn, other, Deleting(other), InTime());
  EXPECT_TRUE(absl::IsAborted(swapped)) << ToText(swapped);
  EXPECT_EQ(Show(host.fqdn).Owner(), host.owner);
}

// Such a host would be nobody's for ever.
TEST_P(IpaClientContract, WritesNoTagThatCouldNotBeReadBack) {
  const NewHost host = Host();
  NewHost nobodys = host;
  nobodys.owner.uid = VmUid{"a:b"};
  EXPECT_TRUE(absl::IsInternal(client().AddHost(nobodys, InTime()).status()));
  Add(host);
  OwnerTag deleting = Deleting(host.owner);
  deleting.deleting_term = "pod_1";
  EXPECT_TRUE(absl::IsInternal(client().Retag(host.fqdn, host.owner, deleting, InTime())));
  EXPECT_EQ(Show(host.fqdn).Owner(), host.owner);
}

TEST_P(IpaClientContract, CreatesNoHostWithATagThatIsNotItsOwn) {
  NewHost host = Host();
  host.owner.cluster = ClusterId{"somebody-else"};
  const absl::StatusOr<IssuedPassword> added = client().AddHost(host, InTime());
  EXPECT_TRUE(absl::IsPermissionDenied(added.status())) << ToText(added.status());
  EXPECT_TRUE(absl::IsNotFound(client().ShowHost(host.fqdn, InTime()).status()));
}

TEST_P(IpaClientContract, CannotTouchAHostOfSomebodyElse) {
  const NewHost host = Host();
  ASSERT_TRUE(world_->PutForeignHost(host.fqdn, "theirs").ok());
  EXPECT_FALSE(Show(host.fqdn).Owner().has_value());
  EXPECT_TRUE(absl::IsAlreadyExists(client().AddHost(host, InTime()).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(client().IssuePassword(host.fqdn, InTime()).status()));
  EXPECT_TRUE(
      absl::IsAborted(client().Retag(host.fqdn, host.owner, Deleting(host.owner), InTime())));
  EXPECT_TRUE(absl::IsPermissionDenied(client().DeleteHost(host.fqdn, InTime())));
  EXPECT_THAT(Show(host.fqdn).user_classes, testing::ElementsAre("theirs"));
}

TEST_P(IpaClientContract, CannotDeleteAHostThatAnotherClusterMarked) {
  const NewHost host = Host();
  OwnerTag theirs = Deleting(host.owner);
  theirs.cluster = ClusterId{"somebody-else"};
  ASSERT_TRUE(world_->PutForeignHost(host.fqdn, theirs.Text()).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(client().DeleteHost(host.fqdn, InTime())));
  EXPECT_TRUE(absl::IsPermissionDenied(client().IssuePassword(host.fqdn, InTime()).status()));
}

TEST_P(IpaClientContract, AddsAHostToAGroupOnceOrTwice) {
  const NewHost host = Host();
  Add(host);
  EXPECT_TRUE(client().AddToHostGroup(world_->host_group(), host.fqdn, InTime()).ok());
  EXPECT_TRUE(client().AddToHostGroup(world_->host_group(), host.fqdn, InTime()).ok());
  EXPECT_THAT(Show(host.fqdn).host_groups, testing::Contains(world_->host_group()));
  EXPECT_TRUE(absl::IsNotFound(client().AddToHostGroup("no-such-group", host.fqdn, InTime())));
}

TEST_P(IpaClientContract, FindsAllHostsOfItsClusterAndNoOthers) {
  const NewHost waiting = Host(), enrolled = Host(), marked = Host(), foreign = Host();
  Add(waiting);
  ASSERT_TRUE(world_->Join(enrolled.fqdn, Add(enrolled)).ok());
  Add(marked);
  ASSERT_TRUE(client().Retag(marked.fqdn, marked.owner, Deleting(marked.owner), InTime()).ok());
  ASSERT_TRUE(world_->PutForeignHost(foreign.fqdn, "theirs").ok());
  const absl::StatusOr<std::vector<HostRecord>> found =
      client().FindHostsOf(world_->cluster(), InTime());
  ASSERT_TRUE(found.ok()) << ToText(found.status());
  std::vector<Fqdn> names, keyed;
  for (const HostRecord& host : *found) {
    names.push_back(host.fqdn);
    if (host.has_keytab) keyed.push_back(host.fqdn);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre(waiting.fqdn, enrolled.fqdn, marked.fqdn));
  EXPECT_THAT(keyed, testing::ElementsAre(enrolled.fqdn));
  EXPECT_THAT(*client().FindHostsOf(ClusterId{"nobody"}, InTime()), testing::IsEmpty());
}

TEST_P(IpaClientContract, FindsHostsByHowTheirDescriptionBegins) {
  const NewHost joiners = Host(), other = Host(), ours = Host();
  const std::string id = RandomHex(4);
  ASSERT_TRUE(world_->PutDescribedHost(joiners.fqdn, kJoinerDescription + id).ok());
  ASSERT_TRUE(world_->PutDescribedHost(other.fqdn, "not " + (kJoinerDescription + id)).ok());
  Add(ours);
  const auto found = client().FindHostsDescribed(kJoinerDescription + id, InTime());
  ASSERT_TRUE(found.ok()) << ToText(found.status());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().fqdn, joiners.fqdn);
  EXPECT_TRUE(found->front().has_password);
}

TEST_P(IpaClientContract, ClaimsAHostOfTheJoinersOnlyWhileThatIsGranted) {
  const NewHost host = Host();
  const HostClaim claim{host.fqdn, kJoinerDescription + RandomHex(4), host.owner, "ours now"};
  ASSERT_TRUE(world_->PutDescribedHost(host.fqdn, claim.description).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(client().ClaimHost(claim, InTime())));
  EXPECT_EQ(Show(host.fqdn).description, claim.description);
  ASSERT_TRUE(world_->GrantClaims(true).ok());
  const absl::Status claimed = client().ClaimHost(claim, InTime());
  EXPECT_TRUE(claimed.ok()) << ToText(claimed);
  EXPECT_EQ(Show(host.fqdn).Owner(), host.owner);
  EXPECT_EQ(Show(host.fqdn).description, "ours now");
  EXPECT_TRUE(client().ClaimHost(claim, InTime()).ok()) << "once more: it is so already";
  ASSERT_TRUE(world_->GrantClaims(false).ok());
  EXPECT_TRUE(client().IssuePassword(host.fqdn, InTime()).ok()) << "it is ours like any other";
  const absl::StatusOr<std::vector<HostRecord>> all =
      client().FindHostsOf(world_->cluster(), InTime());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), 1u) << "and found among ours";
}

TEST_P(IpaClientContract, ClaimsNoHostThatAnybodyTaggedAndNoneThatTheJoinerDidNotMake) {
  ASSERT_TRUE(world_->GrantClaims(true).ok());
  const NewHost plain = Host(), tagged = Host(), changed = Host();
  HostClaim claim{plain.fqdn, "somebody's", plain.owner, "ours now"};
  ASSERT_TRUE(world_->PutDescribedHost(plain.fqdn, claim.description).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(client().ClaimHost(claim, InTime())));
  EXPECT_EQ(Show(plain.fqdn).description, "somebody's");
  OwnerTag theirs = tagged.owner;
  theirs.cluster = ClusterId{"somebody-else"};
  ASSERT_TRUE(world_->PutForeignHost(tagged.fqdn, theirs.Text()).ok());
  claim = {tagged.fqdn, Show(tagged.fqdn).description, tagged.owner, "ours now"};
  EXPECT_TRUE(absl::IsAborted(client().ClaimHost(claim, InTime())));
  EXPECT_EQ(Show(tagged.fqdn).Owner(), theirs);
  claim = {changed.fqdn, kJoinerDescription + std::string("then"), changed.owner, "ours now"};
  ASSERT_TRUE(world_->PutDescribedHost(changed.fqdn, kJoinerDescription + std::string("now")).ok());
  EXPECT_TRUE(absl::IsAborted(client().ClaimHost(claim, InTime())));
  EXPECT_FALSE(Show(changed.fqdn).Owner().has_value());
  EXPECT_TRUE(world_->GrantClaims(false).ok());
}

TEST_P(IpaClientContract, DoesNothingAfterTheDeadline) {
  const NewHost host = Host();
  const Call late = Call::Within(Duration::zero());
  const absl::StatusOr<HostRecord> shown = client().ShowHost(host.fqdn, late);
  EXPECT_FALSE(shown.ok());
  const absl::StatusOr<IssuedPassword> added = client().AddHost(host, late);
  EXPECT_TRUE(absl::IsDeadlineExceeded(added.status())) << ToText(added.status());
  EXPECT_FALSE(OutcomeUnknown(added.status()));
  EXPECT_TRUE(absl::IsNotFound(client().ShowHost(host.fqdn, InTime()).status()));
}

}  // namespace innkeeper
