// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/fault_script.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace npuwhisper::emu {
namespace {

constexpr std::array<std::pair<std::string_view, FaultKind>, 13> kKinds = {
    {{"error", FaultKind::Error},
     {"abort", FaultKind::Abort},
     {"timeout", FaultKind::Timeout},
     {"hang", FaultKind::Hang},
     {"lost", FaultKind::Lost},
     {"nothing", FaultKind::Nothing},
     {"task", FaultKind::Task},
     {"sync", FaultKind::Sync},
     {"stale", FaultKind::Stale},
     {"short", FaultKind::Short},
     {"stack", FaultKind::Stack},
     {"load", FaultKind::Load},
     {"dirty", FaultKind::Dirty}}};

bool is_of_load(FaultKind kind) {
  return kind == FaultKind::Load || kind == FaultKind::Dirty;
}

std::string names_of_kinds() {
  std::string names;
  for (const auto& [name, kind] : kKinds) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

std::optional<FaultKind> find_kind(std::string_view name) {
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view digits) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value == 0) return std::nullopt;
  return value;
}

}  // namespace

Result<FaultScript> FaultScript::parse(std::string_view text) {
  FaultScript script;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const auto malformed = [&](const std::string& why) {
      return fail(ErrorCode::InvalidArgument, "fault script '" + std::string(text) + "', part '" +
                                                  std::string(part) + "': " + why);
    };
    const std::size_t at = part.find('@');
    if (at == std::string_view::npos) return malformed("expected KIND@N, as in error@3");
    const auto kind = find_kind(part.substr(0, at));
    if (!kind) return malformed("the kind is none of " + names_of_kinds());
    const std::string_view range = part.substr(at + 1);
    const std::size_t dash = range.find('-');
    const auto first = parse_count(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_count(range.substr(dash + 1));
    if (!first || !last) return malformed("expected a number from 1 after @, or two as in 3-5");
    if (*last < *first) return malformed("the range ends before it begins");
    script.faults_.push_back({*kind, *first, *last});
    begin = end + 1;
  }
  return script;
}

std::optional<FaultKind> FaultScript::next_run() {
  const std::lock_guard lock(mutex_);
  return find(false, ++n_runs_);
}

std::optional<FaultKind> FaultScript::next_load() {
  const std::lock_guard lock(mutex_);
  return find(true, ++n_loads_);
}

std::optional<FaultKind> FaultScript::find(bool of_load, std::uint64_t n) const {
  for (const Fault& fault : faults_) {
    if (is_of_load(fault.kind) == of_load && fault.first <= n && n <= fault.last) return fault.kind;
  }
  return std::nullopt;
}

}  // namespace npuwhisper::emu
