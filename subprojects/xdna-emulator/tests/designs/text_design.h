// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "array/transaction.h"
#include "emulator/image.h"
#include "emulator/npu.h"

/// Executes designs in MLIR text from end to end. Reads, lowers and loads a design, then runs its
/// runtime sequence, or a given stream, on host buffers. XRT and the driver are not involved and
/// have their own tests.
namespace npuwhisper::emu::test {

using Words = std::vector<std::uint32_t>;

/// Fixture for tests that run on every array; GetParam() is the array's name.
class TextDesign : public ::testing::TestWithParam<const char*> {
 protected:
  /// Wraps `body` in an aie.device of the whole array and runs its sequence `n_runs` times on the
  /// same buffers. Returns the buffers' final contents. A refusal or a run that does not complete
  /// fails the test.
  static std::vector<Words> run(const std::string& body, std::vector<Words> buffers, int n_runs = 1,
                                std::vector<Image::Kernel> kernels = {});
  /// Returns the instructions of the body's sequence. A refusal fails the test.
  static std::vector<npu::Instruction> instructions(const std::string& body);
  /// Loads the body's design and runs `stream` once, instead of the body's own sequence.
  static RunOutcome run_stream(const std::string& body, const std::vector<npu::Instruction>& stream,
                               std::vector<Words> buffers);

 private:
  static std::string text_of(const std::string& body);
};

/// Returns `n` consecutive words, starting with `first`.
Words counting(std::size_t n, std::uint32_t first = 0);

/// Returns a core that forever takes objects of `n` words from the FIFO `from`, adds `added` to
/// each word and sends the objects through the FIFO `to`.
std::string adding_core(const std::string& tile, const std::string& from, const std::string& to,
                        int n, int added);

/// Returns a transfer of all `n` words of the host's `argument` to or from `fifo`. `extra` holds
/// further attributes.
std::string transfer(const std::string& argument, int n, const std::string& fifo, int id,
                     const std::string& extra = "");

/// Returns a runtime sequence that sends all `n_in` words of the first buffer to the FIFO (or
/// allocation) @in and receives the `n_out` words of the second buffer from @out.
std::string in_out_sequence(int n_in, int n_out);

}  // namespace npuwhisper::emu::test
