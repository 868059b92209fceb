#include "vm/libvirt/domain_xml.h"

#include <gtest/gtest.h>

namespace innkeeper {
namespace {

constexpr char kUuid[] = "6D8E5F60-1B1A-4B52-9C1F-0C5A1F6A7B8C";

std::string Domain(const std::string& inside, const std::string& attributes = "id='3'") {
  return "<domain type='kvm' " + attributes + "><name>web</name><uuid>" + kUuid + "</uuid>" +
         inside + "</domain>";
}

std::string Metadata(const std::string& inside) {
  return Domain("<metadata>" + inside + "</metadata>");
}

DomainState Parsed(const std::string& xml) {
  auto state = ParseDomainXml(xml);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *state : DomainState{};
}

std::string WishErrorOf(const std::string& metadata) {
  return Parsed(Metadata(metadata)).wish_error;
}

TEST(DomainXmlTest, IdentityIsRead) {
  const DomainState state = Parsed(Domain(""));
  EXPECT_EQ(state.id.uuid, "6d8e5f60-1b1a-4b52-9c1f-0c5a1f6a7b8c");
  EXPECT_EQ(state.name, "web");
  EXPECT_EQ(state.run_number, 3);
  EXPECT_EQ(state.channel, AgentChannel::kAbsent);
  EXPECT_EQ(Parsed(Domain("", "")).run_number, -1);
  EXPECT_EQ(Parsed(Domain("", "id='-4'")).run_number, -1);
  EXPECT_EQ(Parsed(Domain("", "id='3x'")).run_number, -1);
}

TEST(DomainXmlTest, WhatIsNoDomainIsRefused) {
  for (const std::string& xml :
       {std::string(), std::string("x"), std::string("<domain>"), std::string("<network/>"),
        std::string("<domain><name>x</name><uuid>1</uuid></domain>"),
        std::string("<domain><uuid>") + kUuid + "</uuid></domain>",
        std::string("<domain><name>") + std::string(2000, 'x') + "</name><uuid>" + kUuid +
            "</uuid></domain>",
        Domain("\xff"),
        Domain("<description>" + std::string(kDomainXmlCap, 'x') + "</description>")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseDomainXml(xml).status())) << xml.substr(0, 60);
  }
}

TEST(DomainXmlTest, EntitiesAreNotExpanded) {
  const std::string bomb =
      "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + Domain("<title>&b;</title>");
  EXPECT_EQ(Parsed(bomb).name, "web");
}

TEST(DomainXmlTest, DeepNestingIsHarmless) {
  std::string xml;
  for (int i = 0; i < 100'000; ++i) xml += "<a>";
  for (int i = 0; i < 100'000; ++i) xml += "</a>";
  EXPECT_EQ(Parsed(Domain(xml)).name, "web");
}

TEST(DomainXmlTest, TheWishIsFoundByItsNamespaceWhateverThePrefix) {
  for (
      const char* element :
      {R"(<guest xmlns="https://innkeeper.dev/domain/1" enroll="yes" fqdn="A.example.test" kubeconfig="no"/>)",
       R"(<ik:guest xmlns:ik="https://innkeeper.dev/domain/1" enroll="yes" fqdn="a.example.test"/>)",
       R"(<o:x xmlns:o="urn:other"/><guest xmlns="https://innkeeper.dev/domain/1" enroll="yes" fqdn="a.example.test"/>)"}) {
    const DomainState state = Parsed(Metadata(element));
    ASSERT_TRUE(state.wish.has_value()) << element;
    EXPECT_EQ(state.wish->enroll, EnrollWish::kYes);
    EXPECT_EQ(state.wish->fqdn, "a.example.test");
    EXPECT_FALSE(state.wish->kubeconfig);
    EXPECT_EQ(state.wish_error, "");
  }
  const std::string outer = Domain("<metadata><i:guest enroll='no'/></metadata>",
                                   "xmlns:i='https://innkeeper.dev/domain/1'");
  EXPECT_EQ(Parsed(outer).wish->enroll, EnrollWish::kNo);
}

TEST(DomainXmlTest, ForeignElementsAreNoWish) {
  for (const char* element :
       {"", "<guest enroll='yes'/>", "<guest xmlns='urn:other' enroll='yes'/>",
        "<i:guest enroll='yes'/>", "<guests xmlns='https://innkeeper.dev/domain/1'/>",
        "<x xmlns='urn:x'><guest xmlns='https://innkeeper.dev/domain/1' enroll='yes'/></x>"}) {
    const DomainState state = Parsed(Metadata(element));
    EXPECT_FALSE(state.wish.has_value()) << element;
    EXPECT_EQ(state.wish_error, "") << element;
  }
}

TEST(DomainXmlTest, AnUnsetWishIsAWish) {
  const DomainState state = Parsed(Metadata("<guest xmlns='https://innkeeper.dev/domain/1'/>"));
  ASSERT_TRUE(state.wish.has_value());
  EXPECT_EQ(state.wish->enroll, EnrollWish::kUnset);
}

TEST(DomainXmlTest, AMistakeInTheWishIsNamedAndTheWishIsNot) {
  const auto guest = [](const std::string& attributes) {
    return "<guest xmlns='https://innkeeper.dev/domain/1' " + attributes + "/>";
  };
  EXPECT_EQ(WishErrorOf(guest("enroll='true'")), "enroll must be yes or no");
  EXPECT_EQ(WishErrorOf(guest("kubeconfig=''")), "kubeconfig must be yes or no");
  EXPECT_EQ(WishErrorOf(guest("enrol='yes'")), "unknown attribute enrol");
  EXPECT_EQ(WishErrorOf(guest("fqdn='a b'")), "fqdn is not a host name");
  EXPECT_EQ(WishErrorOf(guest("fqdn='" + std::string(254, 'a') + "'")), "fqdn is not a host name");
  EXPECT_EQ(WishErrorOf(guest("enroll='no'") + guest("enroll='yes'")),
            "the element is there twice");
  EXPECT_FALSE(Parsed(Metadata(guest("fqdn='a.b' enroll='x'"))).wish.has_value());
}

std::string Channel(const std::string& name, const std::string& state) {
  return "<channel type='unix'><target type='virtio' name='" + name + "'" +
         (state.empty() ? "" : " state='" + state + "'") + "/></channel>";
}

TEST(DomainXmlTest, TheAgentsChannelIsToldApartFromOthers) {
  const auto of = [](const std::string& channels, const std::string& attributes = "id='1'") {
    return Parsed(Domain("<devices>" + channels + "</devices>", attributes)).channel;
  };
  const std::string ours = "org.qemu.guest_agent.0";
  EXPECT_EQ(of(Channel("com.redhat.spice.0", "connected")), AgentChannel::kAbsent);
  EXPECT_EQ(of(Channel("com.redhat.spice.0", "connected") + Channel(ours, "disconnected")),
            AgentChannel::kDisconnected);
  EXPECT_EQ(of(Channel(ours, "connected")), AgentChannel::kConnected);
  EXPECT_EQ(of(Channel(ours, "")), AgentChannel::kUnknown);
  EXPECT_EQ(of(Channel(ours, ""), ""), AgentChannel::kDisconnected);
}

TEST(DomainXmlTest, MacsAreLowerCaseAndWellFormed) {
  std::string devices;
  for (const char* mac : {"52:54:00:AA:BB:01", "nonsense", "", "52-54-00-aa-bb-02"}) {
    devices += "<interface type='bridge'><mac address='" + std::string(mac) + "'/></interface>";
  }
  EXPECT_EQ(Parsed(Domain("<devices>" + devices + "</devices>")).macs,
            std::vector<std::string>{"52:54:00:aa:bb:01"});
  std::string many;
  for (int i = 0; i < 100; ++i) many += "<interface><mac address='52:54:00:aa:bb:01'/></interface>";
  EXPECT_EQ(Parsed(Domain("<devices>" + many + "</devices>")).macs.size(), kMacCap);
}

}  // namespace
}  // namespace innkeeper
