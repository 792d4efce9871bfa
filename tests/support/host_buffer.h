// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/device.h"

namespace npuwhisper::test {

/// A buffer of a device that computes on the host. Nothing needs to be synchronised.
class HostBuffer final : public Buffer {
 public:
  explicit HostBuffer(std::size_t bytes) : bytes_(bytes) {}
  std::span<std::byte> host() override { return bytes_; }
  Result<void> sync_to_device() override { return {}; }
  Result<void> sync_from_device() override { return {}; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace npuwhisper::test
