// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace npuwhisper::test {

/// Library and system calls that can fail. The calls of this project's code and of oneDNN go
/// through replacements in this program (replaced_files.cpp, tests/support/replaced_*.cpp). A
/// replacement determines its call site and fails on demand.
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

/// The origin of a call: its return addresses within this project's libraries and oneDNN, innermost
/// first. Unused entries are null. Two calls with the same addresses belong to one site. Calls
/// that XRT or AMD's driver makes for this project also have sites, except allocations and threads.
/// The frames of these sites include addresses in XRT and the driver.
struct FaultSite {
  /// Maximum number of return addresses. Calls by XRT and the driver need more than 3.
  static constexpr std::size_t kFrames = 8;

  std::uint64_t id = 0;
  FaultKind kind = FaultKind::New;
  std::array<const void*, kFrames> frames{};
};

/// Records or fails calls of this process. record() and fail() take effect until stop(). Only
/// fails() may be called by several threads. A child process starts with the state that fork()
/// copied.
namespace fault_points {

/// Called by the replacements. Returns whether the current call of this kind in this thread must
/// fail. After record(), records the call's site instead. Thread-safe.
bool fails(FaultKind kind);

/// Locates this project's libraries and oneDNN in the process. The libraries must be loaded
/// already.
void find_libraries();
/// Starts recording each site that is called. Records only calls of `kind`, or of all kinds if
/// `kind` is not set.
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
