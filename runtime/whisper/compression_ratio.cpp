// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/compression_ratio.h"

#include <new>

#include <zlib.h>

namespace npuwhisper {

struct CompressionRatio::Stream {
  z_stream z{};
};

CompressionRatio::CompressionRatio(std::size_t max_bytes) : stream_(std::make_unique<Stream>()) {
  // With these constant arguments deflateInit() fails only for lack of memory.
  if (deflateInit(&stream_->z, Z_DEFAULT_COMPRESSION) != Z_OK) throw std::bad_alloc();
  compressed_.resize(deflateBound(&stream_->z, max_bytes));
}

CompressionRatio::~CompressionRatio() {
  deflateEnd(&stream_->z);
}

float CompressionRatio::operator()(std::string_view text) {
  if (text.empty()) return 0;
  z_stream& z = stream_->z;
  deflateReset(&z);
  const auto bound = deflateBound(&z, text.size());
  if (compressed_.size() < bound) compressed_.resize(bound);
  // zlib only reads the input.
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = compressed_.data();
  z.avail_out = static_cast<uInt>(compressed_.size());
  deflate(&z, Z_FINISH);
  return static_cast<float>(text.size()) / static_cast<float>(z.total_out);
}

}  // namespace npuwhisper
