// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Replaces the array in tests of the driver. Npu::load() accepts images that begin with
// "scripted npu1" or "scripted npu2". An instruction stream consists of a few words that specify
// the operation of the run (scripted_npu.h).
#include "scripted_npu.h"

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "emulator/npu.h"

namespace npuwhisper::emu {
namespace {

using scripted::Operation;

class ScriptedNpu final : public Npu {
 public:
  explicit ScriptedNpu(const npu::ArrayModel& array) : array_(array) {}

  const npu::ArrayModel& array() const override { return array_; }
  Counters counters() const override { return counters_; }
  Result<void> write_trace(const std::string&, std::string_view, int) override { return {}; }
  Result<void> write_occupancy(const std::string&, std::string_view) override { return {}; }

  RunOutcome run(std::span<const std::uint32_t> instructions,
                 std::span<const std::uint64_t> arguments, DeviceMemory& memory,
                 RunFault) override {
    ++counters_.n_runs;
    counters_.n_instructions += instructions.size();
    counters_.seconds += 0.001;
    if (instructions.empty()) return failed("no instructions");
    switch (static_cast<Operation>(instructions[0])) {
      case Operation::AddOne:
        return add_one(instructions, arguments, memory);
      case Operation::Fail:
        return failed("the script says so");
      case Operation::Hang:
        return {.state = RunState::Hung, .message = "the script says so"};
      case Operation::Sleep:
        std::this_thread::sleep_for(std::chrono::milliseconds(instructions[1]));
        return {};
      case Operation::Count:
        return count(arguments, memory);
    }
    return failed("no operation " + std::to_string(instructions[0]));
  }

 private:
  static RunOutcome failed(std::string message) {
    return {.state = RunState::Error, .message = std::move(message)};
  }

  RunOutcome add_one(std::span<const std::uint32_t> instructions,
                     std::span<const std::uint64_t> arguments, DeviceMemory& memory) {
    const std::size_t n = instructions[1];
    const auto from = memory.at(arguments[0], n * 4);
    const auto to = memory.at(arguments[1], n * 4);
    if (from.empty() || to.empty()) return failed("an argument is not inside one buffer");
    for (std::size_t i = 0; i < n; ++i) {
      std::uint32_t value;
      std::memcpy(&value, from.data() + 4 * i, 4);
      ++value;
      std::memcpy(to.data() + 4 * i, &value, 4);
    }
    counters_.bytes_from_host += n * 4;
    counters_.bytes_to_host += n * 4;
    return {};
  }

  RunOutcome count(std::span<const std::uint64_t> arguments, DeviceMemory& memory) {
    const auto to = memory.at(arguments[0], 4);
    if (to.empty()) return failed("an argument is not inside one buffer");
    ++state_;
    std::memcpy(to.data(), &state_, 4);
    return {};
  }

  const npu::ArrayModel& array_;
  Counters counters_;
  std::uint32_t state_ = 0;
};

}  // namespace

Result<std::unique_ptr<Npu>> Npu::load(std::span<const std::byte> image, const LoadOptions&) {
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  constexpr std::string_view kMagic = "scripted ";
  if (!text.starts_with(kMagic)) {
    return fail(ErrorCode::InvalidArgument, "this is not a scripted image");
  }
  const auto array = npu::find_array(text.substr(kMagic.size(), 4));
  if (!array) return fail(array.error());
  return std::unique_ptr<Npu>(std::make_unique<ScriptedNpu>(**array));
}

}  // namespace npuwhisper::emu
