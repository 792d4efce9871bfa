// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "scripted_npu.h"

namespace npuwhisper::emu {

/// A program that uses the scripted array through real XRT, as any program uses an NPU. The
/// environment variable NPUWHISPER_TEST_XCLBIN names the xclbin that contains the image.
class XrtProgram {
 public:
  static std::string xclbin_path() {
    const char* path = std::getenv("NPUWHISPER_TEST_XCLBIN");
    return path == nullptr ? "" : path;
  }

  explicit XrtProgram(const std::string& path = xclbin_path())
      : xclbin_(path),
        uuid_(device_.register_xclbin(xclbin_)),
        context_(device_, uuid_),
        kernel_(context_, "MLIR_AIE") {}

  /// Returns a synced buffer with an instruction stream for the scripted array.
  xrt::bo instructions(scripted::Operation operation, std::uint32_t parameter = 0) {
    xrt::bo stream(device_, 8, XCL_BO_FLAGS_CACHEABLE, kernel_.group_id(1));
    stream.write(std::vector{static_cast<std::uint32_t>(operation), parameter}.data());
    stream.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    return stream;
  }

  xrt::bo buffer(std::size_t n_words) {
    return {device_, n_words * 4, XRT_BO_FLAGS_HOST_ONLY,
            static_cast<xrt::memory_group>(kernel_.group_id(3))};
  }

  xrt::run run(xrt::bo& stream, xrt::bo& from, xrt::bo& to) {
    xrt::run made(kernel_);
    made.set_arg(0, std::uint64_t{3});
    made.set_arg(1, stream);
    made.set_arg(2, std::uint32_t{2});
    made.set_arg(3, from);
    made.set_arg(4, to);
    return made;
  }

  xrt::device& device() { return device_; }
  const xrt::uuid& uuid() const { return uuid_; }
  xrt::hw_context& context() { return context_; }

 private:
  xrt::device device_{0};
  xrt::xclbin xclbin_;
  xrt::uuid uuid_;
  xrt::hw_context context_;
  xrt::kernel kernel_;
};

}  // namespace npuwhisper::emu
