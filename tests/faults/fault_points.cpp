// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fault_points.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>

#include <atomic>
#include <cstring>
#include <string_view>

#include "replaced_allocation.h"
#include "replaced_thread.h"

namespace npuwhisper::test {
namespace {

enum class Owner : std::uint8_t { Nobody, Ours, Between };

/// Executable code from `begin` to `end` in a library loaded at `base`.
struct Range {
  const char* base = nullptr;
  const char* begin = nullptr;
  const char* end = nullptr;
  Owner owner = Owner::Nobody;

  bool contains(const void* address) const { return address >= begin && address < end; }
};

enum class Mode : std::uint8_t { Off, Record, Fail };

constexpr int kDepth = 32;
constexpr std::size_t kMaxSites = 1U << 14;

std::array<Range, 32> ranges;
std::size_t n_ranges = 0;
// Hash table with open addressing. The key is the id. An entry with the id 0 is free.
std::array<FaultSite, kMaxSites> noted;
std::atomic_flag noted_lock = ATOMIC_FLAG_INIT;
std::atomic<Mode> mode{Mode::Off};
// If set, only calls of this kind are recorded, because backtraces are slow.
std::optional<FaultKind> wanted_kind;
std::uint64_t wanted = 0;
bool is_lasting = false;
std::atomic<bool> has_failed{false};
std::atomic<long> n_live{0};
// True while this thread looks up the site of a call. The unwinder and the loader allocate during
// that time, and their calls do not count.
thread_local bool is_inside = false;

Owner owner_of(std::string_view path, bool is_program) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const std::string_view ours : {"libnpuwhisper", "libgstnpuwhisper", "libdnnl"}) {
    if (name.starts_with(ours)) return Owner::Ours;
  }
  // This program, which holds the replacements, lies between the project's call and the system
  // call.
  if (is_program) return Owner::Between;
  for (const std::string_view between : {"libstdc++", "libc.so", "libgcc_s"}) {
    if (name.starts_with(between)) return Owner::Between;
  }
  return Owner::Nobody;
}

int add_ranges(dl_phdr_info* library, std::size_t, void*) {
  const Owner owner = owner_of(library->dlpi_name, library->dlpi_name[0] == '\0');
  if (owner == Owner::Nobody) return 0;
  for (int i = 0; i < library->dlpi_phnum && n_ranges < ranges.size(); ++i) {
    const auto& part = library->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    const char* begin = reinterpret_cast<const char*>(library->dlpi_addr + part.p_vaddr);
    const char* base = reinterpret_cast<const char*>(library->dlpi_addr);
    ranges[n_ranges++] = {base, begin, begin + part.p_memsz, owner};
  }
  return 0;
}

/// Returns the range that contains the address, or nullptr if the address is in no relevant
/// library.
const Range* range_of(const void* address) {
  for (std::size_t i = 0; i < n_ranges; ++i) {
    if (ranges[i].contains(address)) return &ranges[i];
  }
  return nullptr;
}

Owner owner_of(const void* address) {
  const Range* range = range_of(address);
  return range == nullptr ? Owner::Nobody : range->owner;
}

/// Returns whether the address is in XRT or AMD's driver. Uses dladdr(), because the ranges lack
/// the driver, which XRT loads when it looks for devices.
bool is_xrt(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 &&
         std::string_view(info.dli_fname).find("/libxrt") != std::string_view::npos;
}

/// Returns a number for the address. The number is the same in each run, and does not depend on
/// where libraries are loaded.
std::uint64_t place_of(const void* address) {
  const auto place = [&](std::ptrdiff_t library, const void* base) {
    return (static_cast<std::uint64_t>(library) << 40) +
           static_cast<std::uint64_t>(static_cast<const char*>(address) -
                                      static_cast<const char*>(base));
  };
  if (const Range* range = range_of(address)) return place(range - ranges.data(), range->base);
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0) return 0;
  return place(std::ssize(ranges), info.dli_fbase);
}

/// Returns whether the address is in g_thread_new(). GLib aborts the program if that function
/// cannot start its thread.
bool is_fatal_in_glib(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 && info.dli_sname != nullptr &&
         std::strcmp(info.dli_sname, "g_thread_new") == 0;
}

/// Returns whether calls of this kind count when XRT issues them on behalf of this project. XRT's
/// allocations and threads do not count.
bool counts_in_xrt(FaultKind kind) {
  return kind == FaultKind::Open || kind == FaultKind::Read || kind == FaultKind::Map ||
         kind == FaultKind::EventDescriptor || kind == FaultKind::Device;
}

