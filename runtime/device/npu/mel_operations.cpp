// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/mel_operations.h"

#include <cstring>
#include <string>

#include "audio/log_mel.h"
#include "audio/mel_filterbank.h"
#include "design/pack_panels.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu_device {
namespace {

constexpr int kSampleRate = 16000;
constexpr std::uint64_t kElement = 2;  // bytes of an int16 or a bf16

static_assert(npu::mel::kHopSamples == kHop && npu::mel::kFrameSamples == kFftSize);

std::uint64_t u64(int value) {
  return static_cast<std::uint64_t>(value);
}

}  // namespace

Result<MelOperations> make_mel_operations(const npu::DesignSpec& spec, int n_mels, int n_frames) {
  if (n_mels < 1 || n_frames < 1 || n_frames % spec.core_rows != 0) {
    return fail(ErrorCode::Unsupported,
                "log-mel on the array: found " + std::to_string(n_mels) + " mel bins and " +
                    std::to_string(n_frames) +
                    " frames, wanted at least one bin, and as many frames on each of " +
                    std::to_string(spec.core_rows) + " core rows");
  }
  const auto n_rows = npu::spectrum_rows(spec, n_frames);
  if (!n_rows) return fail(n_rows.error());
  const int columns = (n_mels + npu::core::kTile - 1) / npu::core::kTile * npu::core::kTile;
  const npu::HostMatrix power{kMelPower, 0, npu::mel::kSpectrumColumns};

  MelOperations mel;
  mel.n_mels = n_mels;
  mel.features = {kMelFeatures, 0, columns};
  mel.operations = {
      {"spectrum",
       npu::Spectrum{.n_frames = n_frames, .samples = {kMelSamples, 0, 0}, .power = power}},
      {"mel", npu::Product{.m = *n_rows,
                           .k = npu::mel::kSpectrumColumns,
                           .input = power,
                           .parts = {{.n = n_mels, .output = mel.features}},
                           .log_mel = true}}};
  for (int frame = 0; frame < n_frames; ++frame) {
    mel.rows.push_back(*npu::frame_row(spec, n_frames, frame));
  }
  mel.bytes[kMelPower] = kElement * u64(*n_rows) * u64(npu::mel::kSpectrumColumns);
  mel.bytes[kMelSamples] = kElement * (u64(n_frames - 1) * kHop + kFftSize);
  mel.bytes[kMelFeatures] = kElement * u64(*n_rows) * u64(columns);
  return mel;
}

Result<void> pack_mel(const MelOperations& mel, const npu::Plan& plan,
                      std::span<std::byte> packed) {
  const auto bank = MelFilterbank::create(mel.n_mels, kFftSize, kSampleRate);
  if (!bank) return fail(bank.error());
  constexpr std::size_t kColumns = npu::mel::kSpectrumColumns;
  std::vector<float> filters(static_cast<std::size_t>(mel.n_mels) * kColumns);
  for (int m = 0; m < mel.n_mels; ++m) {
    for (int bin = 0; bin < npu::mel::kBins; ++bin) {
      const auto column = static_cast<std::size_t>(npu::mel::real_column(bin));
      filters[static_cast<std::size_t>(m) * kColumns + column] = bank->weight(m, bin);
    }
  }
  const npu::Parameters parameters{.weights = {.f32 = filters}};
  if (auto done = npu::pack_panels(plan, 0, {}, packed); !done) return done;
  return npu::pack_panels(plan, 1, std::span(&parameters, 1), packed);
}

void read_features(const MelOperations& mel, std::span<const std::byte> features,
                   std::span<float> out) {
  const auto n_mels = static_cast<std::size_t>(mel.n_mels);
  const auto stride = static_cast<std::size_t>(mel.features.row_stride);
  float* to = out.data();
  for (const int row : mel.rows) {
    const std::byte* from = features.data() + kElement * static_cast<std::size_t>(row) * stride;
    for (std::size_t m = 0; m < n_mels; ++m) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, from + kElement * m, sizeof bits);
      *to++ = npu::from_bf16(bits);
    }
  }
}

}  // namespace npuwhisper::npu_device
