#include "coordinator/ipa/directory_wishes.h"

#include <gmock/gmock.h>

namespace innkeeper {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

SetupOptions Options() {
  SetupOptions options;
  options.cluster = {"c1"};
  options.coordinator_host = "centre.example.test";
  options.realm = "EXAMPLE.TEST";
  options.host_groups = {"web"};
  return options;
}

const DirectoryWish& Find(const std::vector<DirectoryWish>& wishes, const std::string& ending) {
  for (const DirectoryWish& wish : wishes)
    if (wish.what.ends_with(ending)) return wish;
  ADD_FAILURE() << "no wish for " << ending;
  return wishes.front();
}

IpaEntry PermissionEntry(const std::string& filter, const std::vector<std::string>& rights,
                         const std::vector<std::string>& attributes = {}) {
  IpaEntry entry;
  entry.attributes["extratargetfilter"] = {filter};
  entry.attributes["ipapermright"] = rights;
  entry.attributes["attrs"] = attributes;
  return entry;
}

TEST(DirectoryWishes, EveryRightOnHostsHoldsForHostsWithThisClustersTagAlone) {
  const auto wishes = *RoleWishes(Options());
  const DirectoryWish& add = Find(wishes, "add hosts");
  EXPECT_THAT(add.create.params, AllOf(HasSubstr(R"x(["(userclass=innkeeper:c1:*)"])x"),
                                       HasSubstr(R"("ipapermright":["add"])")));
  const DirectoryWish& change = Find(wishes, "change hosts");
  EXPECT_THAT(change.create.params, AllOf(HasSubstr("(userclass=innkeeper:c1:*)"),
                                          HasSubstr(R"("ipapermright":["write"])"),
                                          HasSubstr("userpassword"), Not(HasSubstr("read"))));
  for (const DirectoryWish& wish : wishes)
    if (wish.create.method == "permission_add") {
      EXPECT_THAT(wish.create.params, HasSubstr("extratargetfilter")) << wish.what;
    }
}

TEST(DirectoryWishes, ADeleteNeedsTheDeletingTag) {
  const auto wishes = *RoleWishes(Options());
  EXPECT_THAT(Find(wishes, "delete hosts").create.params,
              AllOf(HasSubstr("(userclass=innkeeper:c1:deleting:*)"),
                    HasSubstr(R"("ipapermright":["delete"])")));
}

TEST(DirectoryWishes, AGroupIsWritableByItsMembersAlone) {
  const auto wishes = *RoleWishes(Options());
  EXPECT_THAT(Find(wishes, "group web").create.method, "hostgroup_add");
  const DirectoryWish& right = Find(wishes, "permission Innkeeper c1 group web");
  EXPECT_THAT(right.create.params,
              AllOf(HasSubstr("(cn=web)"), HasSubstr(R"("attrs":["member"])")));
}

TEST(DirectoryWishes, WhatIsThereIsComparedInAnyCaseAndOrder) {
  const auto wishes = *RoleWishes(Options());
  const DirectoryWish& add = Find(wishes, "add hosts");
  EXPECT_EQ(add.lacks(PermissionEntry("(USERCLASS=innkeeper:c1:*)", {"Add"})), "");
  EXPECT_THAT(add.lacks(PermissionEntry("(userclass=*)", {"add"})), HasSubstr("filter"));
  EXPECT_THAT(add.lacks(PermissionEntry("(userclass=innkeeper:c1:*)", {"add", "delete"})),
              HasSubstr("rights"))
      << "more than asked for is wrong too";
  EXPECT_THAT(add.lacks(PermissionEntry("(userclass=innkeeper:c1:*)", {"add"}, {"cn"})),
              HasSubstr("attributes"));
  EXPECT_THAT(add.lacks(IpaEntry()), HasSubstr("filter"));
}

TEST(DirectoryWishes, ThePrivilegeHoldsThemAllAndTheRoleThePrivilege) {
  const auto wishes = *RoleWishes(Options());
  const DirectoryWish& privilege = Find(wishes, "permissions of privilege Innkeeper c1");
  IpaEntry entry;
  entry.attributes["memberof_permission"] = {"innkeeper c1 add hosts", "innkeeper c1 change hosts"};
  EXPECT_NE(privilege.lacks(entry), "");
  entry.attributes["memberof_permission"] = {"innkeeper c1 add hosts", "innkeeper c1 change hosts",
                                             "innkeeper c1 delete hosts", "innkeeper c1 group web",
                                             "somebody else's"};
  EXPECT_EQ(privilege.lacks(entry), "");
}

TEST(DirectoryWishes, CertificatesAndZonesAreAskedForOnlyWhenWanted) {
  SetupOptions options = Options();
  const auto plain = *RoleWishes(options);
  for (const DirectoryWish& wish : plain)
    EXPECT_THAT(wish.create.params, AllOf(Not(HasSubstr("Certificate")), Not(HasSubstr("DNS"))));
  options.revoke_certificates = true;
  options.dns_zones = {"example.test"};
  const auto wishes = *RoleWishes(options);
  EXPECT_THAT(Find(wishes, "permissions of privilege Innkeeper c1").create.params,
              AllOf(HasSubstr("Revoke Certificate"), HasSubstr("Manage DNS zone example.test")));
}

// Each of them would end in an LDAP filter.
TEST(DirectoryWishes, NamesThatCouldWidenAFilterAreRefused) {
  for (const char* name : {"*", "c1)(cn=*", "c1:*", "", "c 1", "c1\\2a"}) {
    SetupOptions options = Options();
    options.cluster = {name};
    EXPECT_TRUE(absl::IsInvalidArgument(RoleWishes(options).status())) << name;
    options = Options();
    options.host_groups = {name};
    EXPECT_TRUE(absl::IsInvalidArgument(RoleWishes(options).status())) << name;
    options = Options();
    options.dns_zones = {name};
    EXPECT_TRUE(absl::IsInvalidArgument(RoleWishes(options).status())) << name;
  }
}

TEST(DirectoryWishes, TheAccountIsAServiceOrAUserOfALengthThatFits) {
  SetupOptions options = Options();
  EXPECT_EQ(AccountName(options), "innkeeper/centre.example.test@EXAMPLE.TEST");
  EXPECT_THAT(MembershipWish(options)->create.params, HasSubstr("\"service\""));
  EXPECT_EQ(ServiceWishes(options)->size(), 2u);
  options.realm = "";
  EXPECT_TRUE(absl::IsInvalidArgument(ServiceWishes(options).status()));
  options.account = AccountKind::kUser;
  options.cluster = {std::string(60, 'C')};
  EXPECT_EQ(AccountName(options), "innkeeper-" + std::string(22, 'c'));
  EXPECT_THAT(MembershipWish(options)->create.params, HasSubstr("\"user\""));
}

}  // namespace
}  // namespace innkeeper
