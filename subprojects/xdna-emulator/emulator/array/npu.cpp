// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/npu.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "emulator/array/array.h"
#include "emulator/image.h"
#include "emulator/lower.h"

namespace npuwhisper::emu {
namespace {

class EmulatedNpu final : public Npu {
 public:
  explicit EmulatedNpu(std::unique_ptr<Array> array) : array_(std::move(array)) {}

  const npu::ArrayModel& array() const override { return array_->model(); }
  RunOutcome run(std::span<const std::uint32_t> instructions,
                 std::span<const std::uint64_t> arguments, DeviceMemory& memory,
                 RunFault fault) override {
    return array_->run(instructions, arguments, memory, fault);
  }
  Counters counters() const override { return array_->counters(); }
  Result<void> write_trace(const std::string& file, std::string_view device, int context) override {
    return array_->write_trace(file, device, context);
  }
  Result<void> write_occupancy(const std::string& file, std::string_view device) override {
    return array_->write_occupancy(file, device);
  }

 private:
  std::unique_ptr<Array> array_;
};

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// Returns the basis of the clock that NPUWHISPER_EMULATOR_CLOCK names.
Result<npu::Basis> basis_of_clock() {
  const char* given = std::getenv("NPUWHISPER_EMULATOR_CLOCK");
  const std::string_view name = given == nullptr || *given == '\0' ? "open-kernels" : given;
  if (name == "open-kernels") return npu::Basis::OpenKernels;
  if (name == "best-published") return npu::Basis::BestPublished;
  return fail(ErrorCode::InvalidArgument, "NPUWHISPER_EMULATOR_CLOCK is '" + std::string(name) +
                                              "', wanted 'open-kernels' or 'best-published'");
}

}  // namespace

Result<std::unique_ptr<Npu>> Npu::load(std::span<const std::byte> bytes,
                                       const LoadOptions& options) {
  auto image = parse_image(bytes);
  if (!image) return fail(image.error());
  auto design = lower(image->design, image->options);
  if (!design) return fail(design.error());
  if (!design->array || design->array->name != image->array) {
    return fail(ErrorCode::InvalidArgument,
                "the image is for array '" + image->array + "', but its design is for '" +
                    (design->array ? std::string(design->array->name) : "none") + "'");
  }
  const bool trace = is_set("NPUWHISPER_EMULATOR_TRACE") || is_set("NPUWHISPER_EMULATOR_OCCUPANCY");
  const auto basis = basis_of_clock();
  if (!basis) return fail(basis.error());
  const npu::ArrayClock& clock =
      options.clock ? *options.clock : npu::clock_of(design->array->generation, *basis);
  auto array = Array::create(*design, image->kernels,
                             {.clock = &clock, .trace = trace, .is_dirty = options.is_dirty});
  if (!array) return fail(array.error());
  return std::unique_ptr<Npu>(std::make_unique<EmulatedNpu>(std::move(*array)));
}

}  // namespace npuwhisper::emu