/// Returns the site of this thread's current call, or a site with id 0 if the call does not count.
FaultSite this_site(FaultKind kind) {
  constexpr std::size_t kOurFrames = 3;
  std::array<void*, kDepth> stack{};
  const auto n = static_cast<std::size_t>(backtrace(stack.data(), kDepth));
  // GStreamer starts the threads of this project's pad tasks. Other indirect calls do not count,
  // except calls that XRT issues.
  const bool may_be_indirect = kind == FaultKind::Thread;
  FaultSite site{.kind = kind};
  std::size_t n_frames = 0, n_ours = 0;
  for (std::size_t i = 0; i < n && n_frames < site.frames.size() && n_ours < kOurFrames; ++i) {
    const Owner owner = owner_of(stack[i]);
    if (owner == Owner::Ours) {
      site.frames[n_frames++] = stack[i];
      ++n_ours;
    } else if (owner == Owner::Nobody && n_ours == 0 && counts_in_xrt(kind) && is_xrt(stack[i])) {
      site.frames[n_frames++] = stack[i];
    } else if (n_frames == 0 && owner == Owner::Nobody) {
      if (!may_be_indirect || is_fatal_in_glib(stack[i])) return {};
    }
  }
  if (n_frames == 0) return {};
  std::uint64_t id = static_cast<std::uint64_t>(kind) + 1;
  for (const void* frame : site.frames) {
    id = (id ^ place_of(frame)) * 0x9E3779B97F4A7C15ULL;
    id ^= id >> 29;
  }
  site.id = id == 0 ? 1 : id;
  return site;
}

void note(const FaultSite& site) {
  while (noted_lock.test_and_set(std::memory_order_acquire)) {
  }
  std::size_t i = site.id % kMaxSites;
  std::size_t n_tried = 0;
  while (noted[i].id != 0 && noted[i].id != site.id && n_tried++ < kMaxSites) {
    i = (i + 1) % kMaxSites;
  }
  if (noted[i].id == 0) noted[i] = site;
  noted_lock.clear(std::memory_order_release);
}

}  // namespace

const char* to_string(FaultKind kind) {
  constexpr std::array<const char*, 8> kNames = {"new",  "memory", "thread",           "open",
                                                 "read", "map",    "event-descriptor", "device"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool allows(Allocation function, const void* /*caller*/) {
  constexpr std::array kKinds = {FaultKind::New, FaultKind::Memory, FaultKind::Map};
  if (fault_points::fails(kKinds[static_cast<std::size_t>(function)])) return false;
  if (function == Allocation::New) n_live.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void note_release(Allocation function, const void* /*memory*/) {
  if (function == Allocation::New) n_live.fetch_sub(1, std::memory_order_relaxed);
}

bool allows_thread() {
  return !fault_points::fails(FaultKind::Thread);
}

namespace fault_points {

bool fails(FaultKind kind) {
  const Mode now = mode.load(std::memory_order_acquire);
  if (now == Mode::Off || is_inside || (wanted_kind && kind != *wanted_kind)) return false;
  is_inside = true;
  const FaultSite site = this_site(kind);
  bool result = false;
  if (site.id != 0 && now == Mode::Record) note(site);
  if (site.id != 0 && now == Mode::Fail && site.id == wanted) {
    result = !has_failed.exchange(true) || is_lasting;
  }
  is_inside = false;
  return result;
}

void find_libraries() {
  n_ranges = 0;
  dl_iterate_phdr(add_ranges, nullptr);
  std::array<void*, 4> stack{};
  backtrace(stack.data(), static_cast<int>(stack.size()));  // Loads the unwinder.
}

void record(std::optional<FaultKind> kind) {
  noted = {};
  wanted_kind = kind;
  mode = Mode::Record;
}

void fail(const FaultSite& site, bool lasts) {
  wanted_kind = site.kind;
  wanted = site.id;
  is_lasting = lasts;
  has_failed = false;
  mode = Mode::Fail;
}

void stop() {
  mode = Mode::Off;
}

bool happened() {
  return has_failed;
}

std::vector<FaultSite> sites() {
  std::vector<FaultSite> found;
  for (const FaultSite& site : noted) {
    if (site.id != 0) found.push_back(site);
  }
  return found;
}

void empty_caches() {
  const auto empty = [](dl_phdr_info* library, std::size_t, void*) {
    if (std::string_view(library->dlpi_name).find("libdnnl") == std::string_view::npos) return 0;
    void* onednn = dlopen(library->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
    void* function =
        onednn == nullptr ? nullptr : dlsym(onednn, "dnnl_set_primitive_cache_capacity");
    if (function != nullptr) reinterpret_cast<int (*)(int)>(function)(0);
    return 1;
  };
  dl_iterate_phdr(empty, nullptr);
}

long n_live_objects() {
  return n_live;
}

}  // namespace fault_points
}  // namespace npuwhisper::test
