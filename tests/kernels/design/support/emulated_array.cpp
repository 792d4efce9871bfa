// SPDX-License-Identifier: LGPL-2.1-or-later
#include "support/emulated_array.h"

#include <fstream>
#include <iterator>

#include "design/write_design.h"
#include "emulator/image.h"

namespace npuwhisper::npu {
namespace {

constexpr std::uint64_t kSpacing = std::uint64_t{1} << 32;

/// Host buffers at addresses far apart, so that an access beyond one buffer does not hit another.
class Buffers final : public emu::DeviceMemory {
 public:
  explicit Buffers(std::span<const std::span<std::byte>> buffers) : buffers_(buffers) {}

  std::vector<std::uint64_t> addresses() const {
    std::vector<std::uint64_t> result;
    for (std::size_t i = 0; i < buffers_.size(); ++i) result.push_back((i + 1) * kSpacing);
    return result;
  }
  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override {
    const std::uint64_t index = address / kSpacing;
    const std::uint64_t offset = address % kSpacing;
    if (index < 1 || index > buffers_.size()) return {};
    const auto buffer = buffers_[index - 1];
    if (offset > buffer.size() || bytes > buffer.size() - offset) return {};
    return buffer.subspan(offset, bytes);
  }

 private:
  std::span<const std::span<std::byte>> buffers_;
};

}  // namespace

Result<std::unique_ptr<EmulatedArray>> EmulatedArray::create(const DesignSpec& spec,
                                                             const char* object, const char* name,
                                                             const ArrayClock* clock) {
  return load(spec, write_design(spec, name), object, name, clock);
}

Result<std::unique_ptr<EmulatedArray>> EmulatedArray::load(const DesignSpec& spec,
                                                           const std::string& text,
                                                           const char* object, const char* name,
                                                           const ArrayClock* clock) {
  std::ifstream file(object, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, std::string("kernel object '") + object + "'");
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)),
                                std::istreambuf_iterator<char>());
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  const emu::Image image{.array = std::string(spec.array->name),
                         .design = text,
                         .kernels = {{name, {data, data + bytes.size()}}}};
  auto npu = emu::Npu::load(emu::serialize(image), {.clock = clock});
  if (!npu) return fail(npu.error());
  return std::unique_ptr<EmulatedArray>(new EmulatedArray(std::move(*npu)));
}

emu::RunOutcome EmulatedArray::run(const Plan& plan,
                                   std::span<const std::span<std::byte>> buffers) {
  return run(plan.stream(), buffers);
}

emu::RunOutcome EmulatedArray::run(std::span<const std::uint32_t> stream,
                                   std::span<const std::span<std::byte>> buffers) {
  Buffers memory(buffers);
  return npu_->run(stream, memory.addresses(), memory);
}

}  // namespace npuwhisper::npu
