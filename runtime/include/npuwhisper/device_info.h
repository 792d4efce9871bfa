// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// The device that runs the model. Auto selects an NPU if one is usable, otherwise the CPU, and
/// logs its choice.
enum class DeviceKind { Auto, Cpu, Npu };

/// The arithmetic of the model:
///  - Auto: the fastest arithmetic with the same accuracy (its word error rate differs from that of
///    F32 by at most 0.1 percentage points). On an NPU, the encoder runs in bf16. On a CPU with
///    AVX-512 VNNI, the encoder's products with weights have int8 operands. The rest of the encoder
///    runs in bf16 if the CPU multiplies bf16 natively, otherwise in f32. Decoder weights are int8.
///  - F32: 32-bit arithmetic on the weights as the file stores them. An NPU does not support F32.
///  - Bf16: the encoder runs in bf16, on an NPU or on a CPU that multiplies bf16 natively. Decoder
///    weights stay as the file stores them.
///  - Int8: like Auto, but an encoder on the NPU has int8 weights.
/// Decoder products that run on the NPU always have bf16 weights.
enum class Precision { Auto, F32, Bf16, Int8 };

NPUWHISPER_API std::string_view to_string(DeviceKind kind);
NPUWHISPER_API std::string_view to_string(Precision precision);
NPUWHISPER_API Result<DeviceKind> parse_device_kind(std::string_view text);
NPUWHISPER_API Result<Precision> parse_precision(std::string_view text);

/// The description of a device. The name of an emulated device contains "emulated".
struct DeviceInfo {
  DeviceKind kind = DeviceKind::Cpu;
  std::string name;  ///< Product name that a user can search for: "AMD EPYC ... (avx512_bf16)".
  unsigned n_threads = 1;  ///< Number of host threads that compute for the device.
  /// Kernels in use, one entry for the encoder and one for the decoder, such as "encoder: oneDNN
  /// 3.5.3 avx512_core_bf16 bf16".
  std::vector<std::string> kernels;
};

}  // namespace npuwhisper
