// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// Which device runs the model. Auto takes an NPU where one is usable, else the CPU, and logs its choice.
enum class DeviceKind { Auto, Cpu, Npu };

/// Arithmetic of the model.
/// Auto: the fastest that keeps the text (16-bit encoder where the CPU multiplies bf16 natively,
/// else 32-bit; decoder weights in int8). F32: 32-bit arithmetic on the weights as the file stores them.
/// Bf16: encoder in bf16, decoder weights as the file stores them. Int8: encoder as Auto, decoder int8.
enum class Precision { Auto, F32, Bf16, Int8 };

NPUWHISPER_API std::string_view to_string(DeviceKind kind);
NPUWHISPER_API std::string_view to_string(Precision precision);
NPUWHISPER_API Result<DeviceKind> parse_device_kind(std::string_view text);
NPUWHISPER_API Result<Precision> parse_precision(std::string_view text);

/// What a device says about itself. An emulated device has "emulated" in its name.
struct DeviceInfo {
  DeviceKind kind = DeviceKind::Cpu;
  std::string name;                  ///< "AMD EPYC ... (avx512_bf16)", as a person would look for it.
  unsigned n_threads = 1;            ///< Host threads that the device computes with.
  std::vector<std::string> kernels;  ///< Kernel variants in use, "encoder.gemm: onednn bf16 avx512_core_bf16".
};

}  // namespace npuwhisper
