// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace npuwhisper::test {

/// Library and system calls that can fail. Calls from our code or from oneDNN go through
/// replacements in this program (replaced_files.cpp, tests/support/replaced_*.cpp), which know
/// their call site and fail on demand.
enum class FaultKind : std::uint8_t {
  New,
  Memory,
  Thread,
  Open,
  Read,
  Map,
  EventDescriptor,
  Device,  ///< ioctl() of a device file.
};
inline constexpr std::array kFaultKinds = {
    FaultKind::New,  FaultKind::Memory, FaultKind::Thread,          FaultKind::Open,
    FaultKind::Read, FaultKind::Map,    FaultKind::EventDescriptor, FaultKind::Device};

const char* to_string(FaultKind kind);

/// The origin of a call: the return addresses within our libraries and oneDNN, innermost first;
/// unused entries are null. Two calls with the same addresses belong to one site. File, mapping and
/// device calls also count if XRT or AMD's driver issues them for us; their addresses are then
/// included.
struct FaultSite {
  static constexpr std::size_t kFrames = 8;  ///< Calls by XRT and the driver need more than 3.

  std::uint64_t id = 0;
  FaultKind kind = FaultKind::New;
  std::array<const void*, kFrames> frames{};
};

/// Records or fails calls of this process. record() and fail() take effect until stop(). Only
/// fails() may be called by several threads. In a child, the state is the one that fork() copied.
namespace fault_points {

/// Called by the replacements. Returns whether the current call of this kind in this thread must
/// fail. After record(), records the call's site instead. Thread-safe.
bool fails(FaultKind kind);

/// Locates our libraries, which must be loaded already, in this process.
void find_libraries();
/// Starts recording each site that is called, of one kind or, without `kind`, of all kinds.
void record(std::optional<FaultKind> kind);
/// Makes the first call from the site fail. With `lasts`, all later calls from the site fail too.
void fail(const FaultSite& site, bool lasts);
void stop();

/// Returns whether a call has failed since fail().
bool happened();
/// Returns the recorded sites.
std::vector<FaultSite> sites();
/// Empties oneDNN's primitive cache and disables it permanently.
void empty_caches();
/// Returns the number of live objects allocated by operator new in this process.
long n_live_objects();

}  // namespace fault_points
}  // namespace npuwhisper::test
