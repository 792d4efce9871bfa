// SPDX-License-Identifier: LGPL-2.1-or-later
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include <gtest/gtest.h>

#include "emulator/array/kernel_cycles.h"
#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kSouth{0, 2};
constexpr npu::TileId kCore{0, 3};
constexpr npu::TileId kNorth{0, 4};
constexpr npu::TileId kWest{0, 3};

Image::Kernel kernel(const std::string& name, const char* variable = "TEST_KERNEL") {
  const char* path = std::getenv(variable);
  EXPECT_NE(path, nullptr) << variable << " names no kernel object; run this through meson";
  std::ifstream file(path ? path : "", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  Image::Kernel object{name, {}};
  for (const char c : bytes) object.shared_object.push_back(static_cast<std::byte>(c));
  return object;
}

/// Returns a design with one core that runs `program` and finally releases lock 15, which run()
/// polls.
Design with_program(npu::TileId tile, Program program, std::vector<std::string> objects = {"k.o"}) {
  Design design;
  design.array = npu1();
  design.n_columns = 2;
  design.locks = {{"done", tile, 15, 0}};
  program.release(tile, 15, 1);
  design.cores = {{tile, program.end(), 1024, std::move(objects)}};
  return design;
}

RunOutcome run(Array& array, const Design& design, RunFault fault = RunFault::None) {
  HostMemory host;
  const npu::TileId tile = design.cores.front().tile;
  const std::uint32_t lock = npu::tile_address(tile, npu::lock_register(npu::TileKind::Core, 15));
  const npu::Instruction poll[] = {npu::MaskPoll{lock, 1, 0x3f}};
  return array.run(npu::encode(poll, *design.array, design.n_columns), {}, host, fault);
}

/// Runs the design once on a new array.
RunOutcome run_once(const Design& design, const std::vector<Image::Kernel>& kernels) {
  auto array = configured(design, kernels);
  return run(*array, design);
}

/// Makes the run fail if registers `a` and `b` differ. In this case, the program loads from an
/// address far beyond the memory.
Program& expect_equal(Program& program, int a, int b, ScalarType type = ScalarType::I32) {
  program.add({.op = CoreOp::Compare,
               .alu = Alu::Eq,
               .type = ScalarType::I1,
               .from = type,
               .result = 30,
               .a = a,
               .b = b});
  // The offset is 0 if the registers are equal, otherwise 1 MiB.
  program.constant(28, 0).constant(29, 1 << 20);
  program.add({.op = CoreOp::Select, .result = 31, .a = 30, .b = 28, .c = 29});
  program.address(27, kCore, 0);
  return program.load(29, 27, 31);
}

TEST(Kernel, AStackOverflowOverwritesTheBytesBehindTheStack) {
  Program program;
  program.call("count_calls", {}, 0).address(1, kCore, 1024).constant(2, 60).load(3, 1, 2);
  program.constant(4, static_cast<std::int32_t>(0xa5a5a5a5));
  expect_equal(program, 3, 4);
  const Design design = with_program(kCore, program);
  const std::vector<Image::Kernel> kernels = {kernel("k.o")};
  for (const auto& [fault, state] : {std::pair(RunFault::None, RunState::Error),
                                     std::pair(RunFault::StackOverflow, RunState::Completed)}) {
    auto array = configured(design, kernels);
    const RunOutcome outcome = run(*array, design, fault);
    EXPECT_EQ(outcome.state, state) << outcome.message;
  }
}

TEST(Kernel, RunsOnTheTilesMemory) {
  Program program;
  program.address(0, kCore, 0x100).address(1, kCore, 0x200).constant(2, 8).constant(3, -3);
  program.call("scale", {{0, true}, {1, true}, {2}, {3}});
  program.constant(4, 28).load(5, 1, 4).constant(6, -24);
  expect_equal(program, 5, 6);
  Design design = with_program(kCore, program);
  Buffer buffer{"in", kCore, 0x100, 32, {}};
  const auto data = counting(8);
  const auto bytes = std::as_bytes(std::span(data));
  buffer.initial.assign(bytes.begin(), bytes.end());
  design.buffers = {buffer};
  auto array = configured(design, std::vector{kernel("k.o")});
  const RunOutcome outcome = run(*array, design);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(array->counters().multiply_accumulates, 8U);
  EXPECT_EQ(array->counters().n_kernel_calls, 1U);
}

TEST(Kernel, TakesScalarsOfAllTypesAndReturnsOne) {
  Program program;
  program.constant(0, -5).constant(1, std::bit_cast<std::int32_t>(1.5F)).constant(2, 1000);
  program.constant(3, 0x3f80).constant(4, std::bit_cast<std::int32_t>(0.25F)).constant(5, 1);
  program.constant(6, -7).constant(7, 11).address(8, kCore, 0x40).constant(9, -300);
  program.call("mixed",
               {{0, false, ScalarType::I8},
                {1, false, ScalarType::F32},
                {2, false, ScalarType::Index},
                {3, false, ScalarType::Bf16},
                {4, false, ScalarType::F32},
                {5, false, ScalarType::I1},
                {6},
                {7},
                {8, true},
                {9, false, ScalarType::I16}},
               10, ScalarType::F32);
  const float sum = -5 + 1.5F + 1000 + 0x3f80 + 0.25F + 0.5F - 7 + 11;
  program.constant(11, std::bit_cast<std::int32_t>(sum));
  expect_equal(program, 10, 11);
  program.constant(12, 0).load(13, 8, 12, ScalarType::F32);
  program.constant(14, std::bit_cast<std::int32_t>(-300.0F) & 0xffffffff);
  expect_equal(program, 13, 14, ScalarType::I64);
  const RunOutcome outcome = run_once(with_program(kCore, program), {kernel("k.o")});
  EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
}

TEST(Kernel, EachCoreHasVariablesOfItsOwn) {
  Program program;
  program.call("count_calls", {}, 0).constant(1, 1);
  expect_equal(program, 0, 1);
  Design design = with_program(kCore, program);
  Program other;
  other.call("count_calls", {}, 0).call("count_calls", {}, 0);
  design.cores.push_back({kNorth, other.end(), 1024, {"k.o"}});
  EXPECT_EQ(run_once(design, {kernel("k.o")}).state, RunState::Completed);
  // A new context starts with new variables.
  EXPECT_EQ(run_once(design, {kernel("k.o")}).state, RunState::Completed);
}

TEST(Kernel, ControlRegistersAreTheCores) {
  Program program;
  program.constant(0, 12).call("set_rounding", {{0}}).call("get_rounding", {}, 1);
  expect_equal(program, 0, 1);
  program.call("core_id", {}, 2).constant(3, 3);
  expect_equal(program, 2, 3);
  EXPECT_EQ(run_once(with_program(kCore, program), {kernel("k.o")}).state, RunState::Completed);
}

TEST(Kernel, KnowsTheLoadWidthOfItsArray) {
  for (const auto& [name, width] : {std::pair{"npu1", 32}, {"npu2", 64}}) {
    Program program;
    program.call("load_bytes", {}, 0).constant(1, width);
    expect_equal(program, 0, 1);
    Design design = with_program(kCore, program);
    design.array = *npu::find_array(name);
    EXPECT_EQ(run_once(design, {kernel("k.o")}).state, RunState::Completed) << name;
  }
}

TEST(Kernel, ATrapEndsTheRun) {
  Program program;
  program.address(0, kCore, 0).call("stop", {{0, true}});
  const RunOutcome outcome = run_once(with_program(kCore, program), {kernel("k.o")});
  EXPECT_EQ(outcome.state, RunState::Error);
  EXPECT_EQ(outcome.message, "core of tile (0, 3), line 2: kernel 'stop': unaligned vector load");
}

TEST(Kernel, ReachesItsNeighboursMemory) {
  for (const npu::TileId tile : {kCore, kSouth, kNorth}) {
    Program program;
    program.address(0, tile, 0xffff).constant(1, 0).constant(2, 1);
    program.call("touch", {{0, true}, {1, false, ScalarType::Index}, {2}});
    EXPECT_EQ(run_once(with_program(kCore, program), {kernel("k.o")}).state, RunState::Completed);
  }
  // Column 0 is the western neighbour of column 1.
  Program program;
  const npu::TileId east{1, 3};
  program.address(0, kWest, 0).constant(1, 5).constant(2, 1);
  program.call("touch", {{0, true}, {1, false, ScalarType::Index}, {2}});
  EXPECT_EQ(run_once(with_program(east, program), {kernel("k.o")}).state, RunState::Completed);
}

TEST(Kernel, MayNotLeaveTheMemoryThatItReaches) {
  const auto touch = [](npu::TileId tile, std::int64_t offset, std::int64_t bytes) {
    Program program;
    program.address(0, tile, 0).constant(1, offset).constant(2, bytes);
    program.call("touch", {{0, true}, {1, false, ScalarType::Index}, {2}});
    const RunOutcome outcome = run_once(with_program(kCore, program), {kernel("k.o")});
    EXPECT_EQ(outcome.state, RunState::Error);
    return outcome.message;
  };
  const std::string where = "core of tile (0, 3), line 4: ";
  EXPECT_EQ(touch(kCore, 0xfffe, 4),
            where +
                "kernel 'touch': writes 4 bytes at 65534, past the end of the memory of tile "
                "(0, 3)");
  EXPECT_EQ(touch({1, 3}, 0, 4), where + "the core does not reach the memory of tile (1, 3)");
  EXPECT_NE(touch(kCore, -(std::int64_t{1} << 40), 4).find("not in the memory of this core"),
            std::string::npos);
}

TEST(Kernel, MayUseItsStackAndVariablesButNoOtherHostMemory) {
  Program program;
  program.call("touch_host", {});
  const RunOutcome outcome = run_once(with_program(kCore, program), {kernel("k.o")});
  EXPECT_EQ(outcome.state, RunState::Error);
  EXPECT_NE(outcome.message.find("reads 4 bytes at host address 0x1000"), std::string::npos)
      << outcome.message;
}

/// Two kernels block inside their calls. The first kernel waits for words from the stream and for
/// room in the cascade. The second kernel waits for values from the cascade and for room in the
/// stream.
TEST(Kernel, WaitsAtStreamsAndAtTheCascade) {
  constexpr std::uint32_t kValues = 40;
  const npu::TileId next{1, 3};
  Design design;
  design.array = npu1();
  design.n_columns = 2;
  design.routes = {{dma(kShim, 0), {core_port(kCore, 1)}, {}, false},
                   {{kCore, PortKind::Cascade, 0}, {{next, PortKind::Cascade, 0}}, {}, false},
                   {core_port(next, 0), {dma(kShim, 0)}, {}, false}};
  Program first;
  first.constant(0, kValues).call("stream_to_cascade", {{0}});
  Program second;
  second.constant(0, kValues).call("cascade_to_stream", {{0}});
  design.cores = {{kCore, first.end(), 1024, {"k.o"}}, {next, second.end(), 1024, {"k.o"}}};
  auto array = configured(design, std::vector{kernel("k.o")});
  HostMemory host;
  const std::uint32_t n = 16 * kValues;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(n));
  const std::uint64_t arguments[] = {host.add(counting(n)), to};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(n), 0).descriptor(kShim, 1, linear(n), 1);
  stream.push(kShim, true, 0, {0, 0, false}).push(kShim, false, 0, {1, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(host.words(to)[i], 2 * (i + 1)) << i;
  // The second kernel spends a thousand cycles on each value, and the first kernel waits meanwhile.
  EXPECT_GT(outcome.seconds * npu::kAie2Open.hertz,
            npu::kDispatchSeconds * npu::kAie2Open.hertz + 1000 * kValues);
  EXPECT_GT(array->counters().core_busy_cycles, 1000 * kValues);
  EXPECT_GT(array->counters().core_stall_cycles, 900 * kValues);
}

/// A kernel waits for a word that never arrives.
TEST(Kernel, ThatWaitsForEverIsADeadlock) {
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  design.routes = {{dma(kShim, 0), {core_port(kCore, 1)}, {}, false}};
  Program program;
  program.constant(0, 1).call("stream_to_cascade", {{0}});
  design.cores = {{kCore, program.end(), 1024, {"k.o"}}};
  auto array = configured(design, std::vector{kernel("k.o")});
  HostMemory host;
  const RunOutcome outcome = array->run(Stream(design).sync(kShim, true, 0).words(), {}, host);
  EXPECT_EQ(outcome.state, RunState::Hung);
  EXPECT_NE(outcome.message.find("core of tile (0, 3), line 2, waits for a word at tile (0, 3) "
                                 "core port 1"),
            std::string::npos)
      << outcome.message;
}

TEST(Kernel, IsFoundByItsSignatureToo) {
  Program program;
  program.constant(0, 30).constant(1, 12).constant(2, 42);
  program.call("add(int, int)", {{0}, {1}}, 3);
  expect_equal(program, 2, 3);
  EXPECT_EQ(run_once(with_program(kCore, program), {kernel("k.o")}).state, RunState::Completed);
}

TEST(Kernel, IsLookedForInItsOwnObject) {
  Program program;
  program.call("count_calls", {}, 0).call("count_calls", {}, 0).call("count_calls", {}, 1);
  program.constant(2, 2).constant(3, 1);
  expect_equal(program, 0, 2);
  expect_equal(program, 1, 3);
  Design design = with_program(kCore, program, {"a.o", "b.o"});
  const char* objects[] = {"a.o", "a.o", "b.o"};
  for (std::size_t i = 0; i < 3; ++i) design.cores[0].program.code[i].object = objects[i];
  EXPECT_EQ(run_once(design, {kernel("a.o"), kernel("b.o")}).state, RunState::Completed);
  design.cores[0].kernel_objects = {"a.o"};
  EXPECT_FALSE(Array::create(design, std::vector{kernel("a.o")}));
}

std::string refusal(const Design& design, const std::vector<Image::Kernel>& kernels) {
  auto array = Array::create(design, kernels);
  EXPECT_FALSE(array);
  return array ? "" : array.error().message;
}

TEST(Kernel, ObjectsAndFunctionsMustExist) {
  Program program;
  program.call("nothing", {});
  const Design design = with_program(kCore, program);
  EXPECT_EQ(refusal(design, {}),
            "the core of tile (0, 3) links kernel object 'k.o', which the image does not have");
  EXPECT_EQ(refusal(design, {kernel("k.o")}),
            "the core of tile (0, 3), line 1, calls 'nothing', which is not in its kernel objects "
            "'k.o'");
  Design without = design;
  without.cores[0].kernel_objects.clear();
  EXPECT_EQ(refusal(without, {}),
            "the core of tile (0, 3), line 1, calls 'nothing', which no kernel object defines: the "
            "core links none");
}

TEST(Kernel, ObjectsMustBeOnesForTheEmulatedNpu) {
  Program program;
  const Design design = with_program(kCore, program);
  EXPECT_EQ(refusal(design, {{"k.o", std::vector<std::byte>(100)}}),
            "kernel object 'k.o': not an ELF shared object");
  EXPECT_NE(refusal(design, {kernel("k.o", "TEST_KERNEL_STATELESS")})
                .find("it has no 'npuwhisper_core_state'"),
            std::string::npos);
  EXPECT_NE(refusal(design, {kernel("k.o", "TEST_KERNEL_UNIQUE")}).find("-fno-gnu-unique"),
            std::string::npos);
  Image::Kernel cut = kernel("k.o");
  cut.shared_object.resize(cut.shared_object.size() / 2);
  EXPECT_FALSE(Array::create(design, std::vector{cut}));
}

TEST(Kernel, CyclesAreThoseOfTheBusiestSlot) {
  NpuWhisperCoreState state;
  const npu::ArrayClock& npu1_clock = npu::kAie2Published;
  EXPECT_EQ(kernel_cycles(state, npu1_clock), npu::kCallCycles);
  state.loads = 2000;
  EXPECT_EQ(kernel_cycles(state, npu1_clock), npu::kCallCycles + 1000);
  state.vector_ops = 1500;
  EXPECT_EQ(kernel_cycles(state, npu1_clock), npu::kCallCycles + 1500);
  // A core's peak is 128 bf16 products per cycle. The model multiplies the peak by the best
  // published efficiency.
  state.macs_bf16 = 64 * 64 * 64;
  const double expected = 64.0 * 64 * 64 / 128 / (3.14 / 6.55);
  EXPECT_EQ(kernel_cycles(state, npu1_clock),
            npu::kCallCycles + static_cast<Cycles>(std::ceil(expected)));
  EXPECT_EQ(multiply_accumulates(state), 64U * 64 * 64);
  clear_counters(state);
  EXPECT_EQ(kernel_cycles(state, npu1_clock), npu::kCallCycles);
}

TEST(Kernel, OperationsOfOpenKernelsWaitForEachOther) {
  NpuWhisperCoreState state;
  const npu::ArrayClock& clock = npu::kAie2pOpen;
  state.vector_ops = 1500;
  EXPECT_EQ(kernel_cycles(state, clock), npu::kCallCycles + 1500 * npu::kDependentOpCycles);
  state.macs_bf16_by_bfp16 = 64 * 64 * 64;
  EXPECT_EQ(kernel_cycles(state, clock), npu::kCallCycles + 1500 * npu::kDependentOpCycles +
                                             static_cast<Cycles>(std::ceil(64 * 64 * 64 / 118.5)));
  state.loads = 40000;
  EXPECT_EQ(kernel_cycles(state, clock), npu::kCallCycles + 20000);
}

TEST(Kernel, TakesTheTimeOfItsCycles) {
  const auto seconds = [](std::int64_t n) {
    Program program;
    program.constant(0, 0).constant(1, n).call("work", {{0}, {1}});
    return run_once(with_program(kCore, program), {kernel("k.o")}).seconds;
  };
  // The work is int8 products on one core. The difference between the two times does not include
  // the dispatch. The tolerance covers the poll, which repeats every 200 cycles.
  const double expected = 1e8 / 80 / 1.6e9;
  EXPECT_NEAR(seconds(200'000'000) - seconds(100'000'000), expected, 300 / 1.6e9);
}

TEST(Kernel, HasTheClockThatTheEnvironmentNames) {
  const char text[] = R"(aie.device(npu1_1col) {
    %core = aie.tile(0, 3)
    %done = aie.lock(%core, 15) {init = 0 : i32}
    func.func private @work(i32, i32)
    aie.core(%core) {
      %int8 = arith.constant 0 : i32
      %n = arith.constant 100000000 : i32
      func.call @work(%int8, %n) : (i32, i32) -> ()
      aie.use_lock(%done, Release, 1)
      aie.end
    } {link_with = "k.o"}
  })";
  const auto image = serialize({"npu1", text, {kernel("k.o")}});
  const auto seconds = [&](const char* clock, const Npu::LoadOptions& options) {
    ::setenv("NPUWHISPER_EMULATOR_CLOCK", clock, 1);
    const auto npu = Npu::load(image, options);
    ::unsetenv("NPUWHISPER_EMULATOR_CLOCK");
    if (!npu) {
      ADD_FAILURE() << npu.error().message;
      return 0.0;
    }
    HostMemory host;
    const npu::Instruction poll[] = {npu::MaskPoll{
        npu::tile_address(kCore, npu::lock_register(npu::TileKind::Core, 15)), 1, 0x3f}};
    // The core works from the load on, during the dispatch of the run.
    return (*npu)->run(npu::encode(poll, (*npu)->array(), 1), {}, host).seconds;
  };
  const double open = seconds("open-kernels", {});
  EXPECT_NEAR(open, 1e8 / 80 / 1.6e9, 1e-6);
  EXPECT_EQ(seconds("", {}), open);
  EXPECT_NEAR(seconds("best-published", {}), 1e8 / (256 * 6.76 / 13.1) / 1.6e9, 1e-6);
  npu::ArrayClock slow = npu::kAie2Open;
  slow.hertz = 0.8e9;
  EXPECT_NEAR(seconds("best-published", {.clock = &slow}), 2 * open, 1e-6);
}

}  // namespace
}  // namespace npuwhisper::emu::test
