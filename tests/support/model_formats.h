// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace npuwhisper::test {

/// A tensor for the writers below. All values must be representable in binary16.
struct RawTensor {
  std::vector<std::int64_t> dims;
  std::vector<float> values;
};
using RawTensors = std::map<std::string, RawTensor>;

/// The sizes of a model with Whisper's architecture that is small, but has the vocabulary of
/// openai/whisper's multilingual models.
struct SmallSizes {
  int n_mels = 80;
  int n_vocab = 51865;
  int n_audio_ctx = 1500;
  int n_state = 8;
  int n_head = 2;
  int n_audio_layer = 2;
  int n_text_ctx = 16;
  int n_text_layer = 3;
};

/// Returns the tensors of a model by the names of openai/whisper. The values depend on the names.
RawTensors small_whisper(const SmallSizes& sizes = {});

/// Returns the tensors by the names of transformers.
RawTensors hugging_face_names(const RawTensors& openai);

/// Returns a safetensors file. `type` is "F32" or "F16".
std::string safetensors_file(const RawTensors& tensors, std::string_view type);

/// Returns a config.json of transformers with the sizes that npuwhisper reads from it.
std::string hugging_face_config(const SmallSizes& sizes);

/// A member of a zip archive, and how the archive describes it.
struct ZipEntry {
  std::string name;
  std::string data;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
};
/// Returns a zip archive. The data is never compressed, even if `method` declares a compression. If
/// `zip64` is true, the archive has the records of large archives, as PyTorch writes them.
std::string zip_file(const std::vector<ZipEntry>& entries, bool zip64 = false);

/// Returns a file of torch.save() in f16. If `sizes` is not null, the file is a checkpoint of
/// OpenAI. Otherwise, it contains only a state dictionary.
std::string torch_file(const RawTensors& tensors, const SmallSizes* sizes);

/// Returns a file of whisper.cpp, with matrices in f16 and all other tensors in f32. `tokens` are
/// the bytes of the text tokens.
std::string ggml_file(const RawTensors& tensors, const SmallSizes& sizes,
                      const std::vector<std::string>& tokens);

/// Writes a file. Aborts the test program if that fails.
void write_bytes(const std::filesystem::path& file, std::string_view bytes);

}  // namespace npuwhisper::test
