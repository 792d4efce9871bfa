// SPDX-License-Identifier: LGPL-2.1-or-later
// An input's first byte selects the content of the other bytes: an instruction stream for the
// emulated array, an image, or a command packet.
#include <array>
#include <cstring>
#include <vector>

#include "array/transaction.h"
#include "emulator/driver/packet.h"
#include "emulator/image.h"
#include "emulator/npu.h"
#include "harness.h"
#include "subprojects/xdna-emulator/tests/array/adding_design.h"

namespace npuwhisper::fuzz {
namespace {

constexpr std::uint64_t kInput = 0x4000'0000'0000;
constexpr std::uint64_t kOutput = 0x4000'0010'0000;

/// Two buffers of 64 words, allocated separately so that a sanitizer detects accesses beyond a
/// buffer.
class TwoBuffers final : public emu::DeviceMemory {
 public:
  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override {
    auto part = within(kInput, input_, address, bytes);
    return part.empty() ? within(kOutput, output_, address, bytes) : part;
  }

 private:
  static std::span<std::byte> within(std::uint64_t begin, std::vector<std::byte>& buffer,
                                     std::uint64_t address, std::size_t bytes) {
    if (address < begin || address - begin > buffer.size()) return {};
    const auto offset = static_cast<std::size_t>(address - begin);
    if (bytes > buffer.size() - offset) return {};
    return std::span(buffer).subspan(offset, bytes);
  }

  std::vector<std::byte> input_ = std::vector<std::byte>(256);
  std::vector<std::byte> output_ = std::vector<std::byte>(256);
};

std::vector<std::uint32_t> words_of(std::span<const std::byte> bytes) {
  std::vector<std::uint32_t> words(bytes.size() / sizeof(std::uint32_t));
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * sizeof words[0]);
  return words;
}

void run_stream(std::span<const std::byte> bytes) {
  const auto words = words_of(bytes);
  const auto decoded = npu::decode(words);
  if (!decoded) require(!decoded.error().message.empty(), "an error with a message");

  static const auto image =
      emu::serialize({.array = "npu1", .design = emu::test::kAddingDesign, .kernels = {}});
  auto array = emu::Npu::load(image);
  require(array.has_value(), "an array with the harness's design");
  TwoBuffers memory;
  constexpr std::array kArguments = {kInput, kOutput};
  const auto outcome = (*array)->run(words, kArguments, memory);
  require(outcome.state == emu::RunState::Completed || !outcome.message.empty(),
          "a message for a run that failed");
  require(decoded.has_value() || outcome.state == emu::RunState::Error,
          "an error for a stream that cannot be decoded");
}

void read_image(std::span<const std::byte> bytes) {
  const auto image = emu::parse_image(bytes);
  if (!image) {
    require(!image.error().message.empty(), "an error with a message");
    return;
  }
  const auto again = emu::parse_image(emu::serialize(*image));
  require(again.has_value(), "an image that can be written and read");
  // Skips images with kernels: glibc would load their shared objects, which may run any code.
  if (image->kernels.empty()) (void)emu::Npu::load(bytes);
}

void read_packet(std::span<const std::byte> bytes) {
  const auto words = words_of(bytes);
  (void)emu::packet_opcode(words);
  (void)emu::parse_run(words);
  (void)emu::parse_chain(words);
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  if (size == 0) return 0;
  const auto bytes = bytes_of(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_image(bytes);
      break;
    case 1:
      read_packet(bytes);
      break;
    default:
      run_stream(bytes);
  }
  return 0;
}
