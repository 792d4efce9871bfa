// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace npuwhisper::test {

/// Calls of libraries and of the system that can fail. Those that our code or oneDNN makes go
/// through replacements in this program (replaced_files.cpp, tests/support/replaced_*.cpp), which
/// know where they come from and fail on demand.
enum class FaultKind : std::uint8_t {
  New,
  Memory,
  Thread,
  Open,
  Read,
  Map,
  EventDescriptor,
  Device,  ///< ioctl() of a device's file.
};
inline constexpr std::array kFaultKinds = {
    FaultKind::New,  FaultKind::Memory, FaultKind::Thread,          FaultKind::Open,
    FaultKind::Read, FaultKind::Map,    FaultKind::EventDescriptor, FaultKind::Device};

const char* to_string(FaultKind kind);

/// Where a call comes from: the return addresses within our libraries and oneDNN, the innermost
/// first; null: none. Two calls with the same addresses are one site. Files, mappings and calls of
/// a device count also where XRT or AMD's driver makes them for us, with their addresses.
struct FaultSite {
  static constexpr std::size_t kFrames = 8;  ///< What XRT and the driver make needs more than 3.

  std::uint64_t id = 0;
  FaultKind kind = FaultKind::New;
  std::array<const void*, kFrames> frames{};
};

/// The calls of this process. What each function starts lasts until stop(). All but the calls
/// themselves are for one thread; the state is as fork() copied it in a child.
namespace fault_points {

/// For the replacements: whether the call of this kind that this thread makes is to fail. Notes it,
/// too. For any thread.
bool fails(FaultKind kind);

/// Finds our libraries, which are loaded already, in this process.
void find_libraries();
/// Notes each site that is called, of one kind or of all.
void record(std::optional<FaultKind> kind);
/// The first call from the site fails. With `lasts`, all that follow from there fail too.
void fail(const FaultSite& site, bool lasts);
void stop();

/// Whether a call failed since fail().
bool happened();
/// Those that were noted.
std::vector<FaultSite> sites();
/// Makes oneDNN forget what it keeps for others that want the same, for good.
void empty_caches();
/// Objects that operator new made in this process and nothing has deleted.
long n_live_objects();

}  // namespace fault_points
}  // namespace npuwhisper::test
