// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace npuwhisper::stress {

/// How much of the system this process uses.
struct Footprint {
  std::size_t n_threads = 0;
  std::size_t n_descriptors = 0;
  std::size_t heap_bytes = 0;  ///< In use, by malloc's own count; 0 where malloc is replaced.

  static Footprint now();
  std::string describe() const;
};

/// What of `now` is more than `before` by more than what may be left by chance, in words; nullopt:
/// nothing. The bounds do not depend on how many rounds lie between the two.
std::optional<std::string> growth(const Footprint& before, const Footprint& now);

}  // namespace npuwhisper::stress
