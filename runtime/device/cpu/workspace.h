// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "simd/aligned.h"

namespace npuwhisper::cpu {

/// Working memory that the executables of one device share, because only one executable runs at a
/// time. Each numbered area is as large as the largest request for it. Reentrant; require() may
/// move the area.
class Workspace {
 public:
  void require(std::size_t area, std::size_t n_bytes) {
    if (areas_.size() <= area) areas_.resize(area + 1);
    if (areas_[area].size() < n_bytes) areas_[area] = AlignedBytes(n_bytes);
  }
  std::byte* area(std::size_t i) const { return areas_[i].data(); }

 private:
  std::vector<AlignedBytes> areas_;
};

}  // namespace npuwhisper::cpu
