// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_design.h"

#include <cstring>
#include <numeric>
#include <span>

#include "emulator/lower.h"

namespace npuwhisper::emu::test {
namespace {

/// Buffers of the host, at addresses far apart.
class Buffers final : public DeviceMemory {
 public:
  explicit Buffers(std::vector<Words>& buffers) : buffers_(buffers) {}

  std::vector<std::uint64_t> addresses() const {
    std::vector<std::uint64_t> result;
    for (std::size_t i = 0; i < buffers_.size(); ++i) result.push_back(kFirst + kStep * i);
    return result;
  }

  std::span<std::byte> at(std::uint64_t address, std::size_t bytes) override {
    if (address < kFirst) return {};
    const std::size_t index = static_cast<std::size_t>((address - kFirst) / kStep);
    const std::size_t offset = static_cast<std::size_t>((address - kFirst) % kStep);
    if (index >= buffers_.size()) return {};
    const auto all = std::as_writable_bytes(std::span(buffers_[index]));
    if (offset > all.size() || bytes > all.size() - offset) return {};
    return all.subspan(offset, bytes);
  }

 private:
  static constexpr std::uint64_t kFirst = 0x1'0000'0000;
  static constexpr std::uint64_t kStep = 0x100'0000;
  std::vector<Words>& buffers_;
};

std::string number(int value) {
  return std::to_string(value);
}

}  // namespace

std::vector<Words> TextDesign::run(const std::string& body, std::vector<Words> buffers, int n_runs,
                                   std::vector<Image::Kernel> kernels) {
  const std::string array = GetParam();
  const std::string text = text_of(body);
  const auto design = lower(text);
  if (!design) {
    ADD_FAILURE() << design.error().message;
    return buffers;
  }
  auto npu = Npu::load(serialize({.array = array, .design = text, .kernels = std::move(kernels)}));
  if (!npu) {
    ADD_FAILURE() << npu.error().message;
    return buffers;
  }
  Buffers memory(buffers);
  for (int i = 0; i < n_runs; ++i) {
    const auto outcome =
        (*npu)->run(design->sequences.at(0).instructions, memory.addresses(), memory);
    EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
  }
  return buffers;
}

std::string TextDesign::text_of(const std::string& body) {
  return "module { aie.device(" + std::string(GetParam()) + ") {\n" + body + "\n} }";
}

std::vector<npu::Instruction> TextDesign::instructions(const std::string& body) {
  const auto design = lower(text_of(body));
  if (!design || design->sequences.empty()) {
    ADD_FAILURE() << (design ? "no sequence" : design.error().message);
    return {};
  }
  const auto decoded = npu::decode(design->sequences[0].instructions);
  EXPECT_TRUE(decoded);
  return decoded ? *decoded : std::vector<npu::Instruction>{};
}

RunOutcome TextDesign::run_stream(const std::string& body,
                                  const std::vector<npu::Instruction>& stream,
                                  std::vector<Words> buffers) {
  auto npu = Npu::load(serialize({.array = GetParam(), .design = text_of(body), .kernels = {}}));
  if (!npu) {
    ADD_FAILURE() << npu.error().message;
    return {};
  }
  const npu::ArrayModel& array = (*npu)->array();
  Buffers memory(buffers);
  return (*npu)->run(npu::encode(stream, array, array.n_columns), memory.addresses(), memory);
}

Words counting(std::size_t n, std::uint32_t first) {
  Words words(n);
  std::iota(words.begin(), words.end(), first);
  return words;
}

std::string adding_core(const std::string& tile, const std::string& from, const std::string& to,
                        int n, int added) {
  const std::string memory = "memref<" + number(n) + "xi32>";
  const std::string view = "!aie.objectfifosubview<" + memory + ">";
  return "aie.core(" + tile + R"() {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant )" +
         number(n) + R"( : index
    %forever = arith.constant 4294967295 : index
    %added = arith.constant )" +
         number(added) + R"( : i32
    scf.for %turn = %c0 to %forever step %c1 {
      %a = aie.objectfifo.acquire @)" +
         from + "(Consume, 1) : " + view + R"(
      %x = aie.objectfifo.subview.access %a[0] : )" +
         view + " -> " + memory + R"(
      %b = aie.objectfifo.acquire @)" +
         to + "(Produce, 1) : " + view + R"(
      %y = aie.objectfifo.subview.access %b[0] : )" +
         view + " -> " + memory + R"(
      scf.for %i = %c0 to %n step %c1 {
        %v = memref.load %x[%i] : )" +
         memory + R"(
        %w = arith.addi %v, %added : i32
        memref.store %w, %y[%i] : )" +
         memory + R"(
      }
      aie.objectfifo.release @)" +
         from + R"((Consume, 1)
      aie.objectfifo.release @)" +
         to + R"((Produce, 1)
    }
    aie.end
  }
)";
}

std::string transfer(const std::string& argument, int n, const std::string& fifo, int id,
                     const std::string& extra) {
  return "aiex.npu.dma_memcpy_nd(" + argument + "[0, 0, 0, 0][1, 1, 1, " + number(n) +
         "][0, 0, 0, 1]) {metadata = @" + fifo + ", id = " + number(id) + " : i64" + extra +
         "} : memref<" + number(n) + "xi32>\n";
}

std::string in_out_sequence(int n_in, int n_out) {
  return "aie.runtime_sequence(%a : memref<" + number(n_in) + "xi32>, %b : memref<" +
         number(n_out) + "xi32>) {\n" + transfer("%b", n_out, "out", 1) +
         transfer("%a", n_in, "in", 0) + "aiex.npu.dma_wait {symbol = @out} }";
}

}  // namespace npuwhisper::emu::test
