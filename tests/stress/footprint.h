// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace npuwhisper::stress {

/// This process's use of system resources.
struct Footprint {
  std::size_t n_threads = 0;
  std::size_t n_descriptors = 0;
  std::size_t heap_bytes = 0;  ///< Heap in use, as counted by malloc, or 0 if malloc is replaced.

  static Footprint now();
  std::string describe() const;
};

/// Describes both footprints if any resource has grown beyond its tolerance. Otherwise returns
/// nullopt. The tolerances do not depend on the number of rounds between the two footprints.
/// `before` is the footprint after the warm-up.
std::optional<std::string> growth(const Footprint& before, const Footprint& now);

}  // namespace npuwhisper::stress
