// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/image.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace npuwhisper::emu {
namespace {

Image example() {
  return {"npu2",
          "module { aie.device(npu2) {} }\n",
          {{"gemm.o", {std::byte{1}, std::byte{2}, std::byte{0}}}, {"empty.o", {}}},
          {.device = "second", .allocation_scheme = "bank-aware"}};
}

TEST(Image, ComesBackAsItWas) {
  const auto bytes = serialize(example());
  const auto image = parse_image(bytes);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->array, "npu2");
  EXPECT_EQ(image->design, example().design);
  EXPECT_EQ(image->options.device, "second");
  EXPECT_EQ(image->options.allocation_scheme, "bank-aware");
  ASSERT_EQ(image->kernels.size(), 2U);
  EXPECT_EQ(image->kernels[0].name, "gemm.o");
  EXPECT_EQ(image->kernels[0].shared_object, example().kernels[0].shared_object);
  EXPECT_TRUE(image->kernels[1].shared_object.empty());
}

TEST(Image, TruncatedImagesAreRefused) {
  const auto bytes = serialize(example());
  // An image that is truncated at the end of a record is valid if it still contains the array and
  // the design. `whole` holds the sizes of these valid images.
  Image part = example();
  std::set<std::size_t> whole;
  for (const auto& drop :
       std::vector<void (*)(Image&)>{[](Image& image) { image.kernels.pop_back(); },
                                     [](Image& image) { image.kernels.pop_back(); },
                                     [](Image& image) { image.options.allocation_scheme.clear(); },
                                     [](Image& image) { image.options.device.clear(); }}) {
    drop(part);
    whole.insert(serialize(part).size());
  }
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto image = parse_image(std::span(bytes).first(n));
    EXPECT_EQ(image.has_value(), whole.contains(n)) << n;
  }
}

TEST(Image, NonImagesAreRefused) {
  auto bytes = serialize(example());
  EXPECT_NE(parse_image({}).error().message.find("not an image of the emulated NPU"),
            std::string::npos);
  bytes[16] = std::byte{9};
  EXPECT_EQ(parse_image(bytes).error().message, "image: found version 9, expected 1");
  bytes[0] = std::byte{'X'};
  EXPECT_FALSE(parse_image(bytes));
}

TEST(Image, LengthsBeyondTheEndAreRefused) {
  auto bytes = serialize(example());
  // Offset 20 is the first byte of the length of the first record's name. Offset 29 + 7 is the last
  // byte of the length of the record's content.
  for (const std::size_t at : {std::size_t{20}, std::size_t{29 + 7}}) {
    auto broken = bytes;
    broken[at] = std::byte{0xff};
    EXPECT_FALSE(parse_image(broken)) << at;
  }
}

TEST(Image, UnknownOrDoubleRecordsAreRefused) {
  const auto bytes = serialize(example());
  auto twice = bytes;
  // Appends the record "array" a second time.
  twice.insert(twice.end(), bytes.begin() + 20, bytes.begin() + 20 + 4 + 5 + 8 + 4);
  EXPECT_NE(parse_image(twice).error().message.find("unexpected record 'array'"),
            std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
