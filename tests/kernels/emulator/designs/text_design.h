// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "emulator/image.h"

/// Designs in text, executed from end to end: read, lowered, loaded, and their own runtime sequence
/// run on host buffers. Without XRT and the driver; those have tests of their own.
namespace npuwhisper::emu::test {

using Words = std::vector<std::uint32_t>;

/// For tests of every array; GetParam() is its name.
class TextDesign : public ::testing::TestWithParam<const char*> {
 protected:
  /// Runs the sequence of `body`, which stands in an aie.device of the whole array, `n_runs` times
  /// on the same buffers, and returns what they hold then. A refusal or a run that does not
  /// complete fails the test.
  static std::vector<Words> run(const std::string& body, std::vector<Words> buffers, int n_runs = 1,
                                std::vector<Image::Kernel> kernels = {});
};

/// `n` words from `first` on.
Words counting(std::size_t n, std::uint32_t first = 0);

/// A core that takes objects of `n` words from one FIFO for ever, and hands them on by another with
/// `added` in each word.
std::string adding_core(const std::string& tile, const std::string& from, const std::string& to,
                        int n, int added);

/// A transfer of the host's argument (all `n` words of it) to or from a FIFO; `extra`: attributes.
std::string transfer(const std::string& argument, int n, const std::string& fifo, int id,
                     const std::string& extra = "");

/// A runtime sequence that gives all `n_in` words of the first buffer to the FIFO (or allocation)
/// @in, and has the `n_out` words of the second one from @out.
std::string in_out_sequence(int n_in, int n_out);

}  // namespace npuwhisper::emu::test
