// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <span>
#include <stdexcept>

namespace npuwhisper {

/// Maps the bytes of a buffer for reading. The buffer must outlive this object. Not thread-safe.
class MappedBuffer {
 public:
  /// Throws std::runtime_error if the buffer cannot be mapped.
  explicit MappedBuffer(GstBuffer* buffer) : buffer_(buffer) {
    if (gst_buffer_map(buffer, &map_, GST_MAP_READ) == FALSE) {
      throw std::runtime_error("cannot map a buffer for reading");
    }
  }
  ~MappedBuffer() { gst_buffer_unmap(buffer_, &map_); }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;

  std::span<const std::uint8_t> bytes() const { return {map_.data, map_.size}; }

 private:
  GstMapInfo map_ = GST_MAP_INFO_INIT;
  GstBuffer* const buffer_;
};

}  // namespace npuwhisper
