#pragma once
// RAII for libvirt's reference-counted handles and malloc'ed results. For this folder's own files.

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>
#include <type_traits>

namespace innkeeper {

struct DomainFree {
  void operator()(virDomainPtr domain) const noexcept { virDomainFree(domain); }
};
using DomainHandle = std::unique_ptr<std::remove_pointer_t<virDomainPtr>, DomainFree>;

struct ConnectClose {
  void operator()(virConnectPtr connection) const noexcept { virConnectClose(connection); }
};
using ConnectHandle = std::unique_ptr<std::remove_pointer_t<virConnectPtr>, ConnectClose>;

struct MallocFree {
  void operator()(char* text) const noexcept { std::free(text); }
};
using CString = std::unique_ptr<char, MallocFree>;

struct StatsFree {
  void operator()(virDomainStatsRecordPtr* records) const noexcept {
    virDomainStatsRecordListFree(records);
  }
};
using StatsRecords = std::unique_ptr<virDomainStatsRecordPtr[], StatsFree>;

}  // namespace innkeeper
